"""phone.toml, as the page sees it and as a change would make it. Reads the file each time, never writes."""

from __future__ import annotations

import hashlib
import re
import secrets
import tomllib
from dataclasses import MISSING, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from firmware.phone import config as configuration
from firmware.phone import providers, typed
from firmware.phone.config import Config
from firmware.phone.config_files import Password
from firmware.phone.config_kinds import Choice, Flag, Number, Several, Words
from firmware.phone.config_option import Row
from firmware.phone.config_text import toml
from firmware.phone.errors import ConfigError
from firmware.phone.machine.state import State
from firmware.phone.setting_up import period
from firmware.phone.setting_up.change import BY_HAND, EDITABLE, Change, Unable, edited, is_list, options
from firmware.phone.setting_up.effects import effects, standing
from firmware.phone.setting_up.passwords import Passwords

LARGEST = 64 * 1024
"""Octets of a phone.toml that is changed here."""


MANAGED = (
    "Your administrator's configuration counts on this telephone: phone.toml is a link to what they hand "
    "out. Nothing can be changed here, because that would put theirs aside; ask them, or use the keypad's "
    "settings."
)
TAKEN_UP = (
    "What was typed at the first start is written into phone.toml along with it; the password stays in a "
    "file that the telephone alone can read."
)
AGREED = (
    "you agreed to what this provider does not protect (accept_weaker), and that counts for no other; remove "
    "the account and add it anew with the other provider"
)
KEPT_HERE = "The password of the account. The telephone keeps it in a file that it alone can read."


@dataclass(frozen=True)
class Proposal:
    """A change that was shown and may be confirmed. ``name``: nobody can guess it; ``base``: the SHA-256 of
    what it was made of; ``version``: that of its own text. ``passwords``: to be kept, each where the text
    says. ``typed``: it takes up what was typed at the first start."""

    name: str
    base: str
    text: str
    version: str
    effects: tuple[str, ...]
    passwords: tuple[tuple[Path, str], ...] = field(default=(), repr=False)
    typed: bool = False


class Configuration:
    """``path``: None where the telephone was started without one; then nothing can be changed. ``state_dir``:
    where what was typed at the first start is."""

    def __init__(self, path: Path | None, passwords: Passwords, state_dir: Path) -> None:
        self._path = path
        self._state_dir = state_dir
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
        named = [one.get("password_file") for one in _accounts(document)]
        self._passwords.tidy([name for name in named if isinstance(name, str)])

    def told(self, state: State) -> dict[str, Any]:
        """All that can be changed, with what it is now; of passwords that there is one. Raises ``Unable``."""
        text, config = self._in_effect()
        written = {"account": _accounts(_parsed(text))}
        standings = (state.registration, *(one.registration for one in state.more))
        tables = [
            {
                "name": table,
                "list": is_list(table),
                "fields": [_field(row) for row in options(table)],
                "entries": [
                    _values(table, entry, one or {})
                    for entry, one in zip_longest(_entries(config, table), written.get(table, ()))
                ],
            }
            for table in EDITABLE
        ]
        return {
            "running": self._running,
            "managed": MANAGED if self._managed else "",
            "tables": tables,
            "standings": [standing(one) for one in standings[: len(config.accounts)]],
        }

    def proposed(self, change: Change, at_keypad: tuple[str, ...] = ()) -> Proposal:
        """The change, judged as phone.toml is, and what it will do. Raises ``ConfigError`` and ``Unable``."""
        if self._managed:
            raise Unable(MANAGED)
        base, (text, before) = self._base(), self._in_effect()
        took_up = before.source != self._path
        passwords: dict[str, str] = {}
        if took_up:
            text, passwords = self._without_passwords(text)
        place = str(self._passwords.place()) if change.password else ""
        after, document = edited(text, change, place)
        if not _agreed(document) <= _agreed(_parsed(text)):
            raise Unable(AGREED)
        if place:
            passwords[place] = change.password
        passwords = _judged_inside(document, passwords)
        said = effects(before, self._config(document), change, at_keypad)
        if not said:
            raise Unable("this is as it was; nothing would change")
        if took_up:
            said.insert(-1, TAKEN_UP)
        if len(after.encode()) > LARGEST:
            raise Unable("phone.toml would be too large; remove something first")
        return Proposal(
            secrets.token_urlsafe(16),
            base,
            after,
            _hashed(after),
            tuple(said),
            tuple((Path(name), password) for name, password in passwords.items()),
            took_up,
        )

    def hand_over(self, proposal: Proposal, folder: Path) -> None:
        """To the program that writes it. Raises ``Unable`` and OSError; then nothing is changed."""
        if self._managed:
            raise Unable(MANAGED)
        if self._base() != proposal.base:
            raise Unable("phone.toml was changed meanwhile; look at it again, then confirm")
        for place, password in proposal.passwords:
            self._passwords.keep(place, password)
        if proposal.typed:
            typed.moves(self._state_dir, proposal.text)
        period.propose(folder, proposal.text)

    @property
    def _managed(self) -> bool:
        """Whether somebody else decides what phone.toml says: to write there would replace the link."""
        return self._path is not None and self._path.is_symlink()

    def _base(self) -> str:
        """SHA-256 of all that what is in effect was made of."""
        return _hashed(f"{self._text()}\0{self._typed()}")

    def _in_effect(self) -> tuple[str, Config]:
        """phone.toml, or what was typed at the first start as long as that says nothing. A typed one that is
        damaged counts as none. Raises ``ConfigError`` and ``Unable``."""
        text = self._text()
        config = self._config(_parsed(text))
        found = self._typed() if typed.untouched(config) else ""
        if not found:
            return text, config
        try:
            return found, configuration.judged(tomllib.loads(found), self._state_dir / typed.FILE)
        except (tomllib.TOMLDecodeError, ConfigError):
            return text, config

    def _typed(self) -> str:
        try:
            return typed.text(self._state_dir)
        except (OSError, UnicodeDecodeError) as error:
            raise Unable("what was typed at the first start cannot be read; look at the log") from error

    def _without_passwords(self, text: str) -> tuple[str, dict[str, str]]:
        """``text`` with a file named for each password, and what is to be in these."""
        found = {}
        for number, account in enumerate(_accounts(_parsed(text)), start=1):
            if isinstance(password := account.get("password"), str):
                place = str(self._passwords.place())
                text, _ = edited(text, Change("account", number), place)
                found[place] = password
        return text, found

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


