"""What every driver for tones, ringer and mixer does. The voice itself is the SIP engine's."""

from __future__ import annotations

from typing import Protocol

from firmware.phone.values import Tone


class Audio(Protocol):
    """Call-progress tones in the handset, and the ringer.

    Starting a sound returns at once. One owner for each PCM: ``tone(None)`` and ``ring(False)`` have closed
    their PCM when they return, so that the SIP engine can open it for the voice; that takes a few ms, with a
    device that does not let go at most 200 ms, which is logged. The capture device is never touched here.
    """

    def start(self) -> None: ...

    def tone(self, tone: Tone | None) -> None: ...

    def ring(self, on: bool) -> None: ...

    def stop(self) -> None:
        """Silence, and every PCM closed. May be called twice."""
        ...
