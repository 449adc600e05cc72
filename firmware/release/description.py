"""What a release is said to be: a TOML file that a person writes, ``release.toml``.

::

    version = "1.2.0"
    floor = "1.0.0"                 # nothing older is installed once this one runs
    supported_until = 2031-12-31
    security = false
    rollout_hours = 72

    [notes]
    en = "What changed, in a few words."

    [[flaw]]                        # what older versions suffer from
    id = "SV-2026-1"
    fixed_in = "1.1.5"
    text = "A stranger can make the telephone ring without end."
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from firmware.phone.errors import UpdateError
from firmware.updater.release import Bundle, Flaw, Release, encoded
from firmware.updater.version import parse

_KEYS = {"version", "floor", "supported_until", "security", "rollout_hours", "notes", "flaw"}


def read(path: Path, bundles: Mapping[str, Path], now: datetime) -> Release:
    """The release that ``path`` describes, with these bundles (board to file).

    Raises UpdateError with the file and the key that is wrong.
    """
    try:
        value = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UpdateError(f"{path} cannot be read: {error}") from error
    unknown = sorted(value.keys() - _KEYS)
    if unknown:
        raise UpdateError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    try:
        release = _release(value, bundles, now)
        encoded(release)
    except KeyError as error:
        raise UpdateError(f"{path}: {error.args[0]} is missing") from None
    except (UpdateError, TypeError, AttributeError) as error:
        raise UpdateError(f"{path}: {error}") from None
    return release


def _release(value: dict[str, Any], bundles: Mapping[str, Path], now: datetime) -> Release:
    version = parse(value["version"])
    until = value["supported_until"]
    if not isinstance(until, date) or isinstance(until, datetime):
        raise UpdateError("supported_until is no date; write it as 2031-12-31, without quotes")
    return Release(
        version=version,
        published=now,
        floor=parse(value["floor"]),
        supported_until=until,
        security=value.get("security", False),
        rollout_hours=value.get("rollout_hours", 72),
        flaws=tuple(
            Flaw(flaw["id"], parse(flaw["fixed_in"]), flaw["text"]) for flaw in value.get("flaw", [])
        ),
        notes=value.get("notes", {}),
        bundles={
            board: _bundle(f"stable/{board}/phone-{version}.raucb", file) for board, file in bundles.items()
        },
    )


def _bundle(target: str, path: Path) -> Bundle:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Bundle(target, path.stat().st_size, digest)
    except OSError as error:
        raise UpdateError(f"the bundle {path} cannot be read ({error.strerror})") from error