def _accounts(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document.get("account", [])
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _agreed(document: dict[str, Any]) -> set[str]:
    """The providers that may fill in what is weaker."""
    return {str(one.get("provider")) for one in _accounts(document) if one.get("accept_weaker")}


def _judged_inside(document: dict[str, Any], passwords: dict[str, str]) -> dict[str, str]:
    """Those of ``passwords`` that ``document`` names. There they are judged; the files are written only when
    it is confirmed."""
    named = {}
    for account in _accounts(document):
        if (name := account.get("password_file", "")) in passwords:
            account["password"] = named[name] = passwords[name]
            del account["password_file"]
    return named


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
    if row.key == "provider":
        sort, choices = "choice", list(providers.names())
    return {
        "key": row.key,
        "about": KEPT_HERE if sort == "password" else _plain(row.option.about),
        "words": kind.words.replace("`", ""),
        "absent": _absent(row),
        "sort": sort,
        "choices": choices,
        "needed": row.default is MISSING and row.key != "domain",  # a provider can say that
    }


def _plain(about: str) -> str:
    """``about`` without what the list of options in the documents has besides."""
    return re.sub(r" \(\[[^]]*\]\([^)]*\)\)", "", about).replace("`", "")


def _absent(row: Row) -> str:
    """What holds when nothing is typed, in words."""
    if row.key == "domain":
        return "that of the provider"
    if row.option.same_as:
        return f"that of {row.option.same_as}"
    if row.option.absent:
        return row.option.absent.replace("`", "")
    value = getattr(row.default, "value", row.default)
    if row.default is MISSING or value in (None, ""):
        return ""
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else toml(value).strip('"')


def _values(table: str, entry: Any, written: dict[str, Any]) -> dict[str, str]:
    """What each field holds, as it is typed; nothing where its default counts, or what a provider fills in,
    and nothing of a password. ``written``: an account as phone.toml has it. Besides the fields ``of``: the
    domain of an account, whoever said it."""
    found = {"of": entry.domain} if table == "account" else {}
    for row in options(table):
        if "provider" in written and row.key not in written:
            found[row.key] = ""
            continue
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
