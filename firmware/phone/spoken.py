"""What the telephone says aloud of a screen that has changed: digits, pages, questions. Pure.

Never said: the digits of a PIN, and who calls or is spoken with. Whom the typed digits mean is said: that is
why somebody listens.
"""

from __future__ import annotations

from firmware.phone.display import words
from firmware.phone.display.screens import (
    PLAIN,
    Dialling,
    Ended,
    Idle,
    Look,
    Notice,
    Pages,
    Screen,
    Warning,
    WatcherAsks,
)
from firmware.phone.language.catalogue import language
from firmware.phone.language.phrase import phrase_in

STAR, HASH = phrase_in("spoken key", "star"), phrase_in("spoken key", "hash")
DOT = "•"
LONGEST = 600
"""Characters that are said of one screen."""


def text(before: Screen | None, shown: Screen, look: Look = PLAIN) -> str | None:
    """What is to be said now; "": what is being said is over; None: it goes on."""
    match shown:
        case Dialling():
            return _dialled(before, shown, look)
        case Ended():
            if isinstance(before, Ended):
                return None
            say = language(look.language).say
            return ". ".join(say(part) for part in (shown.reason, shown.hint) if part)
        case Pages() | Notice() | Warning() | WatcherAsks():
            said, was = _lines(shown, look), _lines(before, look) if isinstance(before, type(shown)) else []
            new = said if not was or said[0] != was[0] else [line for line in said if line not in was]
            return ". ".join(new)[:LONGEST] if new else None
        case Idle():
            return None if isinstance(before, Idle) else ""
    return ""


def _dialled(before: Screen | None, shown: Dialling, look: Look) -> str | None:
    """The key that was pressed last, then whom the digits mean, where that is somebody."""
    was = before if isinstance(before, Dialling) else None
    digits = was.digits if was is not None else ""
    say = language(look.language).say
    found = []
    if shown.digits != digits and shown.digits:
        key = shown.digits[-1]
        found.append(say({"*": STAR, "#": HASH}.get(key, key)))
    target = shown.target if was is None or shown.target != was.target else ""
    if target and target != shown.digits:
        found.append(say(target))
    return ", ".join(found) if found else None


def _lines(screen: Screen | None, look: Look) -> list[str]:
    """The lines without the signs of keys at the end, and with no dot of a PIN."""
    if screen is None:
        return []
    found = words.lines(screen, look)
    if isinstance(screen, Pages):
        found = found[: 1 + len(screen.lines)]
    return [line for line in (line.replace(DOT, "").strip() for line in found) if line]
