"""The file that is flashed: partitions by name, and what is in them.

::

    config     FAT: firmware of the board and U-Boot, never written by an update
    boot_a  boot_b   FAT: kernel, first root, arguments with the root's hash
    bootstate  one sector: which slot boots
    root_a  root_b   the read-only root and its hash tree
    data       not in the file: systemd-repart makes it behind the others at the first boot

Both slots hold the same at first, so that a card that decays has somewhere to go.
"""

from __future__ import annotations

import os
import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.image.filesystem import name_uuid
from firmware.image.places import DATA
from firmware.image.shell import ImageError
from firmware.image.workshop import Workshop

SECTOR = 512
_MIB = 1 << 20
_BACKUP = 33 * SECTOR
_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
TYPES = {
    "config": _BASIC_DATA,  # not an EFI system partition: systemd would mount it
    "boot_a": _BASIC_DATA,  # FAT, as Raspberry Pi's firmware asks
    "boot_b": _BASIC_DATA,
    "bootstate": _LINUX,
    "root_a": _LINUX,
    "root_b": _LINUX,
}
"""GPT type of each partition, in their order on the disk."""
_FAT32_LBA, _PROTECTIVE = 0x0C, 0xEE


@dataclass(frozen=True)
class Sizes:
    """Octets of each partition, and what a root may need at most."""

    partitions: Mapping[str, int]
    unpacked: int
    bundle: int


def sizes() -> Sizes:
    """``board/image/sizes.toml``, which is in MiB."""
    said = tomllib.loads((DATA / "sizes.toml").read_text())
    parts = {name: said["partition"][name.partition("_")[0]] * _MIB for name in TYPES}
    return Sizes(parts, said["budget"]["unpacked"] * _MIB, said["budget"]["bundle"] * _MIB)


def script(partitions: Mapping[str, int], seed: str) -> str:
    """What sfdisk is told. Identifiers follow from ``seed`` and the names."""
    lines = ["label: gpt", f"label-id: {name_uuid(f'{seed} disk')}", "first-lba: 2048", ""]
    start = _MIB
    for name, size in partitions.items():
        identity = name_uuid(f"{seed} {name}")
        lines.append(
            f"start={start // SECTOR}, size={size // SECTOR}, "
            f'type={TYPES[name]}, uuid={identity}, name="{name}"'
        )
        start += size
    return "\n".join([*lines, ""])


def starts(partitions: Mapping[str, int]) -> dict[str, int]:
    """Where each begins, in octets."""
    found, at = {}, _MIB
    for name, size in partitions.items():
        found[name], at = at, at + size
    return found


def hybrid(table: bytes, config_start: int, config_size: int) -> bytes:
    """The first sector with the config partition in it, for boot ROMs that know no GPT.

    The protective entry is kept behind it, so that what knows GPT sees that the MBR is not the truth.
    """
    config = _entry(_FAT32_LBA, config_start // SECTOR, config_size // SECTOR)
    guard = _entry(_PROTECTIVE, 1, config_start // SECTOR - 1)
    return table[:446] + config + guard + bytes(32) + table[510:]


def _entry(kind: int, start: int, count: int) -> bytes:
    nowhere = b"\xfe\xff\xff"  # cylinder, head, sector: not used with LBA
    return struct.pack("<B3sB3sII", 0, nowhere, kind, nowhere, start, count)


def write(shop: Workshop, image: Path, contents: Mapping[str, Path], seed: str, *, hybrid_mbr: bool) -> None:
    """Write ``image`` with ``contents`` (partition to file); holes stay holes.

    Raises ImageError for content that is larger than its partition.
    """
    partitions = sizes().partitions
    begins = starts(partitions)
    image.unlink(missing_ok=True)
    with image.open("wb") as disk:
        disk.truncate(begins["root_b"] + partitions["root_b"] + _MIB)
    (image.parent / "table").write_text(script(partitions, seed))
    command = f"sfdisk --quiet --no-tell-kernel /out/{image.name} < /out/table"
    shop.run(["sh", "-ec", command], "writing the partitions", places={"/out": image.parent})
    (image.parent / "table").unlink()
    with image.open("r+b") as disk:
        for name, file in contents.items():
            if file.stat().st_size > partitions[name]:
                raise ImageError(
                    f"{name}: {file.stat().st_size >> 20} MB do not fit into {partitions[name] >> 20} MB"
                )
            _fill(disk.fileno(), begins[name], file)
        if hybrid_mbr:
            disk.seek(0)
            first = disk.read(SECTOR)
            disk.seek(0)
            disk.write(hybrid(first, begins["config"], partitions["config"]))


def _fill(disk: int, start: int, file: Path) -> None:
    with file.open("rb") as source:
        at = start
        while piece := source.read(_MIB):
            if piece.strip(b"\0"):
                os.pwrite(disk, piece, at)
            at += len(piece)
