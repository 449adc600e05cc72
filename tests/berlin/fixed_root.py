"""The root that nobody can write: a telephone lives on one, and what is flashed is made so."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from firmware.image.disk import sizes, starts
from firmware.image.filesystem import BLOCK
from firmware.image.places import DATA
from firmware.image.places import RESULTS as IMAGES
from tests.rig.phone import ROOT, Phone

ELSEWHERE = ("usr/bin", "etc", "var/lib", "tmp")
"""Where every system has something, besides the program's own folder."""
_PROBE = "nobody-can-write-here"
_FIXED = """
mount --make-rprivate /
for place in "$1" "$2"; do mount --bind "$place" "$place"; done
shift 2
while read -r _ place _; do
    case $place in
        /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) continue ;;
    esac
    mount -o remount,bind,ro "$place"
done <<END
$(grep -v -e " $STATE " -e " $RUN " /proc/self/mounts)
END
exec "$@"
"""
"""All mounts are made read-only but the two folders that are given; then the telephone."""


def on_a_fixed_root(phone: Phone) -> None:
    """Have ``phone`` start in a namespace where only its state and its socket's folder can be written."""
    state, run = phone.state, phone.socket.parent
    words = ["unshare", "--mount", "--map-root-user", "env", f"STATE={state}", f"RUN={run}"]
    fixed = [*words, "sh", "-ec", _FIXED, "sh", str(state), str(run)]
    at = phone.process.argv.index(sys.executable)
    phone.process.argv[at:at] = fixed


def written(phone: Phone) -> list[str]:
    """Folders of the telephone's own root, by its mounts, that take a new file: none should."""
    top = Path(f"/proc/{phone.process.pid}/root")
    found = []
    for place in (*ELSEWHERE, str(ROOT / "firmware"), str(phone.config.parent)):
        file = top / place.lstrip("/") / _PROBE
        try:
            file.touch(exist_ok=False)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
        else:
            file.unlink()
            found.append(place)
    return found


@dataclass(frozen=True)
class Flashed:
    """``faults``: what is not as it should be; ``text``: what was looked at."""

    faults: list[str]
    text: str


def flashed() -> Flashed:
    """What the image is made of, and every image that lies in build/image."""
    faults = first_root_faults((DATA / "init").read_text())
    places = DATA / "root/usr/lib/systemd/system"
    for unit in sorted(places.glob("*.mount")):
        faults += mount_faults(unit.name, unit.read_text())
    text = f"The first root and {len(list(places.glob('*.mount')))} mounts were read"
    made = [folder for folder in sorted(IMAGES.glob("*")) if (folder / "image.json").is_file()]
    for folder in made:
        faults += image_faults(folder)
        text += f"; every block of the image for {folder.name} has the hash that its kernel is told"
    return Flashed(faults, text + (". No image has been made here." if not made else "."))


def first_root_faults(init: str) -> list[str]:
    wanted = {
        "the root is not mounted read-only": r"mount -t squashfs -o ro,nodev /dev/mapper/root /sysroot",
        "the root's blocks are not checked": r"dmsetup create --readonly .* verity 1 .*sha256 \$hash",
        "a wrong block does not restart the machine": r'restart_on_corruption"',
        "a root without a hash is taken": r"\[ \$\{#hash\} = 64 \] \|\| fail",
    }
    return [fault for fault, pattern in wanted.items() if not re.search(pattern, init, re.DOTALL)]


def mount_faults(name: str, unit: str) -> list[str]:
    said = re.search(r"^Options=(.*)$", unit, re.MULTILINE)
    lacks = {"nosuid", "nodev", "noexec"} - set((said[1] if said else "").split(","))
    return [f"{name} lacks {', '.join(sorted(lacks))}"] if lacks else []


def root_hash(blocks: list[bytes], salt: bytes) -> str:
    """Of a dm-verity tree of SHA-256 (kernel: Documentation/admin-guide/device-mapper/verity.rst)."""
    each = BLOCK // hashlib.sha256().digest_size
    while True:
        hashes = [hashlib.sha256(salt + block).digest() for block in blocks]
        if len(hashes) == 1:
            return hashes[0].hex()
        blocks = [b"".join(hashes[at : at + each]).ljust(BLOCK, b"\0") for at in range(0, len(hashes), each)]


def image_faults(folder: Path) -> list[str]:
    """The arguments are read out of the boot partition of the very file that is flashed."""
    told = json.loads((folder / "image.json").read_text())
    at = starts(sizes().partitions)
    faults = []
    with (folder / f"sottovoce-{told['board']}.img").open("rb") as disk:
        for slot in "ab":
            disk.seek(at[f"boot_{slot}"])
            boot = disk.read(sizes().partitions["boot_a"])
            words = re.search(rb"(?:^|[ \0=])sottovoce\.verity=(\d+),([0-9a-f]{64}),([0-9a-f]+)", boot)
            if words is None:
                faults.append(f"slot {slot} of {folder.name} tells the kernel no hash")
                continue
            disk.seek(at[f"root_{slot}"])
            blocks = [disk.read(BLOCK) for _ in range(int(words[1]))]
            if not blocks[0].startswith(b"hsqs"):
                faults.append(f"root {slot} of {folder.name} is no squashfs")
            if root_hash(blocks, bytes.fromhex(words[3].decode())) != words[2].decode():
                faults.append(f"root {slot} of {folder.name} is not the one that its kernel is told of")
    return faults
