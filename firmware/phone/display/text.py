"""Text from outside made fit to be shown. Pure.

Names and addresses come from the network: whoever calls us chooses them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import fields, replace

from firmware.phone.display.screens import Screen
from firmware.phone.language.catalogue import Language
from firmware.phone.values import Registration

LONGEST = 120
"""Characters of one piece of text that are ever shown."""

PARAGRAPH = 500
"""Characters of one paragraph that are ever shown."""

_MARKS_ON_ONE_LETTER = 2
_LOOKS_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category, nothing by their look (Hangul fillers, the empty Braille pattern)."""


def clean(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line, at most ``longest`` characters, the last an ellipsis if it was cut.

    White space becomes single blanks. Control characters, and the format characters that turn the reading
    direction or are invisible (Unicode categories Cc and Cf), are left out; surrogates, private and
    unassigned code points become U+FFFD. A letter keeps two combining marks (Unicode TR 36, section 2.10).
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text[: 4 * longest]):
        category = unicodedata.category(char)
        marks = marks + 1 if category.startswith("M") else 0
        if char.isspace() or char in _LOOKS_EMPTY:
            kept.append(" ")
        elif category in ("Cc", "Cf") or marks > _MARKS_ON_ONE_LETTER:
            continue
        elif category in ("Cs", "Co", "Cn"):
            kept.append("\ufffd")
        else:
            kept.append(char)
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def cleaned(screen: Screen, language: Language) -> Screen:
    """``screen`` with every text in it said in ``language`` and then through :func:`clean`, so that no view
    can forget one."""
    changes: dict[str, str | Registration | tuple[str, ...]] = {}
    for field in fields(screen):
        value = getattr(screen, field.name)
        if isinstance(value, str):
            changes[field.name] = clean(language.say(value))
        elif isinstance(value, tuple):
            longest = PARAGRAPH if field.name == "paragraphs" else LONGEST
            changes[field.name] = tuple(clean(language.say(line), longest) for line in value)
        elif isinstance(value, Registration):
            changes[field.name] = replace(value, reason=clean(language.say(value.reason)))
    return replace(screen, **changes)  # type: ignore[arg-type]  # names and types come from the screen itself
