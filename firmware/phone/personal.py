"""What a person sets at the keypad: it stands above phone.toml, whose values are the defaults. Pure.

Each option is one of the table of phone.toml (``config_types``) and is checked by it, when it is set as when
it is loaded: what a newer or older version kept, or a damaged disk left, is left out alone, and said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from firmware.phone.config_kinds import Wrong
from firmware.phone.config_option import Row, Table, rows
from firmware.phone.config_types import Config
from firmware.phone.values import Forward

Value = bool | int | float | str

KEYS = (
    "phone.melody",
    "phone.call_waiting",
    "phone.missed_calls_light",
    "phone.redial_minutes",
    "phone.forward_after",
    "phone.lock_after",
    "phone.language",
    "phone.digit_timeout",
    "phone.no_answer_timeout",
    "phone.transfers",
    "display.brightness",
    "display.dim_after",
    "display.large_type",
    "privacy.history_hours",
    "privacy.anonymous_callers",
    "privacy.unknown_callers",
    "privacy.forwarded_callers",
    "accessibility.slow_keys",
    "accessibility.light_sounds",
    "accessibility.sound_lights",
    "accessibility.speech",
    "accessibility.text",
)
"""The options of phone.toml that belong to a person."""

HISTORY = "privacy.history_hours"

LARGEST = 16 * 1024
"""Octets of the document."""


@dataclass(frozen=True)
class Personal:
    """``values``: the options set at the keypad, as phone.toml would write them, in the order of KEYS.
    ``forwards``: where calls are sent on ("": nowhere); ``undisturbed``: nothing rings.
    """

    values: tuple[tuple[str, Value], ...] = ()
    forwards: tuple[tuple[Forward, str], ...] = ()
    undisturbed: bool = False

    def with_value(self, key: str, value: Value | None) -> Personal:
        """These with one option set; None: as phone.toml says. Raises ``Wrong``."""
        if value is not None:
            read(key, value)
        held = {**dict(self.values), key: value}
        kept = tuple((name, held[name]) for name in KEYS if held.get(name) is not None)
        return replace(self, values=kept)  # type: ignore[arg-type]


@lru_cache
def row(key: str) -> Row:
    """The option ``key`` ("phone.melody") in the table of phone.toml."""
    table, _, name = key.partition(".")
    outer = next(one for one in rows(Config) if one.key == table)
    assert isinstance(outer.option.kind, Table), key  # noqa: S101
    return next(one for one in rows(outer.option.kind.cls) if one.key == name)


def read(key: str, value: object) -> Any:
    """What ``value`` stands for in a ``Config``. Raises ``Wrong``."""
    if key not in KEYS:
        raise Wrong("is no personal option")
    kind: Any = row(key).option.kind
    return kind.read(value, Path())


def of(config: Config, key: str) -> Any:
    """The value of an option in ``config``."""
    return getattr(getattr(config, key.partition(".")[0]), row(key).name)


def applied(config: Config, values: Mapping[str, Value]) -> Config:
    """``config`` with what the person set."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        tables.setdefault(key.partition(".")[0], {})[row(key).name] = read(key, value)
    return replace(config, **{table: replace(getattr(config, table), **of) for table, of in tables.items()})


def octets(personal: Personal) -> bytes:
    """As JSON."""
    fields = {
        "values": dict(personal.values),
        "forwards": {when.value: number for when, number in personal.forwards},
        "undisturbed": personal.undisturbed,
    }
    return json.dumps(fields, ensure_ascii=False).encode(errors="replace")


def loaded(raw: bytes) -> tuple[Personal, tuple[str, ...]]:
    """What ``octets`` wrote, and the names of what in it is none. Raises ValueError when it all is none."""
    fields = json.loads(raw) if len(raw) <= LARGEST else None
    if not isinstance(fields, dict):
        raise ValueError("the settings are no settings")
    personal, faults = Personal(undisturbed=fields.get("undisturbed") is True), []
    for key, value in _table(fields, "values").items():
        try:
            personal = personal.with_value(key, value)
        except Wrong:
            faults.append(key if key in KEYS else "an unknown one")
    for when, number in _table(fields, "forwards").items():
        if when in {one.value for one in Forward} and isinstance(number, str) and len(number) <= 256:
            personal = replace(personal, forwards=(*personal.forwards, (Forward(when), number)))
        else:
            faults.append("forwarding")
    return personal, tuple(faults)


def _table(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}
