"""The first root: it finds the slot's partition, checks it by dm-verity and gives control to systemd.

busybox, dmsetup and the modules on the way to the disk; ``board/image/init`` does the work.
"""

from __future__ import annotations

import lzma
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from firmware.image import kernel, trees
from firmware.image.places import DATA
from firmware.image.shell import ImageError, run

MODULES = ("dm-verity", "squashfs")
"""For every board; those on the way to the disk are the board's."""
_FOLDERS = ("bin", "dev", "lib", "modules", "proc", "run", "sys", "sysroot")
_LIBRARIES = ("usr/lib/aarch64-linux-gnu", "lib")


def make(
    root: Path,
    depends: Mapping[str, Sequence[str]],
    first: Sequence[str],
    folder: Path,
    epoch: int,
    own: Sequence[Path] = (),
) -> bytes:
    """The archive, from the files of ``root`` (``folder``: an empty one for the tree).

    ``own``: modules of ours.
    """
    for name in _FOLDERS:
        (folder / name).mkdir()
    trees.copy(root / "usr/bin/busybox", folder / "bin/busybox", 0o755)
    trees.copy(DATA / "init", folder / "init", 0o755)
    _program(root, root / "usr/sbin/dmsetup", folder)
    modules = root / "usr/lib/modules" / kernel.release(root)
    order = []
    for path in kernel.load_order(depends, [*first, *MODULES]):
        name = kernel.module_name(path) + ".ko"
        content = (modules / path).read_bytes()
        (folder / "modules" / name).write_bytes(lzma.decompress(content) if path.endswith(".xz") else content)
        order.append(name)
    (folder / "modules/order").write_text("".join(f"{name}\n" for name in order))
    for module in own:
        trees.copy(module, folder / "modules/own" / module.name, 0o644)
    return cpio(folder, epoch)


def _program(root: Path, program: Path, folder: Path) -> None:
    """A program with the libraries and the loader that it names."""
    trees.copy(program, folder / "bin" / program.name, 0o755)
    waiting = [program]
    while waiting:
        said = run(["readelf", "-d", "-l", waiting.pop()], "reading a program")
        names = [line.split("[")[1].split("]")[0] for line in said.splitlines() if "(NEEDED)" in line]
        names += [line.rpartition("/")[2].rstrip("]") for line in said.splitlines() if "interpreter:" in line]
        for name in names:
            target = folder / "lib" / name
            if target.exists():
                continue
            found = [path for place in _LIBRARIES if (path := root / place / name).exists()]
            if not found:
                raise ImageError(f"{program.name} needs {name}, which is not in the root")
            trees.copy(found[0].resolve(), target, 0o755)
            waiting.append(found[0])


def cpio(folder: Path, epoch: int) -> bytes:
    """The tree as an archive "newc" (kernel: Documentation/driver-api/early-userspace/buffer-format.rst)."""
    pieces = []
    for number, path in enumerate(trees.entries(folder), 1):
        found = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
        if path.is_symlink():
            content = str(path.readlink()).encode()
        links = 2 if path.is_dir() else 1
        pieces.append(_entry(str(path.relative_to(folder)), number, found.st_mode, links, epoch, content))
    pieces.append(_entry("TRAILER!!!", 0, 0, 1, 0, b""))
    return b"".join(pieces)


def _entry(name: str, number: int, mode: int, links: int, epoch: int, content: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, links, epoch, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return _padded(head) + _padded(content)


def _padded(octets: bytes) -> bytes:
    return octets + b"\0" * (-len(octets) % 4)
