"""What a disk would do if it were booted: judged from outside, by the tools that made it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.boot import uboot
from tests.vm.slots.images import PARTITIONS, Slot, part, start_of


def boots(disk: Path, versions: dict[str, Slot]) -> str:
    """The version of the slot that U-Boot takes. Raises AssertionError when it is not whole."""
    with disk.open("rb") as file:
        file.seek(start_of(disk, "bootstate"))
        octets = file.read(512)
    try:
        slot, _ = uboot.begun(uboot.decoded(octets))
    except UpdateError:
        slot, _ = uboot.begun(uboot.Variables())
    for version, images in versions.items():
        if all(
            _holds(disk, f"{kind}_{slot}", image)
            for kind, image in (("boot", images.boot), ("root", images.root))
        ):
            return version
    raise AssertionError(f"slot {slot} is neither {' nor '.join(versions)}")


def state(disk: Path, scratch: Path) -> dict[str, object]:
    """The updater's journal, after the file system was made whole as at every start ({}: there is none).

    Raises AssertionError when the file system or the journal is damaged.
    """
    data = part(disk, "data", scratch / "data.img")
    subprocess.run(
        ["e2fsck", "-p", str(data)], capture_output=True, check=False, timeout=60
    )  # its own journal
    done = subprocess.run(
        ["e2fsck", "-fn", str(data)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
    said = subprocess.run(
        ["debugfs", "-R", "cat /update/journal.json", str(data)], capture_output=True, check=True, timeout=60
    )
    if not said.stdout and re.search(rb"not found", said.stderr):
        return {}
    journal: dict[str, object] = json.loads(said.stdout)
    return journal


def _holds(disk: Path, name: str, image: Path) -> bool:
    content = image.read_bytes()
    with disk.open("rb") as file:
        file.seek(start_of(disk, name))
        return file.read(min(len(content), PARTITIONS[name] << 20)) == content
