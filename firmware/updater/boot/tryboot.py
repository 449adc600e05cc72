"""Raspberry Pi's own firmware (4 and 5): ``autoboot.txt`` names the boot partition, and another one for the
boot after a restart with the one-shot flag "tryboot".

autoboot.txt is at most 512 octets, as the firmware asks: one sector. It is overwritten where it lies, without
mounting the FAT and without a change of any of its tables, so a power cut leaves the old or the new. The flag
is kept by the firmware until the next start only, and lost with the power; systemd sets it at the restart
(``reboot-param``, and on Debian's kernel board/image/tryboot).

Only the first slot of the order is known here: this firmware has no third choice and counts nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.boot import fat
from firmware.updater.boot.state import BootState
from firmware.updater.slots.sector import SIZE, SLOTS

PARAMETER = Path("/run/systemd/reboot-param")
"""What systemd gives to the kernel with the next restart; in memory."""
FLAG = "0 tryboot"
PARTITIONS = {"a": 2, "b": 3}
"""The numbers of boot_a and boot_b in the image's table of partitions."""

_NAME = b"AUTOBOOTTXT"
_FORM = re.compile(
    rb"\[all\]\ntryboot_a_b=1\nboot_partition=([23])\n\[tryboot\]\nboot_partition=([23])\n#*\n"
)


def encoded(primary: str) -> bytes:
    """autoboot.txt that boots ``primary``, and the other slot with the flag; exactly one sector."""
    other = next(slot for slot in SLOTS if slot != primary)
    text = f"[all]\ntryboot_a_b=1\nboot_partition={PARTITIONS[primary]}\n"
    text += f"[tryboot]\nboot_partition={PARTITIONS[other]}\n"
    return text.encode().ljust(SIZE - 1, b"#") + b"\n"


def decoded(octets: bytes) -> str:
    """The slot that boots without the flag. Raises UpdateError for what ``encoded`` did not make."""
    match = _FORM.fullmatch(octets)
    slots = {number: slot for slot, number in PARTITIONS.items()}
    if match is None or match[1] == match[2] or len(octets) != SIZE:
        raise UpdateError("autoboot.txt is not this telephone's; write the image anew")
    return slots[int(match[1])]


class Tryboot:
    """Implements ``BootFlow``. ``config``: the FAT partition (or its image) with autoboot.txt."""

    def __init__(self, config: Path, parameter: Path = PARAMETER) -> None:
        self._config = config
        self._parameter = parameter

    def read(self) -> BootState:
        primary = decoded(self._autoboot()[1])
        other = next(slot for slot in SLOTS if slot != primary)
        try:
            armed = self._parameter.read_text().strip() == FLAG
        except FileNotFoundError:
            armed = False
        return BootState((primary,), other if armed else None)

    def write(self, state: BootState) -> None:
        at, before = self._autoboot()
        if state.trial is None:
            self._parameter.unlink(missing_ok=True)
        if encoded(state.order[0]) != before:
            self._overwrite(at, encoded(state.order[0]))
        if state.trial not in (None, state.order[0]):
            self._parameter.parent.mkdir(mode=0o755, exist_ok=True)
            self._parameter.write_text(FLAG)

    def _autoboot(self) -> tuple[int, bytes]:
        with self._config.open("rb") as file:
            handle = file.fileno()
            at = fat.where(lambda start, size: os.pread(handle, size, start), _NAME, SIZE)
            return at, os.pread(handle, SIZE, at)

    def _overwrite(self, at: int, octets: bytes) -> None:
        handle = os.open(self._config, os.O_WRONLY | os.O_CLOEXEC)
        try:
            if os.pwrite(handle, octets, at) != SIZE:
                raise UpdateError("autoboot.txt could not be written")
            os.fsync(handle)
        finally:
            os.close(handle)
