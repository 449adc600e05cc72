"""It is not earlier than this: what certificates are judged by while the clock is behind.

A telephone without a battery clock starts in the past. Then a new certificate is not valid yet, which would
lock it out, and an old one would be valid again. It was made after the image, and after the last day on which
a time service had set the clock; a clock that says less is wrong, and nobody has to believe it.

Of a clock that a time service keeps right, only the image's making is asked: a day that was once told falsely
can lock nobody out for longer than until the time is known again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from firmware.phone.clock import Clock
from firmware.synchronised import synchronised

log = logging.getLogger("sottovoce.clock")

DAY = 86400
LOOK_S = 60.0
"""Between two looks at the clock."""


def made() -> float:
    """When this image was made, in seconds since 1970: the date of this file; 0: it cannot be read."""
    try:
        return Path(__file__).stat().st_mtime
    except OSError:
        return 0.0


class TimeFloor:
    """``last``: the day (since 1970) that was known last, 0: none. ``keep`` has another one kept."""

    def __init__(
        self,
        clock: Clock,
        last: Callable[[], int],
        keep: Callable[[int], None],
        made: Callable[[], float] = made,
        synchronised: Callable[[], bool] = synchronised,
    ) -> None:
        self._clock = clock
        self._last = last
        self._keep = keep
        self._made = made()
        self._synchronised = synchronised
        self._kept: int | None = None
        self._behind = False

    def seconds(self) -> int:
        """The floor now, in seconds since 1970; a day that is known to be right is kept."""
        now = self._clock.wall().timestamp()
        last = self._last() if self._kept is None else self._kept
        floor = self._made if self._synchronised() else max(self._made, last * DAY)
        today = int(now // DAY)
        if self._synchronised() and now >= self._made and today != last:
            self._kept = today
            self._keep(today)
        self._tell(behind=now < floor - DAY)
        return int(floor)

    def _tell(self, *, behind: bool) -> None:
        if behind and not self._behind:
            log.warning("the clock is behind; certificates are judged by the last day that is known")
        self._behind = behind
