"""The account that was typed at the first start, as far as the rules need it: where its provider is.

The telephone tells it in a file, since nobody else may read what was typed. It may be a broken telephone: so
nothing counts but the options that are asked for at the keypad, and of these none that names a port.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

from firmware.phone import config as configuration
from firmware.phone.config import Config
from firmware.phone.errors import ConfigError
from firmware.phone.typed import TOLD_OPTIONS, untouched

LARGEST = 4096
"""Octets of that file."""


class Strange(ValueError):
    """It is not what a telephone tells; the text says why."""


def effective(config: Config, told: Path) -> Config:
    """``config``, or where it says nothing the account of ``told``. Raises ``Strange``."""
    if config.source is None or not untouched(config):
        return config
    text = _read(told)
    if text is None:
        return config
    try:
        account = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Strange("it is no TOML") from error
    if not account or not set(account) <= set(TOLD_OPTIONS):
        raise Strange("it may say these alone: " + ", ".join(TOLD_OPTIONS))
    try:
        return configuration.judged({"account": {"user": "-", **account}}, told, files=False)
    except ConfigError as error:
        raise Strange("; ".join(error.faults)) from error


def _read(path: Path) -> str | None:
    """What is in the file; None where there is none. Raises ``Strange``."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Strange(f"it cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Strange("it is no file")
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Strange("it is too large")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Strange("it is no text") from error
