"""Pings on the connection to a server, and what their absence tells (RFC 5626 section 3.5.1, RFC 6223)."""

from __future__ import annotations

import random

import pjsua2 as pj

EVERY = 29.0
"""Seconds between two pings at most, each time 80 to 100 % of it (RFC 5626 section 4.4). It would take 120;
but then a dead connection is noticed two minutes late."""

PONG = 10.0
"""Seconds within which the answer has to come (RFC 5626 section 4.4.1)."""

SHORTEST = 10.0

SOON = 1.0
"""Seconds until the first ping, which finds out whether this server answers pings at all."""


class KeepAlive:
    """Of the connection of one account. ``due``: when it has to be looked at, in monotonic seconds.

    Not every server answers. One that has answered once over this connection and then does not, is gone; of
    the others the kernel tells, when nothing is acknowledged (TCP_USER_TIMEOUT).
    """

    def __init__(self) -> None:
        self.due: float | None = None
        self._every = EVERY
        self._pongs = 0
        self._waits = False
        self._random = random.SystemRandom()

    def begin(self, now: float, asked: int) -> None:
        """A connection stands. ``asked``: the seconds that its server wants between two pings, 0: none."""
        self._every = max(SHORTEST, min(EVERY, asked)) if asked else EVERY
        self._pongs, self._waits = 0, False
        self.due = now + SOON

    def hurry(self, now: float) -> None:
        """Ping now, unless an answer is awaited already."""
        if self.due is not None and not self._waits:
            self.due = now

    def alive(self, account: int, now: float) -> bool:
        """Whether the connection of pjsua's ``account`` still is one, as far as can be seen."""
        if self.due is None or now < self.due:
            return True
        if not self._waits:
            sent = pj.pingFlow(account)
            self._waits = sent
            self.due = now + PONG if sent else None
            return True
        self._waits = False
        self.due = now + self._every * self._random.uniform(0.8, 1.0) - PONG
        pongs = pj.flowPongs(account)
        dead = self._pongs > 0 and pongs == self._pongs
        self._pongs = pongs
        if dead:
            self.due = None
        return not dead
