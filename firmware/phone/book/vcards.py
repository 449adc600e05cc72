"""vCards (RFC 6350 and its forerunners) to entries, with vobject. A bad card spoils no other."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import vobject
from vobject.base import ParseError, VObjectError

from firmware.phone.book.entries import MOST, Entry, entry

_CALLED = ("TEL", "IMPP", "X-SIP", "X-PHONE-SIP")
_LONGEST = 512 * 1024
"""Octets of one card: most of a long one is a picture."""

logging.getLogger("vobject").setLevel(logging.CRITICAL)  # it prints what it reads


@dataclass(frozen=True)
class Fault:
    """``line``: of the file, from 1, where the card begins or the fault is; ``text``: what is wrong."""

    line: int
    text: str


def read(text: str, country: str) -> tuple[list[Entry], list[Fault]]:
    """The entries of all cards in ``text``, and what is wrong with the others."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for line, card in _cards(text, faults):
        if len(entries) >= MOST:
            faults.append(
                Fault(line, f"there are more than {MOST} contacts; those from here on are left out")
            )
            break
        try:
            entries.append(_entry(card, country))
        except ParseError as error:
            at = line + (error.lineNumber or 1) - 1
            faults.append(Fault(at, "is no line of a vCard; write NAME:value"))
        except ValueError as error:
            faults.append(Fault(line, str(error)))
        except (VObjectError, LookupError, TypeError, AttributeError, RecursionError):
            faults.append(Fault(line, "cannot be read as a vCard"))
    return entries, sorted(faults, key=lambda fault: fault.line)


def _cards(text: str, faults: list[Fault]) -> list[tuple[int, str]]:
    """Each card with the number of its first line; what is outside of any is a fault."""
    found: list[tuple[int, str]] = []
    begun: int | None = None
    lines: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        word = line.strip().upper()
        if word == "BEGIN:VCARD":
            if begun is not None:
                faults.append(Fault(begun, "has no end; write END:VCARD"))
            begun, lines = number, []
        elif begun is None and word:
            faults.append(Fault(number, "is outside of any vCard; write BEGIN:VCARD before it"))
        if begun is not None:
            lines.append(line)
        if word == "END:VCARD" and begun is not None:
            found.append((begun, "\n".join(lines)))
            begun = None
    if begun is not None:
        faults.append(Fault(begun, "has no end; write END:VCARD"))
    return found


def _entry(card: str, country: str) -> Entry:
    if len(card) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST // 1024} KiB; leave out the picture")
    read_one = vobject.readOne(card, allowQP=True)
    contents = read_one.contents
    names = [line.value for line in contents.get("fn", ())] or [
        str(line.value) for line in contents.get("n", ())
    ]
    names += [" ".join(line.value) for line in contents.get("org", ()) if isinstance(line.value, list)]
    name = next((text for text in names if text and text.strip()), "")
    called = [line.value for kind in _CALLED for line in contents.get(kind.lower(), ())]
    groups = [value for line in contents.get("categories", ()) for value in line.value]
    return entry(name, [text for text in called if isinstance(text, str)], next(iter(groups), ""), country)
