"""``update.toml``: where releases come from and what the user wants. Strict: an unknown key is refused.

::

    url = "https://updates.example/"   # none: there are no updates, and the telephone says so
    mode = "automatic"                 # or "security", "ask", "off"
    hours = [2, 5]                     # at night: from two to five o'clock, local time
    ca_file = "ca.pem"                 # optional: whom to trust for the connection; the system's list else
    whole = true                       # optional: never fetch a patch, which tells the server what ran before
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.phone.errors import ConfigError
from firmware.updater.judge import Mode


@dataclass(frozen=True)
class Settings:
    """``url``: "" where there is none. ``hours``: from and until, local time; the night may pass midnight."""

    url: str = ""
    mode: Mode = Mode.AUTOMATIC
    hours: tuple[int, int] = (2, 5)
    ca_file: Path | None = None
    whole: bool = False

    def night(self, hour: int) -> bool:
        start, end = self.hours
        return start <= hour < end if start < end else hour >= start or hour < end


def read(path: Path) -> Settings:
    """Raises ConfigError with a line for each fault: file, key, what is wrong, what would be right."""
    try:
        value = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    faults = [
        f"{path}: {key}: unknown key; known are {', '.join(_READ)}" for key in value.keys() - _READ.keys()
    ]
    found: dict[str, Any] = {}
    for key, given in value.items():
        if key in _READ:
            try:
                found[key] = _READ[key](given)
            except (TypeError, ValueError) as error:
                faults.append(f"{path}: {key}: {error}")
    if faults:
        raise ConfigError(sorted(faults))
    return Settings(**found)


def _url(given: object) -> str:
    if not isinstance(given, str) or (given and not given.startswith("https://")):
        raise ValueError('is no address; write one such as "https://updates.example/", only https is used')
    return given


def _mode(given: object) -> Mode:
    try:
        return Mode(given)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(mode.value for mode in Mode)}") from None


def _hours(given: object) -> tuple[int, int]:
    match given:
        case [int(start), int(end)] if 0 <= start < 24 and 0 <= end <= 24 and start != end:
            return start, end
    raise ValueError("must be two hours such as [2, 5]")


def _file(given: object) -> Path:
    if not isinstance(given, str) or not Path(given).is_absolute():
        raise ValueError('must be the whole path of a file, such as "/etc/ssl/ca.pem"')
    return Path(given)


def _flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise ValueError("must be true or false")
    return given


_READ = {"url": _url, "mode": _mode, "hours": _hours, "ca_file": _file, "whole": _flag}
