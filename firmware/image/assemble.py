"""From packages to the file that is flashed, step by step."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from firmware.image import (
    bill,
    budget,
    debian,
    disk,
    filesystem,
    headers,
    initramfs,
    kernel,
    locks,
    root,
    signed,
    trees,
    wheels,
    workshop,
)
from firmware.image.board import ImageBoard
from firmware.image.packages import names, read_lock
from firmware.image.places import DATA, PROJECT, made_whole
from firmware.image.shell import ImageError, run, say
from firmware.image.workshop import Workshop
from firmware.updater.boot import tryboot, uboot

_IMAGE = ("ro", "systemd.condition_needs_update=no")
"""What a root that never changes says: nothing in /etc or /var is to be made anew after an update."""
_FOR_OTHERS = ("rd.",)
"""Words of systemd/kernel-command-line.txt for a first root of another kind."""
_AFTER_OWN = ("lockdown=", "module.sig_enforce=")
"""Words that would keep modules of ours out: where there are some, the first root does what these do."""


@dataclass(frozen=True)
class Parts:
    """What goes to the partitions."""

    boot: Path
    root: filesystem.Verity
    config: Path
    boot_used: int
    unpacked: int


def version() -> str:
    """Of this release, as the updater compares it."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"])


def epoch() -> int:
    """Seconds since 1970 of the last commit, or what SOURCE_DATE_EPOCH says."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(said)
    asked: list[str | Path] = [
        "git",
        "-C",
        PROJECT,
        "-c",
        f"safe.directory={PROJECT}",
        "log",
        "-1",
        "--format=%ct",
    ]
    return int(run(asked, "asking for the date of the last commit"))


def unpacked(board: ImageBoard, cache: Path, mirror: str) -> Path:
    """The board's packages as a tree, with a list of files for each, from the cache or made now."""
    lock = read_lock(board.lock)
    folder = cache / f"root-{workshop.key(lock)}"
    if not (folder / "status").is_file():
        say(f"fetching and unpacking {len(lock)} Debian packages …")
        with made_whole(folder) as fresh:
            archive = fresh / "debs"
            locks.unpack(board, fresh / "tree", archive, [package.wanted for package in lock], mirror)
            found = debian.describe(sorted(archive.glob("*.deb")), "arm64")
            debian.check(lock, found)
            (fresh / "lists").mkdir()
            for deb, package in found.items():
                listed = run(["sh", "-c", f"dpkg-deb --fsys-tarfile '{deb}' | tar -t"], deb.name)
                (fresh / "lists" / package.name).write_text(listed)
            (fresh / "status").write_text(bill.status(sorted(found)))
            shutil.rmtree(archive)
    return folder


def image(
    board: ImageBoard,
    cache: Path,
    results: Path,
    mirror: str,
    trust: Path | None = None,
    sign: Path | None = None,
) -> Path:
    """Make ``results``/sottovoce-BOARD.img and what an update needs; the file.

    Raises ImageError with the reason when it cannot be made or is too large.
    """
    if sign and board.boot != "tryboot":
        raise ImageError(
            f"{board.title} starts by U-Boot, which proves nothing that it loads: SIGN= is for boards whose "
            "EEPROM loads the slot itself"
        )
    key = signed.read_key(sign) if sign else None
    shop = workshop.ready(cache, epoch(), mirror)
    packages = unpacked(board, cache, mirror)
    wheel_files = wheels.ready(cache, shop)
    wheels.prove(cache, shop, packages / "tree")
    results.mkdir(parents=True, exist_ok=True)
    for old in results.iterdir():
        trees.remove(old)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        own = headers.modules(board, cache, shop, mirror, Path(scratch))
        parts = _parts(board, packages, wheel_files, shop, Path(scratch), results, trust, key, own)
    measured = budget.Measured(parts.unpacked, parts.boot_used, parts.root.file.stat().st_size)
    sizes = disk.sizes()
    say(measured.text(sizes))
    budget.check(measured, sizes)
    target = results / f"sottovoce-{board.name}.img"
    say("writing the partitions …")
    contents = {"config": parts.config, "boot_a": parts.boot, "boot_b": parts.boot}
    contents |= {"root_a": parts.root.file, "root_b": parts.root.file}
    if board.boot == "uboot":
        contents["bootstate"] = results / "bootstate"
        contents["bootstate"].write_bytes(uboot.Variables().encoded())
    disk.write(shop, target, contents, f"{board.name} {version()}", hybrid_mbr=board.hybrid_mbr)
    for name in ("config", "bootstate"):
        contents.get(name, parts.config).unlink(missing_ok=True)
    _describe(board, results, parts, measured)
    say(f"done: {target} ({_used(target) / 1e6:.0f} MB of data). Write it to a card with rpi-imager or dd.")
    return target


