"""The encrypted partition ``data``: opened with the key on the card, or made with a new one.

The kernel encrypts (dm-crypt, AES-256 in XTS). A key reaches the card only when the file system under it is
whole: whatever is interrupted before that is begun anew, and nothing that has a key is ever made anew.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.datakey import record

NAME = "data"
OPENED = Path("/dev/mapper") / NAME
CIPHER = "aes-xts-plain64"
TIME_LIMIT = 280.0
"""Seconds: a file system on a slow card."""

Run = Callable[[Sequence[str], str], None]
"""A program with its arguments, and what it reads."""


class VolumeError(Exception):
    """What is kept cannot be opened. The message says why."""


def run(argv: Sequence[str], text: str) -> None:
    """Raises VolumeError with the program's last line."""
    try:
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VolumeError(f"{argv[0]} cannot be run, or does not end: {error}") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise VolumeError(f"{argv[0]}: {said[-1] if said else 'no reason given'}")


def table(device: Path, octets: int, key: bytes) -> str:
    """What dmsetup reads (kernel: Documentation/admin-guide/device-mapper/dm-crypt.rst)."""
    return f"0 {octets // record.SECTOR} crypt {CIPHER} {key.hex()} 0 {device} 0\n"


def size(device: Path) -> int:
    """Octets. Raises OSError."""
    handle = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(handle, 0, os.SEEK_END)
    finally:
        os.close(handle)


def open_it(disk: Path, run: Run = run) -> bool:
    """Open ``disk``/data by the key in ``disk``/bootstate; whether it had to be made, empty.

    ``disk``: a folder with the partitions by name. Raises VolumeError, OSError.
    """
    partition, key_place = (disk / "data").resolve(), disk / "bootstate"
    kept = record.read(key_place)
    key = kept or secrets.token_bytes(record.KEY)
    run(["dmsetup", "create", NAME], table(partition, size(partition), key))
    if kept is None:
        # Random already, as every disk is to who has no key: nothing of it has to be erased.
        run(["mkfs.ext4", "-q", "-F", "-L", NAME, "-E", "nodiscard", str(OPENED)], "")
        record.write(key_place, key)
    return kept is None


def close(run: Run = run) -> None:
    """Forget the key. Raises VolumeError while something is mounted."""
    run(["dmsetup", "remove", "--retry", NAME], "")
