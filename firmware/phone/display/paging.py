"""Paragraphs set in pages of the display, broken between words. Pure: lengths are in columns.

A column is the width of a small letter; letters of East Asia take two (Unicode Standard Annex 11).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from firmware.phone.display.screens import PAGE_COLUMNS, PAGE_LINES, Look, Pages
from firmware.phone.display.text import PARAGRAPH, clean

LARGE_LINES, LARGE_COLUMNS = 3, 15
"""Of a page in large type."""


def pages(title: str, paragraphs: Sequence[str], turned: int, special: str = "") -> Pages:
    """The page of ``paragraphs`` that is open after it was ``turned`` on so often, round and round.

    ``special``: the key that does something of its own here, or ""; ``#``: it goes on instead of back.
    """
    return _page(Pages(title, (), 1, 1, "", tuple(paragraphs), turned, special), PAGE_COLUMNS, PAGE_LINES)


def choices(title: str, items: Sequence[str]) -> Pages:
    """What the keys offer, on one page: two in a line where they are many."""
    return _paired(Pages(title, (), 1, 1, "#×", tuple(items), pairs=True), PAGE_COLUMNS, PAGE_LINES)


def laid(screen: Pages, look: Look) -> Pages:
    """``screen``, said in its language already, with the lines that its page has there."""
    if not screen.paragraphs:
        return screen
    large = look.large and not (screen.pairs and len(screen.paragraphs) > LARGE_LINES)
    columns, lines = (LARGE_COLUMNS, LARGE_LINES) if large else (PAGE_COLUMNS, PAGE_LINES)
    if screen.pairs:
        return _paired(screen, columns, lines)
    return _page(screen, columns, lines)


def _page(screen: Pages, columns: int, lines: int) -> Pages:
    found = paged(screen.paragraphs, columns, lines)
    page = screen.turned % len(found)
    more = "8▼ " if len(found) > 1 else ""
    own = f"{screen.special} " if screen.special else ""
    keys = f"{more}#>" if screen.special == "#" else f"{own}{more}#×"
    return replace(screen, lines=found[page], page=page + 1, of=len(found), keys=keys)


def _paired(screen: Pages, width: int, most: int) -> Pages:
    lines = screen.paragraphs
    if len(lines) > most:
        pairs = [lines[at : at + 2] for at in range(0, len(lines), 2)]
        fit = all(sum(map(columns, pair)) + 1 <= width for pair in pairs)
        lines = tuple(" ".join(pair) for pair in pairs) if fit else lines
    return replace(screen, lines=lines[:most])


def paged(
    paragraphs: Sequence[str], columns: int = PAGE_COLUMNS, most: int = PAGE_LINES
) -> list[tuple[str, ...]]:
    """At least one page; each has at most ``most`` lines of at most so many columns.

    A paragraph that fits on one page is not spread over two.
    """
    pages: list[list[str]] = [[]]
    for paragraph in paragraphs:
        lines = wrapped(clean(paragraph, PARAGRAPH), columns)
        if pages[-1] and len(pages[-1]) + len(lines) > most:
            pages.append([])
        for line in lines:
            if len(pages[-1]) == most:
                pages.append([])
            pages[-1].append(line)
    return [tuple(page) for page in pages]


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken within a word only where it is longer."""
    lines: list[str] = []
    line = ""
    for word, blank in breakable(text):
        joined = f"{line}{' ' if blank and line else ''}{word}"
        if columns(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while columns(word) > width:
            lines.append(word[:width])
            word = word[width:]
        line = word
    return [*lines, line] if line else lines


def columns(text: str) -> int:
    return sum(2 if wide(char) else 1 for char in text)


def wide(char: str) -> bool:
    """Whether ``char`` is as wide as it is high: those of China, Japan and Korea are."""
    return unicodedata.east_asian_width(char) in "WF"


_CLOSING = "，。、：；！？）」』】》…"
_OPENING = "（「『【《"
"""Those do not begin a line, these do not end one (Unicode Standard Annex 14, classes CL and OP)."""


def breakable(text: str) -> list[tuple[str, bool]]:
    """``text`` in the pieces between which a line may end, each with whether a blank stands before it."""
    found: list[tuple[str, bool]] = []
    for word in text.split():
        piece, blank = "", True
        for char in word:
            apart = bool(piece) and (wide(piece[-1]) or wide(char))
            ends = apart and char not in _CLOSING and piece[-1] not in _OPENING
            if ends:
                found.append((piece, blank))
                piece, blank = "", False
            piece += char
        found.append((piece, blank))
    return found
