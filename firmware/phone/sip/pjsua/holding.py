"""Our own hold and resume of one call: a re-INVITE, sent when it can be and repeated when both sent one.

Which of the two is wanted is known at once, and the sound is disconnected at once; that the far end is told
may take until it has answered what went before (RFC 3261 section 14.1).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pjsua2 as pj

REQUEST_PENDING = 491
OWNER = (2.1, 4.0)
NOT_OWNER = (0.0, 2.0)
"""Seconds until a re-INVITE that met another is repeated, for who chose the Call-ID and for who did not."""

BETWEEN = 0.2
"""Seconds until a re-INVITE is tried again that could not be sent yet."""

MOST = 20


class Holding:
    """``wanted``: whether we hold; ``told``: what the last re-INVITE that was sent said."""

    def __init__(self, placed_by_us: bool) -> None:
        self.wanted = False
        self.told = False
        self._backoff = OWNER if placed_by_us else NOT_OWNER
        self._due: float | None = None
        self._left = MOST

    def want(self, held: bool, now: float) -> None:
        self.wanted, self._left, self._due = held, MOST, now

    def due(self, now: float) -> float | None:
        """Seconds until the next attempt, or None when none is planned."""
        return None if self._due is None else max(0.0, self._due - now)

    def keep_up(self, now: float, send: Callable[[bool], None]) -> None:
        """``send`` the re-INVITE when it is time; raising pj.Error puts it off."""
        if self._due is None or now < self._due:
            return
        self._due = None
        if self.wanted is self.told:
            return
        try:
            send(self.wanted)
            self.told = self.wanted
        except pj.Error:
            self._again(now, BETWEEN)

    def answered(self, status: int, now: float) -> None:
        """The final status of our last re-INVITE."""
        if status == REQUEST_PENDING:
            self.told = not self.told
            self._again(now, random.uniform(*self._backoff))  # noqa: S311 - a delay, no secret

    def _again(self, now: float, wait: float) -> None:
        self._left -= 1
        self._due = now + wait if self._left > 0 else None
