"""What every driver for tones, ringer and mixer does. The voice itself is the SIP engine's."""

from __future__ import annotations

from typing import Protocol

from firmware.phone.values import Tone


class Audio(Protocol):
    """Call-progress tones in the handset, and the ringer. Never blocks the caller for more than 50 ms.

    One owner for each PCM: ``tone(None)`` has closed the handset's PCM when it returns, so that the SIP
    engine can open it for the voice. The capture device is never touched here.
    """

    def start(self) -> None: ...

    def tone(self, tone: Tone | None) -> None: ...

    def ring(self, on: bool) -> None: ...

    def stop(self) -> None:
        """Silence, and every PCM closed. May be called twice."""
        ...
