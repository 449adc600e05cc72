"""Which slot boots, in one sector of 512 octets: written in place, in one piece, so that a power cut leaves
the old or the new. Pure but for the two functions that read and write it.

``primary`` boots, unless ``trial`` names a slot: that one boots once; the firmware takes the name out before.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from firmware.phone.errors import UpdateError

SIZE = 512
SLOTS = ("a", "b")
_FORM = re.compile(rb"SVBOOT1 primary=([ab]) trial=([ab-]) crc=([0-9a-f]{8})\n")


@dataclass(frozen=True)
class BootSector:
    primary: str = "a"
    trial: str | None = None

    def encoded(self) -> bytes:
        """The sector's 512 octets, with a CRC-32 over what it says."""
        says = f"SVBOOT1 primary={self.primary} trial={self.trial or '-'} ".encode()
        return (says + f"crc={zlib.crc32(says):08x}\n".encode()).ljust(SIZE, b"\n")


def decoded(octets: bytes) -> BootSector:
    """Raises UpdateError for a sector that was not made by ``encoded``."""
    match = _FORM.match(octets)
    says = octets[: octets.find(b"crc=")]
    if len(octets) != SIZE or match is None or zlib.crc32(says) != int(match[3], 16):
        raise UpdateError("the boot sector is damaged; the first slot is booted")
    trial = match[2].decode()
    return BootSector(match[1].decode(), None if trial == "-" else trial)


def read(path: Path) -> BootSector:
    """Raises UpdateError for a damaged sector, OSError of the disk."""
    with path.open("rb") as file:
        return decoded(file.read(SIZE + 1))


def write(path: Path, sector: BootSector) -> None:
    """Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.pwrite(handle, sector.encoded(), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
