"""Signed files of JSON, read strictly: an unknown, missing or doubled key, a wrong type or a value out of
bounds is refused, with the name of the file and of the key. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from firmware.phone.errors import UpdateError

_T = TypeVar("_T")


def top_of(octets: bytes, longest: int, what: str) -> Table:
    """The table that the file ``what`` is. Raises UpdateError."""
    if len(octets) > longest:
        raise UpdateError(f"{what} is longer than {longest} octets")
    try:
        value = json.loads(octets, parse_constant=no_constant, object_pairs_hook=no_key_twice)
    except (ValueError, RecursionError) as error:
        raise UpdateError(f"{what} is not readable: {str(error)[:80]}") from None
    return Table(value, "", what)


class Table:
    """One JSON object of the file that is called ``what``, from which each key is taken once."""

    def __init__(self, value: object, name: str, what: str) -> None:
        if not isinstance(value, dict):
            raise UpdateError(f"{what}: {name or 'the top'} is no table")
        self._left = dict(value)
        self._name = name
        self._what = what

    def take(self, key: str, read: Callable[[object], _T]) -> _T:
        name = f"{self._name}.{key}".lstrip(".")
        if key not in self._left:
            raise UpdateError(f"{self._what}: {name} is missing")
        try:
            return read(self._left.pop(key))
        except (UpdateError, ValueError) as error:
            raise UpdateError(f"{self._what}: {name}: {error}") from None

    def finish(self) -> None:
        if self._left:
            raise UpdateError(f"{self._what}: unknown key {str(min(self._left))[:40]!r}")


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"is no whole number from {low} to {high}")
        return value

    return read


def text(longest: int, form: re.Pattern[str] | None = None) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest or (form and not form.fullmatch(value)):
            raise ValueError("has not the form that it must have")
        if any(not (char.isprintable() or char == "\n") for char in value):
            raise ValueError("has characters that cannot be shown")
        return value

    return read


def moment(value: object) -> datetime:
    found = text(20, re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII))(value)
    return datetime.strptime(found, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def day(value: object) -> date:
    return date.fromisoformat(text(10, re.compile(r"\d{4}-\d\d-\d\d", re.ASCII))(value))


def listed(read: Callable[[object], _T], most: int) -> Callable[[object], tuple[_T, ...]]:
    def all_of(value: object) -> tuple[_T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"is no list of at most {most}")
        return tuple(read(item) for item in value)

    return all_of


def mapped(
    key: re.Pattern[str], read: Callable[[object], _T], most: int
) -> Callable[[object], dict[str, _T]]:
    def all_of(value: object) -> dict[str, _T]:
        if not isinstance(value, dict) or len(value) > most or not all(map(key.fullmatch, value)):
            raise ValueError(f"is no table of at most {most} names")
        return {name: read(item) for name, item in value.items()}

    return all_of
