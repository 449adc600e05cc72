"""How long to wait before the next attempt to register: growing, with jitter. Pure.

After an outage many phones come back at once; jitter spreads them (RFC 5626 section 4.5).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

REFUSED_FLOOR = 60.0
"""Seconds at least after a refusal (wrong password): trying faster only locks the account."""


@dataclass
class Backoff:
    """Delays in seconds: ``first``, doubled after each failure up to ``longest``, each times 0.5 to 1."""

    first: float = 2.0
    longest: float = 300.0
    random: random.Random = field(default_factory=random.SystemRandom)
    _failures: int = 0

    def next(self, refused: bool = False) -> float:
        """The delay before the next attempt, after one more failure."""
        delay = min(self.longest, self.first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        if refused:
            delay = max(delay, REFUSED_FLOOR)
        return delay * self.random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._failures = 0
