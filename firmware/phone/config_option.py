"""What is said of each option beside its type and default, and how to walk over the options."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, NamedTuple, get_type_hints

from firmware.phone.config_kinds import Kind


class Table(NamedTuple):
    """A ``[table]`` of phone.toml. An ``optional`` one may be left out as a whole.

    ``most``: so many may be written as ``[[tables]]``; those after the first go to the field ``more``.
    """

    cls: type
    optional: bool = False
    most: int = 1


class Tables(NamedTuple):
    """Any number of ``[[tables]]``."""

    cls: type


@dataclass(frozen=True)
class Option:
    """What phone.toml may say for one field.

    ``key`` is the name in the file where it differs from the field's, ``same_as`` the option whose value is
    the default, ``absent`` what holds, in words, when the option is not set.
    """

    kind: Kind | Table | Tables
    about: str = ""
    key: str = ""
    same_as: str = ""
    absent: str = ""


class Row(NamedTuple):
    name: str
    key: str
    option: Option
    default: Any
    """``dataclasses.MISSING`` where the option has to be given."""


@functools.cache
def rows(cls: type) -> tuple[Row, ...]:
    """The options of a table, in the order of the file."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        Row(field.name, option.key or field.name, option, field.default)
        for field in dataclasses.fields(cls)
        for option in getattr(hints[field.name], "__metadata__", ())
    )
