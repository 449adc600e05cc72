"""Folders: what is kept by content, and the results. Raises nothing."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BOARDS = PROJECT / "board"
DATA = BOARDS / "image"
RESULTS = PROJECT / "build" / "image"


def cache_folder() -> Path:
    """Where packages, roots and wheels are kept, each under a name that follows from its content."""
    base = (
        os.environ.get("SOTTOVOCE_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sottovoce"
    )
    return Path(base) / "image"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs away from the cache; wait while one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A new folder that becomes ``target`` at the end, or is gone if that is not reached."""
    fresh = target.with_name(f"making-{target.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
