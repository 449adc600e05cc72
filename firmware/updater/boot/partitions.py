"""The partitions of the disk that was booted, by their GPT names, as the kernel tells them in /sys.

Only that disk: another one with the same names (a card put into a reader, a stick) is never looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from firmware.phone.errors import UpdateError

NAMES = ("config", "bootstate", "boot_a", "boot_b", "root_a", "root_b", "data")


def of_booted_disk(told: str, root: Path = Path("/"), top: Path = Path("/")) -> dict[str, str]:
    """Name to device (such as ``vda3``) of the disk under ``root``, through device-mapper where it is there.

    ``told``: what the kernel was told; its ``sottovoce.root=PARTUUID=`` names the disk where ``root`` lies on
    none (an overlay). ``top``: where sys and dev are. Raises UpdateError when the disk is not found or lacks
    a partition.
    """
    disk = _under(root, top / "sys") or _named(told, top)
    if disk is None:
        raise UpdateError("the disk that was booted is not found")
    found = {}
    for partition in sorted(disk.iterdir()):
        if (partition / "partition").exists():
            said = _uevent(partition)
            if said.get("PARTNAME") in NAMES:
                found[said["PARTNAME"]] = said["DEVNAME"]
    lacks = [name for name in ("root_a", "root_b", "boot_a", "boot_b") if name not in found]
    if lacks:
        raise UpdateError(f"the disk {disk.name} lacks the partition {lacks[0]}; write the image anew")
    return found


def link(devices: dict[str, str], folder: Path, dev: Path = Path("/dev")) -> None:
    """Make ``folder`` hold a link for each of ``devices``; what else is in there goes. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, device in devices.items():
        (folder / name).symlink_to(dev / device)


def word(told: str, name: str) -> str:
    """The value of ``name=`` in what the kernel was told; "" when it is not there."""
    return next((said.partition("=")[2] for said in told.split() if said.startswith(f"{name}=")), "")


def _under(root: Path, sys: Path) -> Path | None:
    number = os.stat(root).st_dev
    entry = sys / "dev/block" / f"{os.major(number)}:{os.minor(number)}"
    if not entry.exists():
        return None
    while below := sorted((entry / "slaves").iterdir()) if (entry / "slaves").is_dir() else []:
        entry = below[0]
    return entry.resolve().parent if (entry / "partition").exists() else None


def _named(told: str, top: Path) -> Path | None:
    uuid = word(told, "sottovoce.root").removeprefix("PARTUUID=").lower()
    device = top / "dev/disk/by-partuuid" / uuid
    if not uuid or not device.exists():
        return None
    return (top / "sys/class/block" / device.resolve().name).resolve().parent


def _uevent(entry: Path) -> dict[str, str]:
    lines = (entry / "uevent").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
