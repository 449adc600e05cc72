"""Tones, ringer and volume through ALSA. The only importer of ``alsaaudio``."""

from __future__ import annotations

import ctypes
import errno
import functools
import logging
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alsaaudio

from firmware.phone.audio import countries, melodies, tones
from firmware.phone.audio.melodies import MELODIES, SIGNALS, Melody, Sound, Speech, louder
from firmware.phone.audio.player import LASTING_S, LoopPlayer, Rendered
from firmware.phone.audio.volume import Volumes, decibels, shared
from firmware.phone.clock import Clock, SystemClock
from firmware.phone.errors import HardwareError
from firmware.phone.pulse import Pulse
from firmware.phone.values import Loudspeaker, Tone

log = logging.getLogger("sottovoce.audio")

NULL = "null"
"""The PCM name that means: no sound, nothing is opened."""

CARDS = Path("/dev/snd")

CONTROLS = ("Master", "PCM", "Headphone", "Speaker", "Playback", "Digital")
"""Mixer controls in the order in which they are tried; then any that has a playback volume."""

LEAST_RANGE_DB = 6.0
"""A control that goes over less is left as it is."""

SOFTEST_CDB = 6000
"""Hundredths of a dB below which a control is as good as mute."""

XRUN = (-errno.EPIPE, -errno.ESTRPIPE)
"""What ``write`` returns after an underrun or a suspend; the library has made the PCM ready again."""

_say_nothing = ctypes.CDLL(None).getpid
"""libasound prints lines to stderr for each failed open; ours go to the log, once for each change. This is
called instead, and looks at no argument: a function in Python would need code that is made at run time, which
the unit forbids (MemoryDenyWriteExecute)."""


