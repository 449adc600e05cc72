"""What time it is, as far as it is known: a telephone without a battery clock starts in the past.

At a wrong time old metadata looks fresh (freeze attack). So nothing is asked or installed before the clock is
synchronised, and no clock before a floor is believed: the image's making, and the last accepted answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from firmware.phone.clock import Clock
from firmware.phone.errors import UpdateError


class Times(Protocol):
    def now(self, floor: datetime) -> datetime:
        """The time. Raises UpdateError when it is not known well enough, or is before ``floor``."""
        ...


class ClockTimes:
    """``built``: when the image was made. ``synchronised``: whether somebody set the clock right."""

    def __init__(self, clock: Clock, built: datetime, synchronised: Callable[[], bool]) -> None:
        self._clock = clock
        self._built = built
        self._synchronised = synchronised

    def now(self, floor: datetime) -> datetime:
        now = self._clock.wall()
        if not self._synchronised():
            raise UpdateError("the clock has not been set yet; updates wait for the time server")
        if now < max(floor, self._built):
            raise UpdateError(
                f"the clock says {now:%Y-%m-%d}, which has been; updates wait until it is right"
            )
        return now
