"""Pass phrases: asked for at the terminal, or from a file that nobody else can read. Never an argument."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from firmware.phone.errors import UpdateError


def asked(twice: bool) -> Callable[[str], str]:
    """Ask at the terminal; ``twice`` for a new key. Raises UpdateError without a terminal."""

    def phrase(name: str) -> str:
        if not sys.stdin.isatty():
            raise UpdateError(f"the pass phrase for {name} is needed: use a terminal, or --phrase-file")
        given = getpass.getpass(f"pass phrase for {name}: ")
        if twice and getpass.getpass("once more: ") != given:
            raise UpdateError("the two were not the same; nothing was made")
        return given

    return phrase


def from_file(path: Path) -> Callable[[str], str]:
    """The one pass phrase of ``path`` for all keys: for tests, and for the online keys' timer.

    Raises UpdateError when others can read the file.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise UpdateError(f"{path} can be read by others; run chmod 600 {path}")
        phrase = path.read_text().rstrip("\n")
    except OSError as error:
        raise UpdateError(f"{path} cannot be read ({error.strerror})") from error
    return lambda name: phrase
