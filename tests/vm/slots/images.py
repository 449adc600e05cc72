"""Slots, bundles and the disk of the machine, by the tools that a board's image is made with."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from firmware.release import bundle as bundles
from firmware.release import patching
from firmware.release.certificates import new_authority, new_leaf
from firmware.updater.release import encoded
from firmware.updater.trust import patch_name
from firmware.updater.version import parse
from tests.update.makers import BOARD, Makers
from tests.vm.kit import HERE, Kit, Recipe

ROOT = Path(__file__).resolve().parents[3]
RECIPE = Recipe(
    modules=(
        *(
            "virtio_pci",
            "9pnet_virtio",
            "9p",
            "overlay",
            "ahci",
            "sd_mod",
            "squashfs",
            "crc32c_generic",
            "ext4",
        ),
        *("loop", "dm-verity", "i6300esb"),
    ),
    own=(),
    options={"i6300esb": "heartbeat=40"},
    init=HERE / "slots/init",
)
PARTITIONS = {"config": 8, "bootstate": 1, "boot_a": 20, "boot_b": 20, "root_a": 4, "root_b": 4, "data": 80}
"""Names as in firmware/updater/boot/partitions.py, sizes in MB."""
_MB = 1024 * 1024
WORDS = "console=ttyS0 quiet loglevel=4 panic=1 oops=panic mitigations=off nokaslr random.trust_cpu=on"


@dataclass(frozen=True)
class Slot:
    """Image files of one version."""

    root: Path
    boot: Path


class Workshop:
    """Makes all that is flashed and published, in ``folder``; the machine sees ``served`` and ``trust``."""

    def __init__(self, folder: Path, kit: Kit) -> None:
        self.folder = folder
        self._kit = kit
        (folder / "makers").mkdir(parents=True)
        self.makers = Makers(folder / "makers")
        self._authority = new_authority(datetime.now(UTC))
        self._leaf = new_leaf(self._authority, datetime.now(UTC))
        self.keyring = folder / "keyring.pem"
        self.keyring.write_bytes(self._authority.certificate.public_bytes(Encoding.PEM))

    def slot(self, version: str, behaviour: str = "good") -> Slot:
        """``behaviour``: good, unhealthy, crash, panic, hang, or one of ``telephone.BEHAVIOURS``."""
        name = f"{version}-{behaviour}"
        tree, root, boot = (self.folder / f"{name}{end}" for end in ("", ".root", ".boot"))
        if boot.exists():
            return Slot(root, boot)
        (tree / "usr/lib").mkdir(parents=True)
        (tree / "usr/lib/os-release").write_text(f"ID=sottovoce\nIMAGE_VERSION={version}\n")
        (tree / "behaviour").write_text(behaviour + "\n")
        (tree / "content").write_bytes(os.urandom(_MB))
        _run("mksquashfs", tree, root, "-noappend", "-quiet", "-no-progress", "-all-root")
        at = root.stat().st_size
        said = _run("veritysetup", "format", f"--hash-offset={at}", root, root)
        found = re.search(r"^Root hash:\s+(\w+)", said, re.MULTILINE)
        assert found is not None
        with boot.open("wb") as file:
            file.truncate(PARTITIONS["boot_a"] * _MB)
        _run("mkfs.vfat", boot)
        args = self.folder / f"{name}.args"
        args.write_text(f"args={WORDS} verity.root={found[1]} verity.at={at}\n")
        for source, target in (
            (self._kit.kernel, "kernel"),
            (self._kit.initrd, "initrd"),
            (args, "args.txt"),
        ):
            _run("mcopy", "-i", boot, source, f"::{target}")
        return Slot(root, boot)

    def publish(self, version: str, behaviour: str = "good", before: str | None = None) -> int:
        """Make the bundle and the release; what is served names it as the newest then. The bundle's octets.

        ``before``: a version from which there is a patch.
        """
        slot = self.slot(version, behaviour)
        path = self.folder / f"{version}-{behaviour}.raucb"
        if not path.exists():
            images = {"root": slot.root, "boot": slot.boot}
            bundles.make(path, images, BOARD, parse(version), self._leaf, self.keyring)
        now = datetime.now(UTC).replace(microsecond=0)
        described, served = self.makers.bundle(version, path.read_bytes())
        release = self.makers.release(version, described)
        patches = {} if before is None else self._patch(before, path, described.target)
        signed = [self.makers.pair.sign(encoded(release))]
        self.makers.repository.publish(release, signed, {BOARD: served}, self.makers.signers, now, patches)
        return described.length

    def _patch(self, before: str, bundle: Path, target: str) -> dict[str, Path]:
        old, file = self.slot(before), self.folder / f"from-{before}.patch"
        patching.make(file, {"root": old.root, "boot": old.boot}, bundle)
        return {patch_name(target, parse(before)): file}

    def disk(self, path: Path, version: str) -> None:
        """A disk as it leaves the factory, with ``version`` in slot a and nothing in b."""
        slot = self.slot(version)
        with path.open("wb") as file:
            file.truncate((sum(PARTITIONS.values()) + 2) * _MB)
        words = [f"-n{n}:0:+{size}M -c{n}:{name}" for n, (name, size) in enumerate(PARTITIONS.items(), 1)]
        _run("sgdisk", "-A", "1:set:2", *" ".join(words).split(), path)
        script, config, data = (self.folder / name for name in ("boot.scr", "config.img", "data.img"))
        source = ROOT / "board/image/boot.cmd"
        _run("mkimage", "-A", "x86", "-T", "script", "-C", "none", "-d", source, script)
        for image, size in ((config, PARTITIONS["config"]), (data, PARTITIONS["data"])):
            with image.open("wb") as file:
                file.truncate(size * _MB)
        _run("mkfs.vfat", config)
        _run("mcopy", "-i", config, script, "::boot.scr")
        _run("mkfs.ext4", "-q", "-F", data)
        for name, image in (("config", config), ("data", data), ("boot_a", slot.boot), ("root_a", slot.root)):
            with path.open("r+b") as disk, image.open("rb") as content:
                disk.seek(start_of(path, name))
                shutil.copyfileobj(content, disk, _MB)


@functools.cache
def _starts(disk: Path) -> dict[str, int]:
    found = re.findall(r"^ +\d+ +(\d+) .* (\w+)$", _run("sgdisk", "-p", disk), re.MULTILINE)
    return {name: int(sector) * 512 for sector, name in found}


def start_of(disk: Path, name: str) -> int:
    """Where a partition begins, in octets."""
    return _starts(disk)[name]


def part(disk: Path, name: str, target: Path) -> Path:
    """A copy of one partition."""
    with disk.open("rb") as file:
        file.seek(start_of(disk, name))
        target.write_bytes(file.read(PARTITIONS[name] * _MB))
    return target


def _run(*words: str | Path) -> str:
    done = subprocess.run(
        [*map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"LC_ALL": "C"},
    )
    assert done.returncode == 0, f"{words[0]}: {done.stderr}"
    return done.stdout
