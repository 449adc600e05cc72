"""What every driver of hook switch and privacy switch does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.values import Hook, SwitchPosition

SwitchListener = Callable[[HookChanged | PrivacySwitched], None]


class Switches(Protocol):
    """Hook and privacy switch, read as levels.

    ``start`` posts the present level of both before it returns, then each change, debounced.
    A privacy switch that cannot be read is ``UNREADABLE``, never ``OPEN``.
    """

    def start(self, post: SwitchListener) -> None:
        """Begin to listen. Raises ``HardwareError`` when the lines cannot be had."""
        ...

    def hook(self) -> Hook: ...

    def privacy(self) -> SwitchPosition: ...

    def stop(self) -> None:
        """Release the lines. May be called twice, and without ``start``."""
        ...
