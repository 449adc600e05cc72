"""The data key as it lies on the card: two copies in the partition ``bootstate``, far from the boot state.

A copy is one sector: mark, key, SHA-256 of both, zeros. Two, because a card that loses one sector would lose
everything that is kept; few, because each has to be overwritten when the key is destroyed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path

KEY = 64
"""Octets: two keys of AES-256, as XTS takes them (IEEE 1619)."""
SECTOR = 512
PLACES = (64 << 10, 128 << 10)
"""Where the copies begin, in octets; the boot state is the first sector."""
_MARK = b"SVDATA1\n"
_BLKDISCARD = 0x1277
"""Linux, <linux/fs.h>: two words of 64 bits, where and how much."""


def encoded(key: bytes) -> bytes:
    """One copy. Raises ValueError for a key of another length."""
    if len(key) != KEY:
        raise ValueError(f"a data key has {KEY} octets, not {len(key)}")
    said = _MARK + key
    return (said + hashlib.sha256(said).digest()).ljust(SECTOR, b"\0")


def decoded(sector: bytes) -> bytes | None:
    """The key, None where there is none or it is damaged."""
    said = sector[: len(_MARK) + KEY]
    whole = sector[len(said) : len(said) + 32] == hashlib.sha256(said).digest()
    return said[len(_MARK) :] if whole and said.startswith(_MARK) else None


def read(partition: Path) -> bytes | None:
    """The key on the card; a copy that was lost is written anew. Raises OSError."""
    with _opened(partition) as disk:
        octets = os.pread(disk, PLACES[-1] + SECTOR, 0)
        key = read_octets(octets)
        if key is not None and None in _copies(octets):
            _write(disk, encoded(key))
    return key


def read_octets(partition: bytes) -> bytes | None:
    """The key in what a partition holds."""
    return next((key for key in _copies(partition) if key is not None), None)


def _copies(partition: bytes) -> list[bytes | None]:
    return [decoded(partition[place : place + SECTOR]) for place in PLACES]


def write(partition: Path, key: bytes) -> None:
    """Keep ``key`` from now on. Raises OSError."""
    with _opened(partition) as disk:
        _write(disk, encoded(key))


def destroy(partition: Path) -> None:
    """Overwrite every copy, and tell the card that it is not needed any more. Raises OSError.

    What a card keeps of blocks that it has set aside by itself no program reaches.
    """
    with _opened(partition) as disk:
        _write(disk, secrets.token_bytes(SECTOR))
        for place in PLACES:
            with contextlib.suppress(OSError):  # files, and disks that know no discard
                fcntl.ioctl(disk, _BLKDISCARD, struct.pack("=QQ", place, SECTOR))
        _write(disk, bytes(SECTOR))


@contextlib.contextmanager
def _opened(partition: Path) -> Iterator[int]:
    disk = os.open(partition, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield disk
    finally:
        os.close(disk)


def _write(disk: int, sector: bytes) -> None:
    for place in PLACES:
        os.pwrite(disk, sector, place)
    os.fsync(disk)
