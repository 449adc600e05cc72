"""phone.toml, as the page sees it and as a change would make it. Reads the file each time, never writes."""

from __future__ import annotations

import hashlib
import secrets
import tomllib
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from firmware.phone import config as configuration
from firmware.phone.config import Config
from firmware.phone.config_files import Password
from firmware.phone.config_kinds import Choice, Flag, Number, Several, Words
from firmware.phone.config_option import Row
from firmware.phone.config_text import toml
from firmware.phone.machine.state import State
from firmware.phone.setting_up import period
from firmware.phone.setting_up.change import BY_HAND, EDITABLE, Change, Unable, edited, is_list, options
from firmware.phone.setting_up.effects import effects, standing
from firmware.phone.setting_up.passwords import Passwords

LARGEST = 64 * 1024
"""Octets of a phone.toml that is changed here."""


KEPT_HERE = "The password of the account. The telephone keeps it in a file that it alone can read."


@dataclass(frozen=True)
class Proposal:
    """A change that was shown and may be confirmed. ``name``: nobody can guess it; ``base``: the SHA-256 of
    the file that it was made of; ``version``: that of its own text."""

    name: str
    base: str
    text: str
    version: str
    effects: tuple[str, ...]
    password: str = ""
    place: Path | None = None


class Configuration:
    """``path``: None where the telephone was started without one; then nothing can be changed."""

    def __init__(self, path: Path | None, passwords: Passwords) -> None:
        self._path = path
        self._passwords = passwords
        self._running = ""

    def started(self) -> None:
        """Remember which file the telephone runs with; remove passwords of no account. Raises OSError."""
        try:
            self._running = _hashed(self._text())
        except Unable:
            return
        self._tidy()

    def _tidy(self) -> None:
        try:
            document = tomllib.loads(self._text())
        except (Unable, tomllib.TOMLDecodeError):
            return
        accounts = document.get("account", [])
        named = [one.get("password_file") for one in (accounts if isinstance(accounts, list) else [accounts])]
        self._passwords.tidy([name for name in named if isinstance(name, str)])

    def told(self, state: State) -> dict[str, Any]:
        """All that can be changed, with what it is now; of passwords that there is one. Raises ``Unable``."""
        text = self._text()
        config = self._config(_parsed(text))
        standings = (state.registration, *(one.registration for one in state.more))
        tables = [
            {
                "name": table,
                "list": is_list(table),
                "fields": [_field(row) for row in options(table)],
                "entries": [_values(table, entry) for entry in _entries(config, table)],
            }
            for table in EDITABLE
        ]
        return {
            "running": self._running,
            "tables": tables,
            "standings": [standing(one) for one in standings[: len(config.accounts)]],
        }

    def proposed(self, change: Change, at_keypad: tuple[str, ...] = ()) -> Proposal:
        """The change, judged as phone.toml is, and what it will do. Raises ``ConfigError`` and ``Unable``."""
        text = self._text()
        place = self._passwords.place() if change.password else None
        after, document = edited(text, change, str(place or ""))
        if place is not None:
            entry = _entry(document, change)
            del entry["password_file"]
            entry["password"] = change.password  # judged as such; it is written only when it is confirmed
        now = self._config(document)
        said = effects(self._config(_parsed(text)), now, change, at_keypad)
        if not said:
            raise Unable("this is as it was; nothing would change")
        if len(after.encode()) > LARGEST:
            raise Unable("phone.toml would be too large; remove something first")
        return Proposal(
            secrets.token_urlsafe(16),
            _hashed(text),
            after,
            _hashed(after),
            tuple(said),
            change.password,
            place,
        )

    def hand_over(self, proposal: Proposal, folder: Path) -> None:
        """To the program that writes it. Raises ``Unable`` and OSError; then nothing is changed."""
        if _hashed(self._text()) != proposal.base:
            raise Unable("phone.toml was changed meanwhile; look at it again, then confirm")
        if proposal.place is not None:
            self._passwords.keep(proposal.place, proposal.password)
        period.propose(folder, proposal.text)

    def _text(self) -> str:
        if self._path is None:
            raise Unable("this telephone was started without a phone.toml; nothing can be changed here")
        try:
            with self._path.open("rb") as file:
                raw = file.read(LARGEST + 1)
            if len(raw) > LARGEST:
                raise Unable("phone.toml is too large to be changed here; change it with an editor")
            return raw.decode("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Unable("phone.toml cannot be read; look at the telephone's log") from error

    def _config(self, document: dict[str, Any]) -> Config:
        assert self._path is not None  # noqa: S101 - _text came first
        return configuration.judged(document, self._path)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unable(BY_HAND) from error


def _entry(document: dict[str, Any], change: Change) -> dict[str, Any]:
    """The account in ``document`` that was changed."""
    found = document[change.table]
    entry: dict[str, Any] = found[change.at] if isinstance(found, list) else found
    return entry


def _entries(config: Config, table: str) -> list[Any]:
    match table:
        case "account":
            return list(config.accounts)
        case "contact":
            return list(config.contacts)
    return [getattr(config, table)]


def _field(row: Row) -> dict[str, Any]:
    """What the page needs for one field: its key, what it means, and how it is typed."""
    kind: Any = row.option.kind
    sort, choices = "text", []
    match kind:
        case Password():
            sort = "password"
        case Flag():
            sort = "flag"
        case Choice():
            sort, choices = "choice", list(kind.values)
        case Number():
            sort = "number"
        case Several() | Words():
            sort = "lines"
    return {
        "key": row.key,
        "about": KEPT_HERE if sort == "password" else row.option.about.replace("`", ""),
        "words": kind.words.replace("`", ""),
        "absent": _absent(row),
        "sort": sort,
        "choices": choices,
        "needed": row.default is MISSING,
    }


def _absent(row: Row) -> str:
    """What holds when nothing is typed, in words."""
    if row.option.same_as:
        return f"that of {row.option.same_as}"
    if row.option.absent:
        return row.option.absent.replace("`", "")
    value = getattr(row.default, "value", row.default)
    if row.default is MISSING or value in (None, ""):
        return ""
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else toml(value).strip('"')


def _values(table: str, entry: Any) -> dict[str, str]:
    """What each field holds, as it is typed; nothing where its default counts, and nothing of a password."""
    found = {}
    for row in options(table):
        value = getattr(entry, row.name)
        same = getattr(entry, row.option.same_as) if row.option.same_as else row.default
        shown = getattr(value, "value", value)
        if isinstance(row.option.kind, Password) or value in (None, row.default, same):
            found[row.key] = ""
        elif isinstance(shown, tuple):
            found[row.key] = "\n".join(str(one) for one in shown)
        else:
            found[row.key] = str(shown).lower() if isinstance(shown, bool) else str(shown)
    return found


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
