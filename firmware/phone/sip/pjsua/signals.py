"""Short signals in the earpiece, with the speech of the call: nobody but the user hears them.

The far end's sound and these are mixed by the conference bridge, which the sound device clocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import pjsua2 as pj

from firmware.phone.sip.bursts import Burst
from firmware.phone.sip.pjsua.settings import CLOCK_RATE

REMIND_EVERY_MS = 10_000
REMIND_HZ, REMIND_MS = 1400, 200
"""The beep of a call in clear: the pitch that tells of a recorded call in many networks (ITU-T E.180)."""

CHANGE_HZ, CHANGE_MS, CHANGE_TIMES = (950, 1900), 80, 3
"""What protects the call has changed: three quick bursts of two pitches at once."""

LIGHT_HZ, LIGHT_MS = (660, 990), 90
"""A light was lit: the two pitches up; it went dark: down."""

LOUDNESS = 4000
"""Of 32767: to be heard beside speech, not over it."""


class Signals:
    """Generators are made when the first signal sounds: most calls need none. ``waiting``: one period of the
    call-waiting tone."""

    def __init__(self, endpoint: pj.Endpoint, waiting: Sequence[Burst]) -> None:
        self._bursts = waiting
        self._manager = endpoint.audDevManager()
        self._reminder: pj.ToneGenerator | None = None
        self._change: pj.ToneGenerator | None = None
        self._waiting: pj.ToneGenerator | None = None
        self._light: pj.ToneGenerator | None = None

    def remind(self, on: bool) -> None:
        """A beep now and every ten seconds, until ``on`` is false."""
        if self._reminder is not None:
            self._reminder.stop()
        if not on:
            return
        self._reminder = self._reminder or self._generator()
        beep = _burst(REMIND_HZ, 0, REMIND_MS, REMIND_EVERY_MS - REMIND_MS)
        self._reminder.play(pj.ToneDescVector([beep]), True)

    def wait(self, on: bool) -> None:
        """The call-waiting tone, until ``on`` is false."""
        if self._waiting is not None:
            self._waiting.stop()
        if not on:
            return
        self._waiting = self._waiting or self._generator()
        self._waiting.play(pj.ToneDescVector([_burst(*burst) for burst in self._bursts]), True)

    def tell_change(self) -> None:
        """Once: what protects the call is no longer what it was."""
        self._change = self._change or self._generator()
        self._change.stop()
        burst = _burst(*CHANGE_HZ, CHANGE_MS, CHANGE_MS)
        self._change.play(pj.ToneDescVector([burst] * CHANGE_TIMES), False)

    def tell_light(self, lit: bool) -> None:
        """Once: a light was lit, or went dark."""
        self._light = self._light or self._generator()
        self._light.stop()
        pitches = LIGHT_HZ if lit else LIGHT_HZ[::-1]
        self._light.play(pj.ToneDescVector([_burst(hz, 0, LIGHT_MS, 10) for hz in pitches]), False)

    def close(self) -> None:
        """Before the library ends."""
        self._reminder = self._change = self._waiting = self._light = None

    def _generator(self) -> pj.ToneGenerator:
        made = pj.ToneGenerator()
        made.createToneGenerator(CLOCK_RATE, 1)
        made.startTransmit(self._manager.getPlaybackDevMedia())
        return made


def _burst(first_hz: int, second_hz: int, on_ms: int, off_ms: int) -> pj.ToneDesc:
    burst = pj.ToneDesc()
    burst.freq1, burst.freq2 = first_hz, second_hz
    burst.on_msec, burst.off_msec = on_ms, off_ms
    burst.volume = LOUDNESS
    return burst
