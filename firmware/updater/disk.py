"""Files that a power cut leaves whole: the old content or the new, never a part of either."""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write ``content`` as ``path`` by a new file, fsync, and a rename, then fsync of the folder.

    Raises OSError; the old content is then still there.
    """
    new = path.with_name(path.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(new, flags, 0o600)
    try:
        os.fchmod(handle, mode)  # whatever the umask
        _write_all(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(new, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
