"""What every driver of lights does."""

from __future__ import annotations

from typing import Protocol

from firmware.phone.values import Light, Pattern


class Lights(Protocol):
    """The lights beside keys and switch. All are dark before ``start`` and after ``stop``."""

    def start(self) -> None:
        """Take the lines. Raises ``HardwareError`` when they cannot be had."""
        ...

    def show(self, light: Light, pattern: Pattern) -> None:
        """Let a light do this from now on; a board without it ignores the call. Raises ``HardwareError``."""
        ...

    def stop(self) -> None:
        """All dark, and the lines released. May be called twice, and without ``start``."""
        ...
