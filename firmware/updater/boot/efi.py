"""EFI: the variables BootOrder and BootNext (UEFI specification 2.10, 3.1). BootNext is taken out by the
firmware before it boots what that names: a trial. Each variable is written whole, by one write (efivarfs).

Which entry boots which slot is told by its description, "sottovoce a" and "sottovoce b", made with the image.
The other entries of the machine stay in the order, behind ours.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.boot.state import BootState
from firmware.updater.slots.sector import SLOTS

VARIABLES = Path("/sys/firmware/efi/efivars")
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
_KEPT = 0x7
"""Non-volatile, at boot and at run time."""
_DESCRIPTION_AT = 6
"""In EFI_LOAD_OPTION: after the attributes (4 octets) and the length of the path (2)."""


class Efi:
    """Implements ``BootFlow``. ``write``: how a variable is written; it is another one only in tests."""

    def __init__(
        self, variables: Path = VARIABLES, write: Callable[[Path, bytes], None] | None = None
    ) -> None:
        self._variables = variables
        self._written = write or written

    def read(self) -> BootState:
        slots = {number: slot for slot, number in self._entries().items()}
        order = tuple(slots[number] for number in self._numbers("BootOrder") if number in slots)
        following = self._numbers("BootNext")[:1]
        return BootState(order, slots.get(following[0]) if following else None)

    def write(self, state: BootState) -> None:
        entries = self._entries()
        before = self._numbers("BootOrder")
        order = [entries[slot] for slot in state.order]
        order += [number for number in before if number not in entries.values()]
        if order != before:
            self._put("BootOrder", order)
        if state.trial is None:
            self._path("BootNext").unlink(missing_ok=True)
        else:
            self._put("BootNext", [entries[state.trial]])

    def _entries(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for path in sorted(self._variables.glob(f"Boot[0-9A-F][0-9A-F][0-9A-F][0-9A-F]-{GLOBAL}")):
            described = path.read_bytes()[4 + _DESCRIPTION_AT :].decode("utf-16-le", "replace")
            name = described.partition("\0")[0]
            found |= {slot: int(path.name[4:8], 16) for slot in SLOTS if name == f"sottovoce {slot}"}
        if len(found) != len(SLOTS):
            raise UpdateError("the firmware has no entries for both slots; write the image anew")
        return found

    def _path(self, name: str) -> Path:
        return self._variables / f"{name}-{GLOBAL}"

    def _numbers(self, name: str) -> list[int]:
        try:
            octets = self._path(name).read_bytes()[4:]
        except FileNotFoundError:
            return []
        return [number for (number,) in struct.iter_unpack("<H", octets[: len(octets) // 2 * 2])]

    def _put(self, name: str, numbers: list[int]) -> None:
        self._written(self._path(name), struct.pack(f"<I{len(numbers)}H", _KEPT, *numbers))


def written(path: Path, octets: bytes) -> None:
    """One write to efivarfs: the variable becomes all of ``octets``, or stays. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if os.write(handle, octets) != len(octets):
            raise UpdateError(f"the firmware's {path.name[:8]} could not be written")
    finally:
        os.close(handle)
