"""A thread's sign of life: whether it is at work, and since when. The thread writes it, others read."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class Pulse:
    """At work or at rest. Only what may hang is work: a thread that waits for something to do rests.

    ``turn`` counts the pieces of work, so that two looks can tell one long piece from two short ones;
    ``since`` is when the present one began (monotonic seconds), None at rest.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.turn = 0
        self.since: float | None = None

    def begin(self) -> None:
        self.turn += 1
        self.since = self._now()

    def end(self) -> None:
        self.since = None

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """One piece of work: a call of a device's library, say."""
        self.begin()
        try:
            yield
        finally:
            self.end()
