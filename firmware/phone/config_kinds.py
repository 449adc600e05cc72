"""The kinds of value that phone.toml knows: each checks what it was given and says what would be right.

A fault never repeats what the file says of people (names, addresses, passwords): the key tells where to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Protocol

from firmware.phone.sip.uri import unprintable
from firmware.phone.suggest import suggestion


class Wrong(Exception):
    """A value that may not be: what is wrong and what would be right, for one line of a ``ConfigError``.

    ``key`` is the key to blame where it is not the option's own.
    """

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


class Kind(Protocol):
    def read(self, raw: object, folder: Path) -> object:
        """The value that ``raw`` (from TOML) stands for. Raises ``Wrong``."""
        ...

    @property
    def words(self) -> str:
        """What may be written, for people."""
        ...


def shown(text: str, longest: int = 60) -> str:
    """``text`` in quotes, on one line and not too long."""
    short = text if len(text) <= longest else text[:longest] + "…"
    return '"' + "".join(ascii(c)[1:-1] if unprintable(c) else c for c in short) + '"'


def found(raw: object) -> str:
    """What sort of TOML value this is, in words."""
    sorts: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "text in quotes"),
        (int, "a whole number"),
        (float, "a number with a point"),
        ((date, time), "a date or time"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next(word for sort, word in sorts if isinstance(raw, sort))


def one_line(raw: object, longest: int, empty: bool) -> str:
    if not isinstance(raw, str):
        raise Wrong(f"is {found(raw)}; write text in quotes")
    if unprintable(raw):
        raise Wrong("has a control character in it; remove it")
    if not raw and not empty:
        raise Wrong("is empty; write it, or remove the line")
    if len(raw) > longest:
        raise Wrong(f"is too long; write at most {longest} characters")
    return raw


@dataclass(frozen=True)
class Text:
    """One line of text; ``check`` gives its canonical form or raises ``ValueError`` in plain words."""

    words: str = "text"
    check: Callable[[str], str] = str
    empty: bool = False
    longest: int = 512

    def read(self, raw: object, folder: Path) -> str:
        text = one_line(raw, self.longest, self.empty)
        try:
            return self.check(text) if text else ""
        except ValueError as error:
            raise Wrong(str(error)) from None


@dataclass(frozen=True)
class Number:
    """A number from ``low`` to ``high``; ``whole`` refuses a point. ``true`` and ``false`` are no numbers."""

    low: int
    high: int
    whole: bool = False
    hint: str = ""

    @property
    def words(self) -> str:
        sort = "whole number" if self.whole else "number"
        return f"{sort} from {self.low} to {self.high}{self.hint and f' ({self.hint})'}"

    def read(self, raw: object, folder: Path) -> int | float:
        if isinstance(raw, bool) or not isinstance(raw, int if self.whole else int | float):
            raise Wrong(f"is {found(raw)}; write a {self.words} without quotes")
        if not self.low <= raw <= self.high:
            number = str(raw) if abs(raw) < 10**15 else "the number"
            raise Wrong(f"{number} is out of range; write a number{self.words.partition('number')[2]}")
        return raw if self.whole else float(raw)


@dataclass(frozen=True)
class Flag:
    words: str = "`true` or `false`"

    def read(self, raw: object, folder: Path) -> bool:
        if not isinstance(raw, bool):
            raise Wrong(f"is {found(raw)}; write true or false without quotes")
        return raw


@dataclass(frozen=True)
class Choice:
    """One word of a closed list. ``values`` says what each stands for."""

    values: Mapping[str, object]

    @classmethod
    def of(cls, *words: str) -> Choice:
        return cls({word: word for word in words})

    @classmethod
    def of_enum(cls, sort: type[Enum]) -> Choice:
        return cls({member.value: member for member in sort})

    @property
    def words(self) -> str:
        return ", ".join(f'`"{word}"`' for word in self.values)

    def read(self, raw: object, folder: Path) -> object:
        known = ", ".join(f'"{word}"' for word in self.values)
        if not isinstance(raw, str):
            raise Wrong(f"is {found(raw)}; write one of {known}")
        if raw not in self.values:
            raise Wrong(f"{shown(raw)} is not known; write one of {known}{suggestion(raw, self.values)}")
        return self.values[raw]


@dataclass(frozen=True)
class Words:
    """A list of different words of a closed list, in the order of preference."""

    choice: Choice

    @property
    def words(self) -> str:
        return f"list of {self.choice.words}, the first preferred"

    def read(self, raw: object, folder: Path) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise Wrong(f"is {found(raw)}; write a list such as {list(self.choice.values)}".replace("'", '"'))
        words = tuple(self.choice.read(item, folder) for item in raw)
        if not words:
            raise Wrong("is an empty list; write at least one word, or remove the line")
        double = next((word for word in words if words.count(word) > 1), None)
        if double is not None:
            raise Wrong(f'names "{double}" twice; remove one')
        return words


@dataclass(frozen=True)
class Day:
    words: str = "date, such as `2027-01-31`"

    def read(self, raw: object, folder: Path) -> date:
        if isinstance(raw, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
            raise Wrong("is text; write it without quotes")
        if isinstance(raw, datetime):
            raise Wrong("has a time of day; write the date alone, such as 2027-01-31")
        if not isinstance(raw, date):
            raise Wrong(f"is {found(raw)}; write a date without quotes, such as 2027-01-31")
        return raw


@dataclass(frozen=True)
class Several:
    """A list of different texts, or numbers."""

    text: Text | Number
    most: int = 20

    @property
    def words(self) -> str:
        if isinstance(self.text, Number):
            return f"list, each a {self.text.words}"
        return f"list of {self.text.words}s"

    def read(self, raw: object, folder: Path) -> tuple[object, ...]:
        if not isinstance(raw, list):
            such = "numbers such as [5071]" if isinstance(self.text, Number) else 'texts such as ["…"]'
            raise Wrong(f"is {found(raw)}; write a list of {such}")
        if len(raw) > self.most:
            raise Wrong(f"has more than {self.most} entries; remove some")
        texts = tuple(self.text.read(item, folder) for item in raw)
        if len(set(texts)) < len(texts):
            raise Wrong("names one thing twice; remove one")
        return texts