class AlsaAudio:
    """The ``Audio`` of a board with ALSA. Each PCM is opened while it sounds and closed after."""

    def __init__(
        self,
        playback: str,
        ringer: str,
        mixer: str,
        country: str,
        rate: int = 16000,
        period_ms: int = 20,
        periods: int = 8,
        clock: Clock | None = None,
        on_trouble: Callable[[Loudspeaker, str], None] = lambda loudspeaker, trouble: None,
        cards: Path = CARDS,
        melody: str = melodies.COUNTRY,
        pulse: Callable[[str], Pulse] = lambda name: Pulse(),
    ) -> None:
        """Prepare, not open.

        Args:
            playback: PCM name of the handset, or "null".
            ringer: PCM name of the ringer, or "null"; may be the same.
            mixer: name of the ALSA control device.
            country: ISO 3166-1 code or "default" (``countries.COUNTRIES``).
            on_trouble: hears, from a thread of its own, why a device gives no sound, and "" when it does.
            cards: folder whose entries come and go with the cards.
            melody: what is made ready to ring with, so that it rings at once.
            pulse: makes the sign of life of the thread of a loudspeaker.
        """
        self._country = countries.country(country)
        self._mixer = mixer
        self._period = rate * period_ms // 1000
        self._periods = periods
        self._rate = rate
        self._clock = clock or SystemClock()
        self._on_trouble = on_trouble
        self._cards = cards
        self._lent = False
        self._volumes = Volumes()
        self._missing = dict.fromkeys(Loudspeaker, 0.0)
        self._toning: Tone | None = None
        self._ringing = False
        self._melody = melody
        self._pulse = pulse
        self._xruns = 0
        self._render = functools.lru_cache(maxsize=len(Tone) + 1)(self._rendered)
        self._handset = self._player(Loudspeaker.HANDSET, playback, self._country.dial)
        self._ringer = self._player(Loudspeaker.RINGER, ringer, self._ring_sound(melody))

    def start(self) -> None:
        _hush()
        for player in self._players():
            player.start()

    def tone(self, tone: Tone | None) -> None:
        if self._handset is None:
            return
        self._toning = tone
        if tone is None:
            self._handset.silence()
        else:
            self._handset.play(louder(self._country.tone(tone), self._mix(Loudspeaker.HANDSET)))

    def ring(self, on: bool, melody: str = melodies.COUNTRY) -> None:
        if self._ringer is None:
            return
        if self._ringing and melody != self._melody:
            self._ringer.silence()  # another one may take a while to be made ready, and must not hold the PCM
        self._ringing, self._melody = on, melody
        if on:
            self._ringer.play(louder(self._ring_sound(melody), self._mix(Loudspeaker.RINGER)))
        else:
            self._ringer.silence()

    def _ring_sound(self, melody: str) -> Sound:
        return (MELODIES | SIGNALS).get(melody, self._country.ringer)

    def speak(self, samples: bytes, aloud: bool) -> None:
        player, busy = (self._ringer, self._ringing) if aloud else (self._handset, bool(self._toning))
        if player is None or busy or (self._lent and not aloud):
            return
        if samples:
            of = Loudspeaker.RINGER if aloud else Loudspeaker.HANDSET
            player.play(louder(Speech(samples), self._mix(of)))
        else:
            player.silence()

    def lend(self, lent: bool) -> None:
        self._lent = lent
        if self._handset is None:
            return
        if lent:
            self._handset.silence()
        else:
            self._handset.probe(LASTING_S)  # by then the voice has let go

    def volumes(self, volumes: Volumes) -> float:
        self._volumes = volumes
        if self._ringing:
            self.ring(True, self._melody)
            return self._missing[Loudspeaker.HANDSET]
        missing = self._mix(Loudspeaker.HANDSET)
        if self._handset is not None:
            self._handset.prepare(louder(self._country.dial, missing))
        if self._toning is not None:
            self.tone(self._toning)
        return missing

    def _mix(self, loudspeaker: Loudspeaker) -> float:
        """Set the mixer for what is to sound now. Returns the dB that the samples have to be louder."""
        wanted = decibels(loudspeaker, self._volumes.step(loudspeaker))
        try:
            missing = _set_level(self._mixer, wanted)
        except alsaaudio.ALSAAudioError as error:
            log.debug("mixer %s: %s", self._mixer, error)
            missing = wanted
        self._missing[loudspeaker] = missing
        return missing

    @property
    def xruns(self) -> int:
        """How often a tone or the ringer had a gap because the card was not fed in time."""
        return self._xruns

    def _xrun(self) -> None:
        self._xruns += 1

    @property
    def trouble(self) -> str:
        """Why there is no sound, even if only since a moment; "" = no trouble known."""
        return next((player.trouble for player in self._players() if player.trouble), "")

    def stop(self) -> None:
        for player in self._players():
            player.stop()

    def _players(self) -> list[LoopPlayer]:
        return [player for player in (self._handset, self._ringer) if player]

    def _in_use(self, loudspeaker: Loudspeaker) -> bool:
        """Whether the voice or the other loudspeaker has a PCM, which may be of the same card."""
        other = self._ringer if loudspeaker is Loudspeaker.HANDSET else self._handset
        return self._lent or (other is not None and other.has_pcm)

    def _player(self, loudspeaker: Loudspeaker, pcm: str, first: Sound) -> LoopPlayer | None:
        if pcm == NULL:
            return None
        opening = functools.partial(_open, pcm, self._rate, self._period, self._periods, self._xrun)
        period_s = self._period / self._rate
        lead = max(1, self._periods // 2)
        return LoopPlayer(
            loudspeaker.value,
            opening,
            lambda sound: self._rendered(sound) if isinstance(sound, Speech) else self._render(sound),
            self._period,
            period_s,
            lead,
            self._clock,
            functools.partial(self._on_trouble, loudspeaker),
            functools.partial(self._in_use, loudspeaker),
            _Replugged(self._cards),
            first,
            self._pulse(f"the sound of the {loudspeaker.value}"),
        )

    def _rendered(self, sound: Sound) -> Rendered:
        if isinstance(sound, Speech):
            return Rendered(sound.samples + bytes(2 * self._rate), len(sound.samples))
        if isinstance(sound, Melody):
            parts = [array("h"), melodies.samples(sound, self._rate)]
        else:
            parts = [tones.lead(sound, self._rate), tones.samples(sound, self._rate)]
        for part in parts:
            if sys.byteorder == "big":
                part.byteswap()
        lead, loop = (part.tobytes() for part in parts)
        return Rendered(lead + loop, len(lead))


class _Replugged:
    """Says, each time it is called, whether entries of a folder have come or gone since the last time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._look()

    def __call__(self) -> bool:
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> int | None:
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:  # no card at all
            return None


class _AlsaPcm:
    """An open PCM in non-blocking mode."""

    def __init__(self, name: str, pcm: alsaaudio.PCM, xrun: Callable[[], None]) -> None:
        self._name = name
        self._pcm = pcm
        self._xrun = xrun

    def write(self, data: bytes) -> int:
        try:
            taken = int(self._pcm.write(data))
        except alsaaudio.ALSAAudioError as error:
            raise _trouble(self._name, error) from error
        if taken in XRUN:
            self._xrun()
            return 0
        if taken < 0:
            raise HardwareError(f'PCM "{self._name}" failed (error {-taken}); it is opened again')
        return taken

    def close(self) -> None:
        for end in (self._pcm.drop, self._pcm.close):
            try:
                end()
            except alsaaudio.ALSAAudioError as error:  # the card is gone, there is nothing left to close
                log.debug("%s: %s", self._name, error)


def _open(name: str, rate: int, period: int, periods: int, xrun: Callable[[], None]) -> _AlsaPcm:
    """Open a PCM without waiting for whoever holds it.

    Raises:
        HardwareError: missing, busy, or of another form.
    """
    try:
        pcm = alsaaudio.PCM(
            alsaaudio.PCM_PLAYBACK,
            alsaaudio.PCM_NONBLOCK,
            device=name,
            rate=rate,
            channels=1,
            format=alsaaudio.PCM_FORMAT_S16_LE,
            periodsize=period,
            periods=periods,
        )
    except alsaaudio.ALSAAudioError as error:
        raise _trouble(name, error) from error
    opened = _AlsaPcm(name, pcm, xrun)
    form = pcm.info()
    if (form["rate"], form["channels"], form["format"]) != (rate, 1, alsaaudio.PCM_FORMAT_S16_LE):
        opened.close()
        raise HardwareError(f'PCM "{name}" does not take {rate} Hz mono; "plughw:" makes ALSA convert')
    return opened


def microphone_trouble(name: str) -> str:
    """Why nobody could be heard, or "". The PCM is opened and closed, never started: nothing is recorded.

    One that is in use is there.
    """
    _hush()
    form = alsaaudio.PCM_FORMAT_S16_LE
    try:
        alsaaudio.PCM(
            alsaaudio.PCM_CAPTURE, alsaaudio.PCM_NONBLOCK, device=name, rate=16000, channels=1, format=form
        ).close()
    except alsaaudio.ALSAAudioError as error:
        return "" if "busy" in str(error) else f'PCM "{name}": {error}; "arecord -L" lists the names'
    return ""


def _trouble(name: str, error: Exception) -> HardwareError:
    text = str(error)
    if "busy" in text:
        return HardwareError(f'PCM "{name}" is in use by another program; it is taken when that lets go')
    return HardwareError(f'PCM "{name}": {text}; "aplay -L" lists the names')


def _set_level(device: str, wanted_db: float) -> float:
    """Set the first control that has a playback volume in dB, and switch it on. Returns the dB it lacks."""
    names = alsaaudio.mixers(device=device)
    for name in sorted(names, key=lambda name: CONTROLS.index(name) if name in CONTROLS else len(CONTROLS)):
        control = alsaaudio.Mixer(control=name, device=device)
        try:
            if "Playback Volume" not in control.volumecap():
                continue
            low, high = _range_db(control)
            if high - low < LEAST_RANGE_DB:
                continue
            level, missing = shared(wanted_db, low, high)
            control.setvolume(
                round(100 * level), pcmtype=alsaaudio.PCM_PLAYBACK, units=alsaaudio.VOLUME_UNITS_DB
            )
            if "Playback Mute" in control.switchcap():
                control.setmute(0)
            return missing
        finally:
            control.close()
    return wanted_db


def _range_db(control: Any) -> tuple[float, float]:
    """From the softest to the loudest level; (0, 0) for a control that does not know its dB."""
    try:
        low, high = control.getrange(pcmtype=alsaaudio.PCM_PLAYBACK, units=alsaaudio.VOLUME_UNITS_DB)
    except alsaaudio.ALSAAudioError:
        return 0.0, 0.0
    return max(low, -SOFTEST_CDB) / 100, high / 100


@functools.cache
def _hush() -> None:
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_say_nothing)
    except (OSError, AttributeError) as error:
        log.debug("libasound goes on printing: %s", error)
