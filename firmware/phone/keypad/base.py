"""What every keypad driver does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.phone.events import KeyPressed, KeyReleased

KeyListener = Callable[[KeyPressed | KeyReleased], None]


class Keypad(Protocol):
    """Posts one ``KeyPressed`` when a key has closed and one ``KeyReleased`` when it has opened, debounced.

    Posts from a thread of its own; posts nothing before ``start`` and nothing after ``stop``.
    """

    def start(self, post: KeyListener) -> None:
        """Begin to listen. Raises ``HardwareError`` when the lines cannot be had."""
        ...

    def stop(self) -> None:
        """Release the lines. May be called twice, and without ``start``."""
        ...