def _parts(
    board: ImageBoard,
    packages: Path,
    wheel_files: list[Path],
    shop: Workshop,
    scratch: Path,
    results: Path,
    trust: Path | None,
    key: RSAPrivateKey | None,
    own: list[Path],
) -> Parts:
    tree = scratch / "tree"
    say("putting the root together …")
    run(["cp", "-a", "--reflink=auto", packages / "tree", tree], "copying the packages' files")
    firmware = scratch / "firmware"
    for name in ("firmware", "first", "slot"):
        (scratch / name).mkdir()
    config = root.copies(tree, board, board.config, firmware)
    boot_files = _kernel(tree, firmware) | root.copies(tree, board, board.slot, scratch / "slot")
    if (bios := tree / "usr/lib/u-boot/qemu_arm64/u-boot.bin").exists():
        shutil.copyfile(bios, results / "u-boot.bin")
    patterns = [*names((DATA / "modules.txt").read_text()), *board.modules]
    depends = kernel.keep(shop, tree, patterns)
    initrd = scratch / "initrd"
    initrd.write_bytes(initramfs.make(tree, depends, board.first_modules, scratch / "first", shop.epoch, own))
    root.leave_out(tree, packages / "lists", ["regulatory.db*", *board.firmware])
    root.install(tree, board, wheel_files, shop, version(), trust)
    bill.write(tree, board, packages / "status", version(), shop.epoch, results)
    trees.date(tree, shop.epoch)
    say("packing the root and hashing every block …")
    verity = filesystem.root(shop, tree, results, root.LAST)
    arguments = scratch / "arguments"
    words = names((PROJECT / "systemd/kernel-command-line.txt").read_text())
    words = [
        *_IMAGE,
        *(word for word in words if not word.startswith(_FOR_OTHERS + (_AFTER_OWN if own else ()))),
        board.arguments,
        verity.argument,
    ]
    said = " ".join(words) + "\n"
    arguments.write_text(said if board.boot == "tryboot" else f"args={said}")
    boot_files["cmdline.txt" if board.boot == "tryboot" else "args.txt"] = arguments
    shop.run(
        ["zstd", "-q", "-19", "--rm", "-T1", "/in/initrd", "-o", "/in/initrd.zst"],
        "packing the first root",
        places={"/in": scratch},
    )
    boot_files["initrd"] = scratch / "initrd.zst"
    if key is not None:
        say("signing what the firmware loads …")
        boot_files = signed.files(shop, key, boot_files, scratch)
    partitions = disk.sizes().partitions
    boot = results / "boot.img"
    filesystem.fat(shop, boot, "boot", partitions["boot_a"], boot_files)
    config |= _flow(board, shop, firmware)
    filesystem.fat(shop, results / "config.img", "config", partitions["config"], config)
    used = sum(file.stat().st_size for file in boot_files.values())
    return Parts(boot, verity, results / "config.img", used, trees.size(tree))


def _flow(board: ImageBoard, shop: Workshop, folder: Path) -> dict[str, Path]:
    """What decides on the config partition which slot boots."""
    if board.boot == "tryboot":
        (folder / "autoboot.txt").write_bytes(tryboot.encoded("a"))
        return {"autoboot.txt": folder / "autoboot.txt"}
    script = [
        "mkimage",
        "-q",
        "-A",
        "arm64",
        "-T",
        "script",
        "-C",
        "none",
        "-d",
        "/data/boot.cmd",
        "/in/boot.scr",
    ]
    shop.run(script, "making the boot script", places={"/in": folder, "/data": DATA})
    return {"boot.scr": folder / "boot.scr"}


def _kernel(tree: Path, folder: Path) -> dict[str, Path]:
    """The kernel, copied out of the tree."""
    # /boot until Debian's 6.12; since then beside the modules.
    kernels = [*(tree / "boot").glob("vmlinuz-*"), *(tree / "usr/lib/modules").glob("*/vmlinuz")]
    if len(kernels) != 1:
        raise ImageError(f"one kernel is wanted, and there are {len(kernels)}")
    shutil.copyfile(kernels[0], folder / "kernel")
    return {"kernel": folder / "kernel"}


def _describe(board: ImageBoard, results: Path, parts: Parts, measured: budget.Measured) -> None:
    """What was made, for make bundle and for people."""
    said = {
        "board": board.name,
        "compatible": board.compatible,
        "version": version(),
        "root_hash": parts.root.root_hash,
        "sha256": {name: _sha256(results / name) for name in ("root.img", "boot.img")},
        "octets": {"unpacked": measured.unpacked, "boot": measured.boot, "root": measured.root},
    }
    (results / "image.json").write_text(json.dumps(said, indent=2, sort_keys=True) + "\n")
    shutil.copyfile(board.lock, results / "packages.lock")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _used(file: Path) -> int:
    return int(subprocess.run(["du", "-B1", file], capture_output=True, check=True).stdout.split()[0])
