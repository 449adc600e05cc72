"""U-Boot: three variables and a trial, in one sector of 512 octets that the boot script reads and writes.

The form is that of U-Boot's own environment (``env import -c``): CRC-32 of the rest, little endian, then
``name=value`` each ended by a zero octet, and one more. Everything changes by one write of one sector.

::

    BOOT_ORDER=a b    proven slots, the first boots
    BOOT_TRIAL=b      boots once before them; - for none. The script takes it out first
    BOOT_a_LEFT=3     how often a proven slot is begun without being kept, before the next one's turn
    BOOT_b_LEFT=3
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.boot.state import BootState
from firmware.updater.slots.sector import SIZE, SLOTS

TRIES = 3
_NONE = "-"


@dataclass(frozen=True)
class Variables:
    """What the sector says. ``left``: by slot."""

    order: tuple[str, ...] = SLOTS
    trial: str | None = None
    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SLOTS, TRIES))

    @property
    def state(self) -> BootState:
        """What comes of it: a slot whose tries are used up comes last. Raises UpdateError for nonsense."""
        order = tuple(sorted(self.order, key=lambda slot: self.left.get(slot) == 0))
        return BootState(order, self.trial, bool(order) and self.left.get(order[0]) != TRIES)

    def encoded(self) -> bytes:
        """The sector's octets."""
        said = {"BOOT_ORDER": " ".join(self.order), "BOOT_TRIAL": self.trial or _NONE}
        said |= {f"BOOT_{slot}_LEFT": str(count) for slot, count in self.left.items()}
        body = b"".join(f"{name}={value}\0".encode() for name, value in said.items())
        body = body.ljust(SIZE - 4, b"\0")
        return zlib.crc32(body).to_bytes(4, "little") + body


def decoded(octets: bytes) -> Variables:
    """Raises UpdateError for what neither we nor the boot script wrote."""
    body = octets[4:]
    if len(octets) != SIZE or zlib.crc32(body) != int.from_bytes(octets[:4], "little"):
        raise UpdateError("the boot loader's sector is damaged; it begins anew with slot a")
    try:
        said = dict(line.split("=", 1) for line in body.rstrip(b"\0").decode("ascii").split("\0"))
        trial = said["BOOT_TRIAL"]
        left = {slot: int(said[f"BOOT_{slot}_LEFT"]) for slot in SLOTS}
        order = tuple(said["BOOT_ORDER"].split())
    except (ValueError, KeyError) as error:
        raise UpdateError("the boot loader's sector says nothing that is known") from error
    found = Variables(order, None if trial == _NONE else trial, left)
    _ = found.state
    return found


def after(state: BootState) -> Variables:
    """The sector for ``state``: every slot that boots may be tried anew, no other ever."""
    left = {slot: TRIES if slot in state.order else 0 for slot in SLOTS}
    return Variables(state.order, state.trial, left)


def begun(now: Variables) -> tuple[str, Variables]:
    """What the boot script does: the slot that it boots, and the sector that it writes before."""
    if now.trial is not None:
        return now.trial, replace(now, trial=None)
    left = dict(now.left)
    if not any(left[slot] for slot in now.order):
        left |= dict.fromkeys(now.order, TRIES)
    slot = next(slot for slot in now.order if left[slot] > 0)
    left[slot] -= 1
    return slot, replace(now, left=left)


class UBoot:
    """Implements ``BootFlow`` on the device (or file) whose first sector it is."""

    def __init__(self, device: Path) -> None:
        self._device = device

    def read(self) -> BootState:
        with self._device.open("rb") as file:
            octets = file.read(SIZE)
        try:
            return decoded(octets).state
        except UpdateError:
            return Variables().state

    def write(self, state: BootState) -> None:
        handle = os.open(self._device, os.O_WRONLY | os.O_CLOEXEC)
        try:
            if os.pwrite(handle, after(state).encoded(), 0) != SIZE:
                raise UpdateError("the boot loader's sector could not be written")
            os.fsync(handle)
        finally:
            os.close(handle)
