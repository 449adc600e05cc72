"""From readings of sensors to what is said of the board. Pure; time is given in seconds.

Bad news counts at once, good news once it has lasted: a supply that is too weak falters with every call, and
a hot board swings about the limit::

    alarm     ______|‾|_____|‾‾|____________________________________
    weak      ______|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|__________
                               ^ 0 ................ 60 s

    degrees   78 79 80 81 79 78 76 75 74 74 74 ....... 74 74
    hot       ______|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_____      limit 80, cooler: 5 below
                                     ^ 0 .......... 60 s
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.phone.values import Health

REST_S = 60.0
"""How long good news must last."""
COOLER = 5
"""Degrees below the limit that count as cool again."""


@dataclass(frozen=True)
class Reading:
    """``weak``: the supply voltage is, or a moment ago was, too low; ``slowed``: the processor is slowed down
    for its heat. ``celsius``: None without a sensor.
    """

    weak: bool = False
    slowed: bool = False
    celsius: float | None = None


class _Lasting:
    """True at once, False when nothing has spoken for it for ``REST_S``."""

    def __init__(self) -> None:
        self.value = False
        self._last = 0.0

    def look(self, bad: bool, good: bool, now: float) -> None:
        if bad or (self.value and not good):
            self._last = now
        if bad:
            self.value = True
        elif now - self._last >= REST_S:
            self.value = False


class Judge:
    def __init__(self, throttles_at: int = 0) -> None:
        """``throttles_at``: degrees at which the board slows down without saying so, 0 = none."""
        self._limit = throttles_at
        self._weak, self._hot = _Lasting(), _Lasting()

    @property
    def health(self) -> Health:
        return Health(self._weak.value, self._hot.value)

    def look(self, reading: Reading, now: float) -> Health:
        """Take what was read at ``now``; what is to be said."""
        self._weak.look(reading.weak, not reading.weak, now)
        known = self._limit and reading.celsius is not None
        celsius = reading.celsius or 0.0
        hot = reading.slowed or (bool(known) and celsius >= self._limit)
        cool = not reading.slowed and (not known or celsius <= self._limit - COOLER)
        self._hot.look(hot, cool, now)
        return self.health
