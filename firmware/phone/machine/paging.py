"""Paragraphs set in pages of the display, broken between words. Pure: lengths are in characters."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.phone.display.screens import PAGE_COLUMNS, PAGE_LINES
from firmware.phone.display.text import clean

LONGEST = 500
"""Characters of one paragraph that are shown."""


def paged(paragraphs: Sequence[str]) -> list[tuple[str, ...]]:
    """At least one page; each has at most PAGE_LINES lines of at most PAGE_COLUMNS characters.

    A paragraph that fits on one page is not spread over two.
    """
    pages: list[list[str]] = [[]]
    for paragraph in paragraphs:
        lines = wrapped(clean(paragraph, LONGEST), PAGE_COLUMNS)
        if pages[-1] and len(pages[-1]) + len(lines) > PAGE_LINES:
            pages.append([])
        for line in lines:
            if len(pages[-1]) == PAGE_LINES:
                pages.append([])
            pages[-1].append(line)
    return [tuple(page) for page in pages]


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` characters, broken within a word only where it is longer."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while len(word) > width:
            lines.append(word[:width])
            word = word[width:]
        line = word
    return [*lines, line] if line else lines
