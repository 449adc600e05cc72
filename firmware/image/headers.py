"""Modules of our own (``board/image/NAME``), compiled in the workshop for the very kernel of a board.

Debian's kernel knows no key that signed them: the first root loads them before it closes the kernel to all
that is unsigned (``board/image/init``). The kernel's headers have a lock: ``board/BOARD/headers.lock``.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firmware.image import debian
from firmware.image.board import ImageBoard
from firmware.image.packages import Package, lock_text, read_lock
from firmware.image.places import DATA, made_whole
from firmware.image.shell import ImageError, run, say
from firmware.image.workshop import Workshop, key

_IMAGE = "linux-image-"
_FLAVOUR = "-arm64"


def lock_of(board: ImageBoard) -> Path:
    return board.folder / "headers.lock"


def release(lock: Sequence[Package]) -> str:
    """Of the kernel among the locked packages. Raises ImageError when there is none."""
    for package in lock:
        found = package.name.removeprefix(_IMAGE)
        if package.name != found and found[:1].isdigit():
            return found
    raise ImageError("no kernel is among the locked packages: make image-lock")


def names(kernel: str) -> list[str]:
    """Packages to compile a module for ``kernel`` with; the tools are for the workshop's processor."""
    version = kernel.removesuffix(_FLAVOUR)
    return [
        f"linux-headers-{kernel}:arm64",
        f"linux-headers-{version}-common",
        f"linux-kbuild-{version}:amd64",
    ]


def renew(board: ImageBoard, scratch: Path, mirror: str) -> None:
    """Write the headers' lock for the kernel that the board's own lock has."""
    kernel = release(read_lock(board.lock))
    _fetch(board, names(kernel), scratch, mirror)
    found = debian.describe(sorted(scratch.glob("*.deb")), "arm64")
    lock_of(board).write_text(lock_text(found.values(), f"To compile our modules for {board.title}."))


def modules(board: ImageBoard, cache: Path, shop: Workshop, mirror: str, folder: Path) -> list[Path]:
    """The board's own modules, compiled into ``folder``; without any nothing is fetched."""
    if not board.own_modules:
        return []
    kernel = release(read_lock(board.lock))
    sources = _sources(board, cache, mirror)
    version = kernel.removesuffix(_FLAVOUR)
    places = {"/usr/src": sources / "usr/src"}
    places[f"/usr/lib/linux-kbuild-{version}"] = sources / f"usr/lib/linux-kbuild-{version}"
    found = []
    for name in board.own_modules:
        say(f"compiling {name} for {kernel} …")
        work = folder / name
        shutil.copytree(DATA / name, work)
        # BTF describes types to tracing programs, which a phone has not; it would need another tool.
        make = f"make -s -C /usr/src/linux-headers-{kernel} M=/in CONFIG_DEBUG_INFO_BTF_MODULES= modules"
        strip = "aarch64-linux-gnu-strip -g /in/*.ko"
        date = {"KBUILD_BUILD_TIMESTAMP": f"@{shop.epoch}"}
        shop.run(
            ["sh", "-c", f"{make} && {strip}"], f"compiling {name}", places=places | {"/in": work}, env=date
        )
        found += sorted(work.glob("*.ko"))
    return found


def _sources(board: ImageBoard, cache: Path, mirror: str) -> Path:
    lock = read_lock(lock_of(board))
    folder = cache / f"headers-{key(lock)}"
    if not folder.is_dir():
        say(f"fetching {len(lock)} packages of the kernel's headers …")
        with made_whole(folder) as fresh, tempfile.TemporaryDirectory(dir=cache) as scratch:
            _fetch(board, [package.wanted for package in lock], Path(scratch), mirror)
            found = debian.describe(sorted(Path(scratch).glob("*.deb")), "arm64")
            debian.check(lock, found)
            for deb in found:
                run(["dpkg-deb", "--extract", deb, fresh], f"unpacking {deb.name}")
    return folder


def _fetch(board: ImageBoard, wanted: Sequence[str], folder: Path, mirror: str) -> None:
    """Packages alone, without what they depend on: the workshop has a compiler."""
    suites = [debian.SUITE, *([board.suite] if board.suite else [])]
    words = shlex.join(["apt-get", "-q", "download", *wanted])
    hook = f'cd {shlex.quote(str(folder))}; APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" {words}'
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        argv: list[str | Path] = [
            "mmdebstrap",
            "--mode=root",
            "--variant=custom",
            "--architectures=amd64,arm64",
        ]
        argv += ['--aptopt=Acquire::Languages "none"', f"--customize-hook={hook}"]
        argv += [debian.SUITE, Path(empty) / "root", "-"]
        lines = debian.sources(suites, "main", mirror)
        run(argv, "fetching the kernel's headers", given=("\n".join(lines) + "\n").encode())
