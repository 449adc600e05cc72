"""Passwords that were typed on the page: each in a file of the telephone's own, which phone.toml names.

So phone.toml, which other programs read too, holds none, and the program that writes it sees none.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path

FOLDER = "passwords"


class Passwords:
    """Below the state directory. Every method but the constructor and ``place`` may raise OSError."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir.absolute() / FOLDER

    def place(self) -> Path:
        """Where a new one can be kept."""
        return self._folder / f"account-{secrets.token_hex(8)}"

    def keep(self, place: Path, password: str) -> None:
        """On the card before it returns: what names it is written next."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(place, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def tidy(self, named: Collection[str]) -> None:
        """Remove those that the configuration does not name."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if str(path) not in named:
                path.unlink()
