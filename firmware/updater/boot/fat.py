"""Where a small file of a FAT's root folder lies: read from the tables, nothing mounted. FAT 16 and 32.

Fields as in Microsoft's FAT specification 1.03; all are little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from firmware.phone.errors import UpdateError

SECTOR = 512
Read = Callable[[int, int], bytes]
"""Octets of the partition: from where, how many."""

_ENTRY = 32
_VOLUME_OR_FOLDER = 0x08 | 0x10
_END = 0x0FFFFFF8
_LONGEST_CHAIN = 1024


def where(read: Read, name: bytes, size: int) -> int:
    """Where the file with the 11-octet ``name`` (8.3, without the dot) begins, in octets.

    It must have exactly ``size``, at most one sector, so that it lies in one piece. Raises UpdateError when
    there is no such file.
    """
    top = read(0, SECTOR)
    (octets, per_cluster, reserved, fats, entries) = struct.unpack_from("<HBHBH", top, 11)
    fat_16, fat_32, root = (
        struct.unpack_from(form, top, at)[0] for form, at in (("<H", 22), ("<I", 36), ("<I", 44))
    )
    if octets != SECTOR or not per_cluster or top[510:512] != b"\x55\xaa":
        raise UpdateError("the partition config is no FAT with sectors of 512 octets; write the image anew")
    tables_end = reserved + fats * (fat_16 or fat_32)
    data = tables_end + entries * _ENTRY // SECTOR

    def cluster(number: int) -> tuple[int, int]:
        return (data + (number - 2) * per_cluster) * SECTOR, per_cluster * SECTOR

    if fat_16:
        folders = iter([(tables_end * SECTOR, entries * _ENTRY)])
    else:
        folders = map(cluster, _chain(read, reserved * SECTOR, root))
    for start, length in folders:
        folder = read(start, length)
        for at in range(0, len(folder), _ENTRY):
            entry = folder[at : at + _ENTRY]
            if entry[:11] == name and not entry[11] & _VOLUME_OR_FOLDER:
                high, low, has = struct.unpack_from("<H4xHI", entry, 20)
                if has != size or size > SECTOR:
                    raise UpdateError(f"{name.decode()} has not {size} octets; write the image anew")
                return cluster(high << 16 | low)[0]
    raise UpdateError(f"{name.decode()} is not in the partition config; write the image anew")


def _chain(read: Read, fat: int, number: int) -> Iterator[int]:
    for _ in range(_LONGEST_CHAIN):
        if not 2 <= number < _END:
            return
        yield number
        number = struct.unpack("<I", read(fat + 4 * number, 4))[0] & 0x0FFFFFFF
