"""When a blinking light is lit. Pure; time is given in whole milliseconds.

All lights blink by the same clock, so that two that blink do so together; no light flashes more than twice
in a second (WCAG 2.1 section 2.3.1: three may cause seizures)::

    ms     0        250      500      750      1000     1250 ...                2000
    ON     ‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    SLOW   ‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|__________________________________|‾‾
    FAST   ‾‾‾‾‾‾‾‾|________|‾‾‾‾‾‾‾‾|________|‾‾‾‾‾‾‾‾|________|‾‾‾‾‾‾‾‾|________|‾‾
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.phone.values import Pattern

HALF_MS = {Pattern.SLOW: 1000, Pattern.FAST: 250}
"""How long a blinking light stays lit, and then dark."""


def lit(pattern: Pattern, now: int) -> bool:
    half = HALF_MS.get(pattern)
    return pattern is Pattern.ON if half is None else now // half % 2 == 0


def next_change(patterns: Iterable[Pattern], now: int) -> int | None:
    """When the first of these lights changes by itself; None: never."""
    halves = {HALF_MS[pattern] for pattern in patterns if pattern in HALF_MS}
    return min(((now // half + 1) * half for half in halves), default=None)
