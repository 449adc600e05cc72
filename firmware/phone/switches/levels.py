"""What the levels of the switches mean, and when a level may be believed. Pure; time is given.

The privacy switch is a changeover: its common contact is ground, each throw has a line with a pull-up.
Exactly one line is low when switch and wires are whole::

    line "private"  line "open"   position
    low             high          PRIVATE
    high            low           OPEN
    high            high          UNREADABLE: a wire is broken, the switch is missing, or on its way
    low             low           UNREADABLE: a short

One fault never reads as OPEN: it leaves both low or both high.

When a position is believed::

    leaving OPEN        at once: at the first look that does not read OPEN
    to PRIVATE          at once
    to OPEN             after it was steady
    PRIVATE to UNREADABLE   after it was steady: both are closed, and every flip passes through "on its way"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from firmware.phone.values import SwitchPosition

T = TypeVar("T")


def privacy_position(private_low: bool, open_low: bool) -> SwitchPosition:
    """What the two lines of the privacy switch say."""
    if private_low == open_low:
        return SwitchPosition.UNREADABLE
    return SwitchPosition.PRIVATE if private_low else SwitchPosition.OPEN


def closes(old: SwitchPosition, new: SwitchPosition) -> bool:
    """Whether a change of the privacy switch is believed at once."""
    return old is SwitchPosition.OPEN or new is SwitchPosition.PRIVATE


def _never(old: object, new: object) -> bool:
    return False


class Steady(Generic[T]):
    """A level that is believed when it was steady, or at once where ``at_once(old, new)`` says so::

    read      A A A|B|A|B B B B B B B
    since              ^ 0 ......... steady_s
    value     A A A A A A A A A A A|B
    """

    def __init__(self, value: T, steady_s: float, at_once: Callable[[T, T], bool] = _never) -> None:
        self.value = value
        self._steady_s = steady_s
        self._at_once = at_once
        self._candidate: T | None = None
        self._since = 0.0

    @property
    def due(self) -> float | None:
        """When to look again even if no edge comes; None: nothing is under way."""
        return None if self._candidate is None else self._since + self._steady_s

    def look(self, read: T, now: float, moved: bool = False) -> bool:
        """Take what was read at ``now`` seconds. True when ``value`` has changed.

        Args:
            moved: an edge came since the last look: the level was not steady, even if it reads the same.
        """
        if read == self.value:
            self._candidate = None
            return False
        if read != self._candidate or moved:
            self._candidate, self._since = read, now
        if not self._at_once(self.value, read) and now - self._since < self._steady_s:
            return False
        self.value, self._candidate = read, None
        return True
