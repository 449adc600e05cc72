"""Security notices as their makers write them: ``notices.toml``, with all that are still to be told.

::

    [[notice]]
    id = "SV-2026-2"
    published = 2026-11-24
    first = "0.1.0"                 # the oldest version that has it; left out: all
    fixed_in = "0.1.2"              # left out: there is no version without it yet
    text = "A stranger can make the telephone ring without end."
    remedy = "Until then: call screening, in the settings."
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from firmware.phone.errors import UpdateError
from firmware.updater.notices import Notice, Notices, encoded
from firmware.updater.version import parse

_KEYS = {"id", "published", "first", "fixed_in", "text", "remedy"}
_NEEDED = ("id", "published", "text", "remedy")


def read(path: Path, number: int) -> Notices:
    """The notices of ``path``, published as the file with this number. Raises UpdateError, naming what is
    wrong."""
    try:
        value = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UpdateError(f"{path} cannot be read: {error}") from error
    written = value.pop("notice", [])
    if value or not isinstance(written, list):
        raise UpdateError(f"{path}: write [[notice]] before each notice, and nothing else at the top")
    try:
        found = Notices(number, tuple(_notice(one) for one in written))
        encoded(found)
    except UpdateError as error:
        raise UpdateError(f"{path}: {error}") from None
    return found


def _notice(value: dict[str, Any]) -> Notice:
    name = value.get("id", "a notice")
    if missing := [key for key in _NEEDED if key not in value]:
        raise UpdateError(f"{name}: {missing[0]} is missing")
    if unknown := sorted(value.keys() - _KEYS):
        raise UpdateError(f"{name}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    published = value["published"]
    if not isinstance(published, date) or isinstance(published, datetime):
        raise UpdateError(f"{name}: published is no date; write it as 2026-11-24, without quotes")
    fixed_in = value.get("fixed_in", "")
    return Notice(
        id=value["id"],
        published=published,
        first=parse(value.get("first", "0.0.0")),
        fixed_in=parse(fixed_in) if fixed_in else None,
        text=value["text"],
        remedy=value["remedy"],
    )
