"""Names by the keys that their letters are on, as in ITU-T E.161. Pure.

Latin letters count without their accents; Greek and Cyrillic ones are where ETSI ES 202 130 has them.
"""

from __future__ import annotations

import bisect
import functools
import heapq
import unicodedata
from collections.abc import Sequence

_GROUPS = {
    "2": "ABC ΑΒΓ АБВГ",
    "3": "DEF ΔΕΖ ДЕЖЗ",
    "4": "GHI ΗΘΙ ИЙКЛ",
    "5": "JKL ΚΛΜ МНОП",
    "6": "MNO ΝΞΟ РСТУ",
    "7": "PQRS ΠΡΣ ФХЦЧ",
    "8": "TUV ΤΥΦ ШЩЪЫ",
    "9": "WXYZ ΧΨΩ ЬЭЮЯ",
}
_KEY_OF = {letter: key for key, letters in _GROUPS.items() for letter in letters if letter != " "}
_KEY_OF |= {digit: digit for digit in "0123456789"}
_KEY_OF |= {
    "Æ": "23", "Ø": "6", "Ł": "5", "Đ": "3", "Ð": "3", "Þ": "84", "Œ": "63", "I": "4", "Ё": "3",
    "І": "4", "Ї": "4", "Є": "3", "Ґ": "2",
}  # fmt: skip
"""Letters that no accent explains, and those of Ukrainian beside their Russian ones."""

LONGEST = 16
"""Keys of a name that are looked at."""


@functools.lru_cache(maxsize=512)
def _key(letter: str) -> str:
    return _KEY_OF.get(letter) or _KEY_OF.get(unicodedata.normalize("NFKD", letter)[:1], "")


def keys(text: str) -> str:
    """The keys of a text's letters and digits; what is neither is left out."""
    return "".join(_key(letter) for letter in text.upper())


def starts(name: str) -> list[str]:
    """The keys of a name from the beginning of each of its words on."""
    words = [found for word in name.replace("-", " ").split() if (found := keys(word))]
    return ["".join(words[at:])[:LONGEST] for at in range(len(words))]


class Index:
    """Finds names by the first keys of any of their words. ``names`` never change."""

    def __init__(self, names: Sequence[str]) -> None:
        self._order = {number: place for place, number in enumerate(_alphabetical(names))}
        self._starts = sorted(
            (start, word, number)
            for number, name in enumerate(names)
            for word, start in enumerate(starts(name))
        )

    def find(self, digits: str, most: int) -> list[int]:
        """The places of at most ``most`` names: those that begin so first, each lot by the alphabet."""
        if not digits or len(digits) > LONGEST:
            return []
        first = bisect.bisect_left(self._starts, (digits,))
        last = bisect.bisect_left(self._starts, (digits + ":",))
        best: dict[int, int] = {}
        for _, word, number in self._starts[first:last]:
            best[number] = min(word, best.get(number, word))
        return heapq.nsmallest(most, best, key=lambda number: (best[number] > 0, self._order[number]))


def _alphabetical(names: Sequence[str]) -> list[int]:
    return sorted(range(len(names)), key=lambda number: (names[number].casefold(), number))
