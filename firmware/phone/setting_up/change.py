"""One change of phone.toml, as the page for setting up asks for it, and the text after it. Pure.

Nothing that protects a call, and nothing about the privacy switch, is among it. All else in the file stays as
it is, comments too: the new text is read again, and has to say what the old one said but for this change.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from firmware.phone.config_files import Password
from firmware.phone.config_kinds import Flag, Number, Several, Words
from firmware.phone.config_option import Row, Table, rows
from firmware.phone.config_types import Config
from firmware.phone.values import MOST_ACCOUNTS

EDITABLE: dict[str, tuple[str, ...]] = {
    "account": (
        "name",
        "provider",
        "user",
        "domain",
        "password",
        "auth_user",
        "outbound_proxy",
        "display_name",
        "numbers",
        "number_form",
        "prefix",
        "pin",
        "emergency",
    ),
    "contact": ("name", "uri", "speed_dial", "group", "busy_lamp"),
    "network": ("dns", "time"),
    "display": ("brightness", "dim_after", "large_type"),
    "phone": ("country", "language"),
}
"""The options that may be changed, by their tables."""

LISTS = {"account": MOST_ACCOUNTS, "contact": 500}
"""Tables of which there may be several, and how many."""

MOST_TEXT = 4096
"""Characters of one value."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """``number``: which of several, from 1; 0: a new one, or the only one. ``values``: as TOML would write
    them; None: the option is left out, so that its default counts.

    ``password``: a new one, or "": as it is.
    """

    table: str
    number: int = 0
    remove: bool = False
    values: Mapping[str, Any] | None = None
    password: str = ""

    @property
    def at(self) -> int:
        """The index in its list; -1: a new one."""
        return self.number - 1


class Unable(ValueError):
    """The change cannot be made; the text says why and what to do."""


def parse(args: Mapping[str, Any]) -> Change:
    """What the page sent: ``table``, ``number``, ``remove`` and ``values`` as texts. Raises ``Unable``."""
    table, number, values = args.get("table"), args.get("number", 0), args.get("values", {})
    if not isinstance(table, str) or table not in EDITABLE:
        raise Unable(f"only these can be changed here: {', '.join(EDITABLE)}")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LISTS.get(table, 0):
        raise Unable("there is no such entry; go back and choose one")
    remove = args.get("remove") is True
    if remove and not number:
        raise Unable("say which entry to remove")
    if not isinstance(values, dict) or not all(isinstance(text, str) for text in values.values()):
        raise Unable("values are texts")
    if unknown := [key for key in values if key not in EDITABLE[table]]:
        raise Unable(f"{unknown[0][:40]!r} cannot be changed here")
    if any(len(text) > MOST_TEXT for text in values.values()):
        raise Unable(f"a value has at most {MOST_TEXT} characters")
    fields = {row.key: row for row in options(table)}
    typed = {key: _typed(fields[key], text) for key, text in values.items() if not _secret(fields[key])}
    return Change(table, number, remove, typed, values.get("password", ""))


def options(table: str) -> list[Row]:
    """The rows of the options that may be changed, in the order of EDITABLE."""
    kind: Any = next(row for row in rows(Config) if row.key == table).option.kind
    there = {row.key: row for row in rows(kind.cls)}
    return [there[key] for key in EDITABLE[table]]


def is_list(table: str) -> bool:
    """Whether there may be several of it."""
    return table in LISTS


def _secret(row: Row) -> bool:
    return isinstance(row.option.kind, Password)


def _typed(row: Row, text: str) -> Any:
    """What was typed, as TOML would write it; the option's own kind judges it later."""
    text, kind = text.strip(), row.option.kind
    assert not isinstance(kind, Table)  # noqa: S101
    if isinstance(kind, Several | Words):
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    if not text:
        return None
    if isinstance(kind, Flag):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(kind, Number):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    for sort in (int, float):
        try:
            return sort(text) if len(text) <= 20 else text
        except ValueError:
            continue
    return text


# --- the text after it -------------------------------------------------------------------------------


def edited(text: str, change: Change, password_file: str = "") -> tuple[str, Document]:
    """``text`` of phone.toml after the change, and what it says. Raises ``Unable``.

    ``password_file``: where a new password will be; it is never in the text.
    """
    import tomlkit  # when it is needed: a telephone that is set up never needs it again
    from tomlkit.exceptions import TOMLKitError

    try:
        wanted = _made(tomllib.loads(text), change, password_file, dict, list)
        document = tomlkit.parse(text)
        _made(document, change, password_file, tomlkit.table, tomlkit.aot)
        after = tomlkit.dumps(document)
        if tomllib.loads(after) != wanted:
            raise Unable(BY_HAND)
    except (TOMLKitError, tomllib.TOMLDecodeError) as error:
        raise Unable(BY_HAND) from error
    return after, wanted


BY_HAND = "phone.toml is written in a way that cannot be changed here; change it with an editor"


def _made(
    document: Any, change: Change, password_file: str, table: Callable[[], Any], several: Callable[[], Any]
) -> Any:
    """``document`` (plain or tomlkit's) with the change made in it."""
    if not is_list(change.table):
        if change.table not in document:
            document[change.table] = table()
        _set(document[change.table], change, password_file)
        if not document[change.table]:
            del document[change.table]
        return document
    found = document.get(change.table)
    if isinstance(found, MutableMapping):  # a single [account]
        alone = found
        if change.number == 1 and not change.remove:
            _set(alone, change, password_file)
            return document
        found = several()
        found.append(_copied(alone, table))
        document[change.table] = found
    if found is None:
        document[change.table] = several()
        found = document[change.table]
    if change.at >= len(found) or (not change.number and len(found) >= LISTS[change.table]):
        raise Unable("there is no such entry, or no room for another; go back and look")
    if change.remove:
        del found[change.at]
        if not found:
            del document[change.table]
        return document
    if not change.number:
        found.append(table())
    _set(found[change.at], change, password_file)
    return document


def _copied(alone: Any, table: Callable[[], Any]) -> Any:
    """A ``[table]`` as one of several."""
    made = table()
    for key, value in alone.items():
        made[key] = deepcopy(value)
    return made


def _set(entry: Any, change: Change, password_file: str) -> None:
    for key, value in (change.values or {}).items():
        if value is None:
            if key in entry:
                del entry[key]
        elif key not in entry or entry[key] != value:
            entry[key] = value
    if password_file:
        if "password" in entry:
            del entry["password"]
        entry["password_file"] = password_file
