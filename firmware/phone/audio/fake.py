"""Sound for boards without any, and for the simulator: remembers what would be heard."""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone.audio.melodies import COUNTRY
from firmware.phone.audio.volume import Volumes, decibels
from firmware.phone.values import Loudspeaker, Tone


class FakeAudio:
    """The ``Audio`` of a board without sound.

    ``on_change`` is called after each change, in the caller's thread.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self.playing: Tone | None = None
        self.ringing = False
        self.melody = COUNTRY
        self.wanted = Volumes()
        self.trouble = ""
        self.spoken: tuple[bytes, bool] | None = None
        self._on_change = on_change
        self._running = self._lent = False

    def start(self) -> None:
        self._running = True

    def tone(self, tone: Tone | None) -> None:
        self._interrupted(aloud=False)
        self._set(tone if self._running else None, self.ringing)

    def ring(self, on: bool, melody: str = COUNTRY) -> None:
        self.melody = melody
        self._interrupted(aloud=True)
        self._set(self.playing, on and self._running)

    def speak(self, samples: bytes, aloud: bool) -> None:
        busy = self.ringing if aloud else self._lent or self.playing is not None
        if not busy:
            self.spoken = (samples, aloud) if self._running and samples else None

    def lend(self, lent: bool) -> None:
        """Nothing is open here; what is being read ends."""
        self._lent = lent
        if lent and self.spoken is not None and not self.spoken[1]:
            self.spoken = None

    def volumes(self, volumes: Volumes) -> float:
        """There is no mixer; the wish is remembered."""
        self.wanted = volumes
        return decibels(Loudspeaker.HANDSET, volumes.handset)

    def stop(self) -> None:
        self._running = False
        self.spoken = None
        self._set(None, False)

    def _interrupted(self, *, aloud: bool) -> None:
        if self.spoken is not None and self.spoken[1] is aloud:
            self.spoken = None

    def _set(self, playing: Tone | None, ringing: bool) -> None:
        if (playing, ringing) == (self.playing, self.ringing):
            return
        self.playing, self.ringing = playing, ringing
        if self._on_change:
            self._on_change()
