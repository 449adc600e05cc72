"""What make image left for any board, read without mounting: partitions, boot files, list of files."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import struct
import subprocess
from pathlib import Path

import pytest

from firmware.image import bill
from firmware.image.board import ImageBoard
from firmware.image.disk import TYPES, sizes, starts
from firmware.image.kernel import module_name
from firmware.image.packages import names, read_lock
from firmware.image.places import DATA
from firmware.release import sbom

CONFIG, BOOT_A, BOOT_B = (starts(sizes().partitions)[name] for name in ("config", "boot_a", "boot_b"))


@pytest.fixture(scope="module")
def image(made: Path, board: ImageBoard) -> Path:
    return made / f"sottovoce-{board.name}.img"


@pytest.fixture(scope="module")
def listing(made: Path) -> set[str]:
    said = subprocess.run(["unsquashfs", "-l", made / "root.img"], capture_output=True, text=True, check=True)
    return {line.removeprefix("squashfs-root/") for line in said.stdout.splitlines()}


def _read(image: Path, at: int, name: str) -> bytes:
    return subprocess.run(
        ["mtype", "-i", f"{image}@@{at}", f"::{name}"], capture_output=True, check=True
    ).stdout


def _said(arguments: bytes) -> dict[str, str]:
    words = arguments.decode().removeprefix("args=").split()
    return dict(word.partition("=")[::2] for word in words)


def test_the_partitions_are_those_that_the_updater_knows(image: Path) -> None:
    said = subprocess.run(["sfdisk", "--json", image], capture_output=True, text=True, check=True).stdout
    table = json.loads(said)["partitiontable"]
    assert table["label"] == "gpt"
    assert [row["name"] for row in table["partitions"]] == [*TYPES]
    for row in table["partitions"]:
        assert row["start"] * 512 == starts(sizes().partitions)[row["name"]]


def test_the_boot_rom_finds_its_partition(image: Path, board: ImageBoard) -> None:
    first = image.open("rb").read(512)
    kinds = [first[446 + 16 * number + 4] for number in range(4)]
    start = struct.unpack_from("<I", first, 446 + 8)[0]
    if board.hybrid_mbr:
        assert kinds == [0x0C, 0xEE, 0, 0]
        assert start * 512 == CONFIG
    else:
        assert kinds == [0xEE, 0, 0, 0]


def test_every_file_that_the_firmware_is_told_of_is_there(image: Path, board: ImageBoard) -> None:
    for name in board.config:
        assert _read(image, CONFIG, name)
    for at, files in ((CONFIG, board.config), (BOOT_A, board.slot)):
        if "config.txt" in files:
            text = _read(image, at, "config.txt").decode()
            for key in ("kernel", "device_tree", "cmdline"):
                for name in re.findall(rf"^{key}=(\S+)$", text, re.MULTILINE):
                    assert _read(image, at, name), f"{key}={name}"
            for name in re.findall(r"^initramfs (\S+) followkernel$", text, re.MULTILINE):
                assert _read(image, at, name)
            assert "arm_64bit=1" in text


def test_device_trees_are_those_of_the_board(image: Path, board: ImageBoard) -> None:
    at, names = (BOOT_A, board.slot) if board.boot == "tryboot" else (CONFIG, board.config)
    for name in names:
        if name.endswith(".dtb"):
            tree = _read(image, at, name)
            assert tree[:4] == b"\xd0\x0d\xfe\xed"
            assert board.title.removeprefix("Raspberry Pi ").encode() in tree


def test_one_step_after_the_other_is_there(image: Path, board: ImageBoard) -> None:
    if board.boot == "tryboot":
        first = _read(image, CONFIG, "autoboot.txt")
        assert len(first) == 512
        assert b"boot_partition=2" in first
    else:
        assert b"sottovoce.root=PARTUUID=" in _read(image, CONFIG, "boot.scr")
    name = "cmdline.txt" if board.boot == "tryboot" else "args.txt"
    for at in (BOOT_A, BOOT_B):
        assert _read(image, at, "kernel")[56:60] == b"ARM\x64", "Documentation/arch/arm64/booting.rst"
        assert _read(image, at, "initrd")[:4] == b"\x28\xb5\x2f\xfd", "Zstandard"
        said = _said(_read(image, at, name))
        # Where modules of ours are loaded first, the first root closes the kernel (test_image_tryboot).
        assert said.get("lockdown") == (None if board.own_modules else "integrity")
        assert ("module.sig_enforce" in said) != bool(board.own_modules)
        assert len(said["sottovoce.verity"].split(",")) == 3


def test_the_hash_tree_is_that_of_the_root_and_the_arguments_name_it(image: Path, board: ImageBoard) -> None:
    name = "cmdline.txt" if board.boot == "tryboot" else "args.txt"
    blocks, wanted, salt = _said(_read(image, BOOT_A, name))["sottovoce.verity"].split(",")
    with image.open("rb") as disk:
        disk.seek(starts(sizes().partitions)["root_a"])
        level = [disk.read(4096) for _ in range(int(blocks))]
    while True:
        hashes = [hashlib.sha256(bytes.fromhex(salt) + block).digest() for block in level]
        if len(hashes) == 1:
            break
        level = [b"".join(hashes[at : at + 128]).ljust(4096, b"\0") for at in range(0, len(hashes), 128)]
    assert hashes[0].hex() == wanted


@pytest.mark.parametrize(
    "pattern",
    [
        r"usr/s?bin/((apt|dpkg|perl)[^/]*|gcc|cc|ld|make|pip3?|a?getty|login|su|sudo|sshd?|passwd|gdb)",
        r"usr/lib/(apt|dpkg|gcc)/.*",
        r"usr/include/.+",
        r"usr/lib/sottovoce/.*/firmware/(image|native|release|simulator|wiring)",
        r"usr/lib/systemd/system-generators/systemd-(ssh|getty|debug)-generator",
        r"usr/lib/modules/.*/(sctp|dccp|bluetooth|firewire-core|usb-storage|uvcvideo)\.ko.*",
    ],
)
def test_a_phone_does_not_have(listing: set[str], pattern: str) -> None:
    assert not [name for name in listing if re.fullmatch(pattern, name)]


def test_the_bill_of_materials_is_in_it_and_names_every_package(made: Path, board: ImageBoard) -> None:
    asked: list[str | Path] = ["unsquashfs", "-cat", made / "root.img", bill.PLACE]
    octets = subprocess.run(asked, capture_output=True, check=True).stdout
    assert octets == (made / bill.FILE).read_bytes()
    named = {(part.name, part.version) for part in sbom.debian_parts(octets)}
    gone = set(names((DATA / "left-out.txt").read_text()))
    locked = {(one.name, one.version) for one in read_lock(board.lock) if one.name not in gone}
    assert locked <= named
    others = {part["name"] for part in json.loads(octets)["components"]}
    assert {"pjsua2", "pjproject", "cryptography", "libsrtp2-dev"} <= others
    assert "GPL" in (made / "licences.txt").read_text()


def test_the_drivers_of_the_board_are_there(listing: set[str], board: ImageBoard) -> None:
    """Modules that the kernel has as such, and the files that its wireless chip loads."""
    there = {module_name(name) for name in listing if ".ko" in name}
    assert {name.replace("-", "_") for name in board.first_modules} <= there
    for pattern in board.firmware:
        assert fnmatch.filter(listing, f"usr/lib/firmware/{pattern}"), pattern


def test_the_licence_of_each_package_is_there(listing: set[str]) -> None:
    assert sum(name.startswith("usr/share/doc/") and name.endswith("/copyright") for name in listing) > 60


def test_it_is_within_its_budget(made: Path) -> None:
    said = json.loads((made / "image.json").read_text())["octets"]
    assert said["unpacked"] < 400e6
    assert said["boot"] + said["root"] < 150e6
