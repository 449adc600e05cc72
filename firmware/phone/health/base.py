"""What every driver of the board's health does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.phone.events import HealthChanged

HealthListener = Callable[[HealthChanged], None]


class BoardHealth(Protocol):
    """Posts what it finds at the start, if that is not good, and each change after that.

    What cannot be read counts as good: not every board has sensors.
    """

    def start(self, post: HealthListener) -> None: ...

    def stop(self) -> None:
        """May be called twice, and without ``start``. Nothing is posted after it."""
        ...
