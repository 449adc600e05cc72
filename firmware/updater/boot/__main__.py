"""RAUC's handler for the boot loader: ``python -m firmware.updater.boot FLOW QUESTION…``, as root.

::

    get-primary               the slot that boots next
    set-primary SLOT          have it booted next, on trial if it is not the one that boots anyway
    get-state SLOT            good: it may boot; bad: it never does
    set-state SLOT good|bad
    get-current               the slot that runs
    links                     (ours) make the links that RAUC's system.conf names, before RAUC starts

Exit status: 0 done, 1 refused or failed (the reason is printed, and is in the log of RAUC's service).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.boot import partitions, state
from firmware.updater.boot.efi import Efi
from firmware.updater.boot.state import BootFlow
from firmware.updater.boot.tryboot import PARTITIONS, Tryboot
from firmware.updater.boot.uboot import UBoot
from firmware.updater.slots.sector import SLOTS
from firmware.updater.slots.system_conf import DISK, Boot

DEVICE_TREE = Path("/proc/device-tree/chosen/bootloader/partition")
"""Where Raspberry Pi's firmware says which partition it booted; 32 bits, big endian."""


def answer(flow: BootFlow, running: str, question: list[str]) -> str:
    """What is printed. Raises UpdateError for what is refused or not understood, OSError of the disk."""
    now = flow.read()
    match question:
        case ["get-primary"]:
            return now.next
        case ["get-current"]:
            return running
        case ["get-state", slot]:
            return "good" if now.boots(state.known(slot)) else "bad"
        case ["set-primary", slot]:
            then = state.activated(now, slot)
        case ["set-state", slot, "good"]:
            then = state.good(now, slot, running)
        case ["set-state", slot, "bad"]:
            then = state.bad(now, slot)
        case _:
            raise UpdateError("it is asked for get-primary, set-primary, get-state, set-state or get-current")
    if then != now:
        flow.write(then)
    return ""


def running_slot(told: str, tree: Path = DEVICE_TREE) -> str:
    """The slot that runs: ``rauc.slot=`` of what the kernel was told, else the firmware's partition.

    Raises UpdateError when neither says it.
    """
    if slot := partitions.word(told, "rauc.slot"):
        return state.known(slot)
    try:
        number = int.from_bytes(tree.read_bytes(), "big")
    except OSError:
        raise UpdateError("nobody says which slot runs") from None
    return state.known(next((slot for slot in SLOTS if PARTITIONS[slot] == number), str(number)))


FLOWS: dict[Boot, Callable[[Path], BootFlow]] = {
    Boot.UBOOT: lambda disk: UBoot(disk / "bootstate"),
    Boot.TRYBOOT: lambda disk: Tryboot(disk / "config"),
    Boot.EFI: lambda disk: Efi(),
}


def main(words: list[str] | None = None, disk: Path = Path(DISK)) -> int:
    flow, *question = sys.argv[1:] if words is None else words
    try:
        told = Path("/proc/cmdline").read_text()
        if question == ["links"]:
            partitions.link(partitions.of_booted_disk(told), disk)
            return 0
        said = answer(FLOWS[Boot(flow)](disk), running_slot(told), question)
    except (UpdateError, ValueError) as error:
        print(f"boot loader: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"boot loader: {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr)
        return 1
    if said:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
