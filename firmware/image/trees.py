"""Pieces of a tree of files: remove, copy, list; one date on everything."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path


def entries(top: Path) -> Iterator[Path]:
    """Everything below ``top``, folders before what is in them, in the order of their names."""
    for path in sorted(top.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from entries(path)


def remove(path: Path) -> None:
    """A file, link or whole folder; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_matching(top: Path, patterns: Iterable[str]) -> None:
    """What matches the glob patterns below ``top``."""
    for pattern in patterns:
        for path in sorted(top.glob(pattern), reverse=True):
            remove(path)


def remove_listed(top: Path, listed: Iterable[str], kept: set[str]) -> None:
    """The files of packages that are left out, unless one that stays has them too; then empty folders."""
    gone = sorted({name.lstrip("./") for name in listed} - kept, reverse=True)
    for name in gone:
        path = top / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def copy(source: Path, target: Path, mode: int | None = None) -> None:
    """A file, or a folder with all that is in it (not Python's caches)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copyfile(source, target)
        target.chmod(source.stat().st_mode & 0o755 | 0o644 if mode is None else mode)


def write(target: Path, text: str, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def date(top: Path, epoch: int) -> None:
    """Set one date, so that the tree is the same whenever it was made."""
    for path in [top, *entries(top)]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def size(top: Path) -> int:
    """Octets of all regular files, each once."""
    seen: dict[tuple[int, int], int] = {}
    for path in entries(top):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())
