"""Where the idle view stands while nobody looks, so that no pixel is lit for years. Pure.

An OLED's pixels age by the time that they are lit. The resting view is small, and goes to another place every
``STAY_MIN`` minutes, up and down and from side to side, each at its own pace::

    x  0 ─────────► room ─────────► 0       one way takes room / 7 places
    y  0 ──► room ──► 0 ──► room ──►        one way takes room / 3 places
"""

from __future__ import annotations

STAY_MIN = 5
"""Minutes that the view stays at a place."""

DIMMED = 0.1
"""The brightness of the resting view, as a part of the full one."""

_ACROSS, _DOWN = 7, 3
"""Pixels between two places; without a common factor, so that the way is long."""


def place(minute_of_day: int) -> int:
    """The number of the place at which the view stands at that minute."""
    return minute_of_day // STAY_MIN


def offset(number: int, room_x: int, room_y: int) -> tuple[int, int]:
    """Pixels from the top left corner for a view that leaves so much room at the right and below."""
    return _to_and_fro(number * _ACROSS, room_x), _to_and_fro(number * _DOWN, room_y)


def _to_and_fro(way: int, room: int) -> int:
    if room <= 0:
        return 0
    there = way % (2 * room)
    return min(there, 2 * room - there)
