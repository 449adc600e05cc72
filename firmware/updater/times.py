"""What time it is, as far as it is known: a telephone without a battery clock starts in the past.

At a wrong time old metadata looks fresh (freeze attack). So nothing is asked or installed before the clock is
synchronised, and no clock before a floor is believed: the image's making, and the last accepted answer.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from firmware.phone.clock import Clock
from firmware.phone.errors import UpdateError

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMEX_OCTETS = 256
_STATUS_AT = 40
"""Where the kernel's struct timex has its status on 64-bit Linux, octets (adjtimex(2))."""


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


def kernel_synchronised() -> bool:
    """Whether the kernel's clock is being kept right by a time service (adjtimex(2))."""
    name = ctypes.util.find_library("c")
    if name is None:
        return False
    timex = ctypes.create_string_buffer(_TIMEX_OCTETS)  # modes = 0: only read
    state = ctypes.CDLL(name, use_errno=True).adjtimex(timex)
    status = int.from_bytes(timex.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return 0 <= state < _TIME_ERROR and not status & _STA_UNSYNC
