"""One provider's file: read strictly, every mistake told with file and line."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from firmware.phone.config_kinds import Choice, Day, Several, Text, Words, Wrong
from firmware.phone.config_option import rows
from firmware.phone.config_types import Account, Media
from firmware.phone.errors import ConfigError
from firmware.phone.providers import FOLDER, names
from firmware.phone.suggest import suggestion

FILLED = (
    "domain",
    "outbound_proxy",
    "transport",
    "privacy",
    "preferred_identity",
    "number_form",
    "emergency",
)
"""What a profile may say for an account: never who the user is, and no key or certificate."""

ASKED = ("user", "auth_user", "password", "domain")
KNOWN_NEEDS = {
    "mediasec": "the two ends agree on SRTP by header fields of their own (mediasec), which this telephone "
    "does not speak yet: calls may be refused"
}
"""What a provider asks for that this telephone lacks, in words."""

TOP = ("name", "countries", "about", "needs", "account", "media", "ask", "facts", "source")
_TABLES: dict[str, dict[str, Any]] = {
    "": {
        "name": Text(longest=40),
        "countries": Several(Text("country", longest=2)),
        "about": Text(longest=200),
        "needs": Words(Choice.of(*KNOWN_NEEDS)),
    },
    "account": {row.key: row.option.kind for row in rows(Account) if row.key in FILLED},
    "media": {row.key: row.option.kind for row in rows(Media) if row.key == "encryption"},
    "ask": {key: Text(longest=200) for key in ASKED},
    "facts": {
        "early_media": Choice.of("yes", "no", "not said"),
        "speech": Text(longest=300),
        "tested": Text(longest=200),
    },
    "source": {"what": Text(longest=200), "url": Text(longest=300), "read": Day()},
}
_NEEDED = {
    "": ("name", "countries", "about"),
    "facts": ("early_media", "speech", "tested"),
    "source": ("what", "url"),
}
_EMPTY = {"needs", "countries"}


@dataclass(frozen=True)
class Source:
    """Where it is told. ``read``: the day on which it was read for this; None: named from memory."""

    what: str
    url: str
    read: date | None = None


@dataclass(frozen=True)
class Profile:
    """``account``, ``media``: what it fills, as TOML gives it. ``ask``: what the user has to write, and what
    the provider calls it. ``early_media``: whether something is heard before the answer. ``speech``: what
    protects it as far as the provider. ``tested``: how, or why not.
    """

    word: str
    name: str
    countries: tuple[str, ...]
    about: str
    account: dict[str, Any]
    media: dict[str, Any]
    ask: dict[str, str]
    early_media: str
    speech: str
    tested: str
    sources: tuple[Source, ...]
    needs: tuple[str, ...] = ()

    @property
    def transport(self) -> str:
        return str(self.account.get("transport", "tls"))


@functools.cache
def named(word: str) -> Profile:
    """The profile of the provider called so. Raises ``ConfigError``."""
    return read(FOLDER / f"{word}.toml")


def every() -> list[Profile]:
    return [named(word) for word in names()]


def read(path: Path) -> Profile:
    """The profile in this file. Raises ``ConfigError``, one line for each mistake: file, line, what to do."""
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path.name}: is not TOML: {error}"]) from None
    faults: list[str] = []

    def fault(table: str, key: str, what: str, nth: int = 0) -> None:
        at = f"{table}.{key}" if table and key else table or key
        faults.append(f"{path.name}, line {_line(text, table, key, nth)}: {at}: {what}")

    for key in document:
        if key not in TOP:
            fault("", key, f"unknown key{suggestion(key, TOP)}")
    for name in _TABLES:
        for nth, table in enumerate(_tables(document, name)):
            if not isinstance(table, dict):
                fault("", name, f"write [{name}] on a line of its own")
                continue
            _check(table, name, lambda key, what, name=name, nth=nth: fault(name, key, what, nth))
    if not document.get("source"):
        faults.append(f"{path.name}: has no [[source]]; write where this is told")
    if faults:
        raise ConfigError(faults)
    sources = tuple(Source(one["what"], one["url"], one.get("read")) for one in document["source"])
    return Profile(
        path.stem,
        document["name"],
        tuple(document["countries"]),
        document["about"],
        document.get("account", {}),
        document.get("media", {}),
        document.get("ask", {}),
        sources=sources,
        needs=tuple(document.get("needs", ())),
        **document["facts"],
    )


def _tables(document: dict[str, Any], name: str) -> list[Any]:
    if not name:
        return [{key: value for key, value in document.items() if key not in _TABLES}]
    found = document.get(name, [] if name == "source" else {})
    return found if isinstance(found, list) else [found]


def _check(table: dict[str, Any], name: str, fault: Any) -> None:
    kinds = _TABLES[name]
    for key, value in table.items():
        if key not in kinds:
            if name:
                fault(key, f"unknown key{suggestion(key, kinds)}")
            continue
        if key in _EMPTY and value == []:
            continue
        try:
            kinds[key].read(value, FOLDER)
        except Wrong as wrong:
            fault(key, str(wrong))
    for key in _NEEDED.get(name, ()):
        if key not in table:
            fault(key, "is missing; write it")


def _line(text: str, table: str, key: str, nth: int) -> int:
    """Where this key of the ``nth`` table of this name stands, else the table, else the first line."""
    here, seen, start = "", -1, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*\[\[?([A-Za-z0-9_.-]+)\]", line):
            here = match[1]
            seen += here == table
            start = number if here == table and seen == nth else start
            if not table and here == key:
                return number
        elif here == table and seen in (nth, -1) and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
        if not key and start > 1:
            return start
    return start
