"""What a disk was told, in order: to have it as it was at any moment, with or without what was not flushed.

QEMU's blklogwrites keeps the log in the form of the kernel's dm-log-writes: a superblock, then for each write
one sector with where and how much, and the data. All fields are little endian.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path

_SECTOR = 512
_MAGIC = 0x6A736677736872
_FLUSH, _FUA, _DISCARD = 1, 2, 4


@dataclass(frozen=True)
class Write:
    """``at``: in octets. ``ends``: where it ends in the log. ``flush``: all before is durable."""

    at: int
    octets: bytes
    ends: int
    flush: bool
    durable: bool


def read(log: Path) -> list[Write]:
    """All of a log. Raises ValueError for another file."""
    octets = log.read_bytes()
    magic, _, _, size = struct.unpack_from("<QQQI", octets)
    if magic != _MAGIC or size != _SECTOR:
        raise ValueError(f"{log} is no log of writes")
    found, at = [], _SECTOR
    while at + _SECTOR <= len(octets):
        sector, count, flags, _ = struct.unpack_from("<QQQQ", octets, at)
        length = 0 if flags & _DISCARD else count * _SECTOR
        ends = at + _SECTOR + length
        if ends > len(octets) or not (count or flags):
            break
        data = octets[at + _SECTOR : ends]
        found.append(Write(sector * _SECTOR, data, ends, bool(flags & _FLUSH), bool(flags & _FUA)))
        at = ends
    return found


def replay(before: Path, writes: list[Write], cut: int, disk: Path, dice: random.Random | None) -> None:
    """``disk`` as the power left it: ``before`` and the first ``cut`` of ``writes``.

    With ``dice`` the disk has a memory of its own: of what was written since the last flush, each write is
    there or not.
    """
    flushed = max((n for n, write in enumerate(writes[:cut]) if write.flush), default=-1)
    disk.write_bytes(before.read_bytes())
    with disk.open("r+b") as file:
        for number, write in enumerate(writes[:cut]):
            kept = dice is None or number <= flushed or write.durable or dice.random() < 0.5
            if kept and write.octets:
                file.seek(write.at)
                file.write(write.octets)
