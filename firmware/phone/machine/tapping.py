"""Text on twelve keys: each press of a key is its next sign, as on a mobile telephone (ITU-T E.161). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

PAUSE = 1.2
"""Seconds after which the same key begins another sign."""

SIGNS = {
    "1": ".@-_1:/+!?,;%&$=~'\"#*()[]{}<>^|\\`",
    "2": "abc2ABC",
    "3": "def3DEF",
    "4": "ghi4GHI",
    "5": "jkl5JKL",
    "6": "mno6MNO",
    "7": "pqrs7PQRS",
    "8": "tuv8TUV",
    "9": "wxyz9WXYZ",
    "0": "0 ",
}
"""Every printable sign of ASCII is there: passwords have them."""

LONGEST = 128


@dataclass(frozen=True)
class Tapped:
    """``key``: the one that was pressed last, at ``at``, so often: it may change the last sign still."""

    text: str = ""
    key: str = ""
    at: float = 0.0
    times: int = 0

    def __repr__(self) -> str:
        return f"Tapped({len(self.text)} signs)"


def pressed(tapped: Tapped, key: str, now: float) -> Tapped:
    """The text after a key that has signs."""
    signs = SIGNS[key]
    if key == tapped.key and now - tapped.at < PAUSE:
        times = tapped.times + 1
        return Tapped(tapped.text[:-1] + signs[times % len(signs)], key, now, times)
    if len(tapped.text) >= LONGEST:
        return replace(tapped, key="")
    return Tapped(tapped.text + signs[0], key, now, 0)


def shorter(tapped: Tapped) -> Tapped:
    """Without the last sign."""
    return Tapped(tapped.text[:-1])
