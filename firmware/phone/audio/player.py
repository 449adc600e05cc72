"""Plays one sound for ever on one PCM, in a thread of its own, whatever the PCM does. Knows no sound library.

The PCM is never written to in blocking mode: the thread writes what fits, then waits for half a period or
for a new wish, whichever comes first. So silence needs no more time than dropping the buffer, and a PCM
without pace of its own (ALSA's ``null`` and ``file``) cannot make the thread spin.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from firmware.phone.audio.melodies import Sound
from firmware.phone.clock import Clock
from firmware.phone.errors import HardwareError
from firmware.phone.pulse import Pulse

log = logging.getLogger("sottovoce.audio")

FRAME = 2
"""Bytes: 16 bits, mono."""
QUICK_RETRY_S, SLOW_RETRY_S, QUICK_FOR_S = 0.1, 2.0, 10.0
PROBE_EVERY_S = 5.0
"""Seconds between two looks at a PCM that nothing is to be played on, while it is in trouble."""
LASTING_S = 1.0
"""A failure is told when it has lasted so long: a PCM is busy for a moment when its owner changes."""
SILENCE_S = 0.2
"""``silence`` waits at most so long for the PCM to be closed."""
STALL_S = 2.0
"""A PCM that takes nothing for so long is given up and opened again."""


class Pcm(Protocol):
    """An open playback device: 16-bit mono."""

    def write(self, data: bytes) -> int:
        """Frames taken, 0 when the buffer is full. Raises ``HardwareError`` when the device is gone."""
        ...

    def close(self) -> None:
        """Drop what is not yet heard and close. Never raises."""
        ...


def retry_delay(failing_for: float) -> float:
    """Seconds until the next try to open a PCM that has failed for so many seconds."""
    return QUICK_RETRY_S if failing_for < QUICK_FOR_S else SLOW_RETRY_S


class Rendered(NamedTuple):
    """A sound as 16-bit samples: all of them once, then for ever from ``begin`` (bytes) on."""

    data: bytes
    begin: int = 0


class LoopPlayer:
    """``play`` and ``silence`` may be called from any thread; the PCM is touched by its own thread alone."""

    def __init__(
        self,
        name: str,
        open_pcm: Callable[[], Pcm],
        render: Callable[[Sound], Rendered],
        period_frames: int,
        period_s: float,
        lead: int,
        clock: Clock,
        on_trouble: Callable[[str], None] = lambda trouble: None,
        in_use: Callable[[], bool] = lambda: False,
        replugged: Callable[[], bool] = lambda: False,
        first: Sound | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """Prepare, not start.

        Args:
            name: for the log, as in "handset".
            open_pcm: opens the device or raises ``HardwareError``, without waiting for it.
            render: makes a sound's samples; called in the player's thread.
            lead: periods written at once at the start.
            on_trouble: hears, in the player's thread, why there is no sound, and "" when there is again.
            in_use: whether another part of the phone has the device now; then it is not looked at.
            replugged: whether devices have come or gone since it was last asked.
            first: as if ``prepare`` were called with it.
            pulse: at work while the device's library is.
        """
        self._name = name
        self._open_pcm = open_pcm
        self._render = render
        self._chunk = period_frames * FRAME
        self._lead = lead
        self._pause = period_s / 2
        self._clock = clock
        self._on_trouble = on_trouble
        self._in_use = in_use
        self._replugged = replugged
        self._pulse = pulse or Pulse()
        self._unready = first
        self._ready: tuple[Sound, Rendered] | None = None
        self._probe_at: float | None = clock.monotonic()
        self._changed = threading.Condition()
        self._wanted: Sound | None = None
        self._silences = self._served = 0
        self._has_pcm = False
        self._stopping = False
        self._failing_since: float | None = None
        self._troubled_since: float | None = None
        self._told: str | None = ""
        self.trouble = ""
        self._thread = threading.Thread(target=self._run, name=f"audio-{name}", daemon=True)

    @property
    def has_pcm(self) -> bool:
        """Whether the device is open or being opened here."""
        return self._has_pcm

    def start(self) -> None:
        self._thread.start()

    def probe(self, after: float = 0.0) -> None:
        """Look in so many seconds whether the device is there, and tell in any case. Returns at once."""
        with self._changed:
            self._told = None
            self._probe_at = self._clock.monotonic() + after
            self._changed.notify_all()

    def prepare(self, sound: Sound) -> None:
        """Render ``sound`` when there is nothing else to do: it is then heard at once when it is wanted."""
        with self._changed:
            self._unready = sound
            self._changed.notify_all()

    def play(self, spec: Sound) -> None:
        """Sound ``spec`` from now on. Returns at once."""
        with self._changed:
            self._wanted = spec
            self._changed.notify_all()

    def silence(self) -> None:
        """Return when the PCM is closed, or after ``SILENCE_S`` and a line in the log."""
        with self._changed:
            self._wanted = None
            self._silences += 1
            self._changed.notify_all()
            closed = self._changed.wait_for(lambda: not self._has_pcm, SILENCE_S)
        if not closed:
            log.warning("%s: the PCM was not closed within %g s", self._name, SILENCE_S)

    def stop(self) -> None:
        """End the thread; the PCM is closed. May be called twice, and without ``start``."""
        with self._changed:
            self._stopping = True
            self._wanted = None
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while self._next():
            try:
                self._stream()
            except HardwareError as error:
                self._failed(str(error))
            finally:
                with self._changed:
                    self._has_pcm = False
                    self._changed.notify_all()
            self._rest()

    def _next(self) -> bool:
        """Wait for a tone to play or a device to look at, and take the PCM; False: the end."""
        with self._changed:
            if self._silenced():
                self._failing_since = None
            while not (self._stopping or self._is_ready() or (not self._wanted and self._probe_is_due())):
                if self._wanted or self._unready:
                    self._make_ready()
                    continue
                due = self._probe_at
                pause = PROBE_EVERY_S if due is None else due - self._clock.monotonic()
                self._changed.wait(max(0.0, pause))
            self._probe_at = None
            self._served = self._silences
            self._has_pcm = not self._stopping
            return self._has_pcm

    def _is_ready(self) -> bool:
        """Whether what is wanted can sound at once."""
        return self._wanted is not None and self._ready is not None and self._ready[0] == self._wanted

    def _make_ready(self) -> None:
        """Render what is wanted, or may soon be: without the lock, which the caller holds, and without the
        PCM. So no wish is kept waiting, silence neither, however long it takes."""
        sound = self._wanted or self._unready
        if not self._wanted:
            self._unready = None
        if sound is None:
            return
        self._changed.release()
        try:
            rendered = self._render(sound)
        finally:
            self._changed.acquire()
        self._ready = (sound, rendered)

    def _probe_is_due(self) -> bool:
        """Whether to look at the device now: it was asked for, it is in trouble, or devices came or went."""
        now = self._clock.monotonic()
        if self._replugged() and self._probe_at is None:
            self._probe_at = now
        if self._probe_at is None or now < self._probe_at:
            return False
        if self._in_use():
            self._probe_at = now + LASTING_S
            return False
        return True

    def _silenced(self) -> bool:
        """Whether silence was wished since the PCM was taken, even if the next tone is wished already."""
        return self._wanted is None or self._silences != self._served

    def _rest(self) -> None:
        """After a failure: wait before the next try of a tone, but not beyond its end; then look at times."""
        if self._failing_since is None:
            return
        delay = retry_delay(self._clock.monotonic() - self._failing_since)
        with self._changed:
            self._changed.wait_for(self._silenced, delay)
            self._probe_at = self._clock.monotonic() + (PROBE_EVERY_S if self._told else LASTING_S)

    def _stream(self) -> None:
        """Open the PCM and play until there is nothing to play. Raises ``HardwareError``."""
        with self._pulse.working():
            pcm = self._open_pcm()
        try:
            if self._wanted is None:
                self._works()
            self._feed(pcm)
        finally:
            with self._pulse.working():
                pcm.close()

    def _feed(self, pcm: Pcm) -> None:
        playing: Sound | None = None
        sound, position, size, pause = Rendered(b""), 0, self._lead * self._chunk, 0.0
        progress = self._clock.monotonic()
        while (wanted := self._wait(playing, pause)) is not None:
            if wanted != playing:
                ready = self._ready
                sound = ready[1] if ready is not None and ready[0] == wanted else self._render(wanted)
                playing, position = wanted, 0
            with self._pulse.working():
                taken = pcm.write(_slice(sound, position, size)) * FRAME
            position = _within(sound, position + taken)
            size, pause = self._chunk, self._pause
            if taken:
                progress = self._clock.monotonic()
                self._works()
            elif self._clock.monotonic() - progress > STALL_S:
                raise HardwareError(f"the PCM took no sound for {STALL_S:g} s; is the card still there?")

    def _wait(self, playing: Sound | None, seconds: float) -> Sound | None:
        with self._changed:
            self._changed.wait_for(lambda: self._silenced() or self._wanted != playing, seconds)
            return None if self._silenced() else self._wanted

    def _failed(self, trouble: str) -> None:
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if self._troubled_since is None:
            self._troubled_since = now
        if trouble != self.trouble:
            log.warning("%s: no sound: %s", self._name, trouble)
            self.trouble = trouble
        if now - self._troubled_since >= LASTING_S:
            self._tell(trouble)

    def _works(self) -> None:
        self._failing_since = self._troubled_since = None
        if self.trouble:
            log.info("%s: sound is back", self._name)
            self.trouble = ""
        self._tell("")

    def _tell(self, trouble: str) -> None:
        if trouble != self._told:
            self._told = trouble
            self._on_trouble(trouble)


def _within(sound: Rendered, position: int) -> int:
    """Where in the data ``position`` is, of the sound as it goes on for ever."""
    if position < len(sound.data):
        return position
    return sound.begin + (position - sound.begin) % (len(sound.data) - sound.begin)


def _slice(sound: Rendered, position: int, size: int) -> bytes:
    """``size`` bytes of the sound from ``position`` on."""
    part = sound.data[position : position + size]
    while len(part) < size:
        part += sound.data[sound.begin : sound.begin + size - len(part)]
    return part
