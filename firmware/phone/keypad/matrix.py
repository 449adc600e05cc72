"""From snapshots of a key matrix to pressed and released keys: debounce, ghosts, jams. Pure; time is given.

A key counts as closed or open once its contact has been steady for the debounce time (here 20 ms; one column
is 5 ms, one scan)::

    contact   ____|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_|‾|________________
    steady since      ^ 0   5   10  15  20       ^ 0   5   10  15  20
    event                                ^ KeyPressed              ^ KeyReleased

Contact that opens again within the debounce time is bounce and no event::

    contact   ____|‾|__|‾|___________________      event: none

Without diodes three closed corners of a rectangle close the fourth one too (a ghost), and nobody can tell
which of the four is not pressed. While a rectangle is there its keys that were not pressed before it stay
open; keys pressed before it stay pressed. So two keys may always be down together (roll-over)::

    columns    1   2   3            1 and 2 are pressed, then 4: the lines read 1, 2, 4 and the ghost 5.
    row 1     [1]-[2]  3            Pressed are 1 and 2 until one of them opens;
    row 2     [4]-(5)  6            then no rectangle is left, and 4 is posted.

A key that is held longer than the jam time is stuck or something lies on it: it is reported once, counts as
released, and is ignored until it has opened::

    contact   ____|‾‾‾‾‾‾‾‾‾‾‾ 30 s ‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|________|‾‾‾‾‾‾‾
    event             ^ KeyPressed         ^ KeyJammed                 ^ KeyPressed
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

from firmware.phone.events import KeyPressed, KeyReleased

Position = tuple[int, int]
"""Row and column, from 0."""


@dataclass(frozen=True)
class KeyJammed:
    """A key was held longer than the jam time; it counts as released from now on."""

    key: str

    @property
    def released(self) -> KeyReleased:
        """What the rest of the phone is told: the key is no longer pressed."""
        return KeyReleased(self.key)


Change = KeyPressed | KeyReleased | KeyJammed


@dataclass
class _Contact:
    """What is known of one key. ``since``: when its contact moved; ``pressed_at``: when it was posted."""

    closed: bool = False
    since: int = 0
    pressed: bool = False
    pressed_at: int = 0
    jammed: bool = False


class Matrix:
    """The state of all keys. Feed it a snapshot about every 5 ms while ``idle`` is False."""

    def __init__(self, layout: Sequence[str], debounce_ms: int = 20, jam_ms: int = 30_000) -> None:
        """A matrix with no key pressed.

        Args:
            layout: one string for each row, one key for each column: ("123", "456", "789", "*0#").
        """
        self._keys = {(r, c): key for r, row in enumerate(layout) for c, key in enumerate(row)}
        self._contacts = {position: _Contact() for position in self._keys}
        self._debounce = debounce_ms
        self._jam = jam_ms

    @property
    def idle(self) -> bool:
        """No key is closed, pressed or jammed: nothing will change without an edge."""
        return not any(c.closed or c.pressed or c.jammed for c in self._contacts.values())

    @property
    def jammed(self) -> frozenset[Position]:
        """The keys that are stuck."""
        return frozenset(position for position, contact in self._contacts.items() if contact.jammed)

    def name(self, position: Position) -> str:
        """What is printed on the key."""
        return self._keys[position]

    @property
    def only_jammed(self) -> bool:
        """All that is closed is jammed: a slow look now and then is enough."""
        return not self.idle and all(
            c.jammed and c.closed for c in self._contacts.values() if c.closed or c.pressed or c.jammed
        )

    def scan(self, closed: Collection[Position], now: int) -> list[Change]:
        """Take the positions that are closed at ``now`` ms (which never goes back); say what came of it."""
        doubtful = ghosts(closed)
        changes: list[Change] = []
        for position, contact in self._contacts.items():
            known = contact.pressed or contact.jammed
            raw = position in closed and (known or position not in doubtful)
            if raw != contact.closed:
                contact.closed, contact.since = raw, now
            changes += self._settle(self._keys[position], contact, now)
        return changes

    def _settle(self, key: str, contact: _Contact, now: int) -> list[Change]:
        steady = now - contact.since >= self._debounce
        if contact.jammed:
            contact.jammed = contact.closed or not steady
        elif contact.closed != contact.pressed and steady:
            contact.pressed = contact.closed
            contact.pressed_at = now
            return [KeyPressed(key) if contact.pressed else KeyReleased(key)]
        elif contact.pressed and contact.closed and now - contact.pressed_at >= self._jam:
            contact.pressed, contact.jammed = False, True
            return [KeyJammed(key)]
        return []


def ghosts(closed: Collection[Position]) -> set[Position]:
    """The closed positions that are corners of a rectangle of closed positions: any one may be a ghost."""
    by_row: dict[int, set[int]] = {}
    for row, column in closed:
        by_row.setdefault(row, set()).add(column)
    doubtful: set[Position] = set()
    for one, other in combinations(by_row, 2):
        shared = by_row[one] & by_row[other]
        if len(shared) > 1:
            doubtful |= {(row, column) for row in (one, other) for column in shared}
    return doubtful
