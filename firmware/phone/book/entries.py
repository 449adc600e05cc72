"""What the phone book holds, and who has an address. Pure.

What comes from a server or a file is bounded: names, addresses, their number and that of the entries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from firmware.phone.book.t9 import Index
from firmware.phone.display.text import clean
from firmware.phone.machine.dialplan import canonical
from firmware.phone.sip import uri

MOST = 20_000
"""Entries of one source."""

NAME, TARGET, TARGETS = 64, 128, 6
"""Characters of a name, of an address, and addresses of one entry."""

MATCHES = 50
"""Entries that one search gives."""

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")


@dataclass(frozen=True)
class Entry:
    """``targets``: numbers with their country where that is known ("+4930…"), else as written, or "sip:…"."""

    name: str
    targets: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Source:
    """What one file or server gave, and when it last did."""

    name: str
    entries: tuple[Entry, ...] = ()
    pulled: datetime | None = None


def target(text: str, country: str) -> str:
    """An address in the form in which it is kept. Raises ValueError, in plain words, for what is none."""
    text = text.strip()
    if re.match("(?i)sips?:", text):
        return str(uri.parse(text))
    bare = uri.number(re.sub("(?i)^tel:", "", text).partition(";")[0])
    if not _NUMBER.fullmatch(bare):
        raise ValueError("is no number and no sip: address")
    return canonical(bare, country) or bare


def entry(name: str, targets: Iterable[str], group: str, country: str) -> Entry:
    """An entry of what somebody else wrote. Raises ValueError, in plain words, if it calls nobody."""
    shown = clean(name, NAME)
    if not shown:
        raise ValueError("has no name; write FN:")
    kept: list[str] = []
    wrong = ""
    for text in list(targets)[: 4 * TARGETS]:
        try:
            found = target(text[:TARGET], country)
        except ValueError as error:
            wrong = str(error)
            continue
        if found not in kept:
            kept.append(found)
    if not kept:
        raise ValueError(f"has an address that {wrong}" if wrong else "has no number and no sip: address")
    return Entry(shown, tuple(kept[:TARGETS]), clean(group, NAME))


class Book:
    """Entries of several sources, with what is needed to find them. Never changes; equal to itself alone."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self.sources = tuple(sources)
        self.entries = tuple(one for source in sources for one in source.entries)
        self._index = Index([one.name for one in self.entries])
        self._by_target: dict[str, int] = {}
        for number, one in enumerate(self.entries):
            for address in one.targets:
                self._by_target.setdefault(_key(address), number)

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, digits: str) -> list[Entry]:
        """Whose name has a word that begins with letters on these keys."""
        return [self.entries[number] for number in self._index.find(digits, MATCHES)]

    def who(self, address: str, country: str) -> Entry | None:
        """The first entry that has this SIP address, or the number in it."""
        if not self.entries:
            return None
        number = self._by_target.get(_key(address))
        if number is None:
            try:
                user = uri.parse(address).user
            except ValueError:
                return None
            if not _NUMBER.fullmatch(user):
                return None
            number = self._by_target.get(canonical(user, country) or user)
        return None if number is None else self.entries[number]


NO_BOOK = Book()


def _key(address: str) -> str:
    """What two ways to write one SIP address have in common; a number is itself."""
    try:
        parsed = uri.parse(address)
    except ValueError:
        return address
    return f"{parsed.user}@{parsed.host}"


# --- as it is stored and handed on -------------------------------------------------------------------


def octets(sources: Sequence[Source]) -> bytes:
    return json.dumps([_plain(source) for source in sources], ensure_ascii=False).encode(errors="replace")


def _plain(source: Source) -> dict[str, object]:
    return {
        "name": source.name,
        "pulled": source.pulled.isoformat() if source.pulled else None,
        "entries": [[one.name, list(one.targets), one.group] for one in source.entries],
    }


def sources(raw: bytes) -> list[Source]:
    """What ``octets`` wrote. Raises ValueError for anything else."""
    try:
        return [
            Source(
                str(one["name"]),
                tuple(
                    Entry(str(name), tuple(str(text) for text in targets), str(group))
                    for name, targets, group in one["entries"]
                ),
                datetime.fromisoformat(one["pulled"]) if one["pulled"] else None,
            )
            for one in json.loads(raw)
        ]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("is no phone book") from error
