"""Debian 13 from its archive, with its kernel and our two modules.

Made once for each content of this file, and kept; what changes from day to day is in ``program``.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.vm.kit import VmError, cache_folder

HERE = Path(__file__).parent
SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

MODULES = (
    "virtio_pci",
    "virtio_blk",
    "virtio_rng",
    "virtio_net",
    "9pnet_virtio",
    "9p",
    "overlay",
    "squashfs",
)
DEVICES = ("i2c-dev", "snd-aloop", "snd-dummy", "softdog")
OWN_MODULES = ("gpio_wires", "i2c_witness")
NOT_IN_IT = (
    "boot", "usr/src", "usr/include", "usr/lib/gcc", "usr/libexec/gcc", "usr/share/doc", "usr/share/man",
    "usr/share/locale", "usr/share/perl", "var/cache", "var/lib/apt/lists",
)  # fmt: skip
"""What only the making needs."""


@dataclass(frozen=True)
class Debian:
    """What QEMU starts: kernel, first root, and Debian's files."""

    kernel: Path
    modules: Path
    """Of the first root all but ``init``: an archive to which another can be joined."""
    busybox: Path
    base: Path


def ready_root() -> Debian:
    """Debian of today's content, from the cache or made now. Raises ``VmError``."""
    sources = [HERE / "root.py", HERE / "packages.txt", *(HERE.parent / "kernel").iterdir()]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    folder = cache_folder() / f"debian-{digest.hexdigest()[:16]}"
    made = Debian(*(folder / name for name in ("vmlinuz", "modules.cpio", "busybox", "base.squashfs")))
    if not made.base.exists():
        print("vm: making Debian 13 (once; some minutes)", flush=True)
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="making-debian-") as name:
            _make(Path(name)).rename(folder)
    return made


def _make(work: Path) -> Path:
    tree, made = work / "tree", work / "made"
    made.mkdir()
    _bootstrap(tree)
    (kernel,) = (tree / "boot").glob("vmlinuz-*")
    release = kernel.name.removeprefix("vmlinuz-")
    shutil.copytree(HERE.parent / "kernel", tree / "tmp/modules")
    run("chroot", tree, "make", "-s", "-C", f"/lib/modules/{release}/build", "M=/tmp/modules", "modules")
    _first_root(tree, release, work / "first", made)
    shutil.rmtree(tree / "tmp/modules")
    shutil.copy(kernel, made / "vmlinuz")
    leave_out = [path for path in NOT_IN_IT if (tree / path).exists()]
    pack(tree, made / "base.squashfs", leave_out)
    shutil.rmtree(tree)
    return made


def _bootstrap(tree: Path) -> None:
    """From the archive that this machine uses, by the archive's keys."""
    mirror, security = archive()
    packages = [line for line in (HERE / "packages.txt").read_text().split("\n") if line and line[0] != "#"]
    command: list[str | Path] = ["mmdebstrap", "--variant=minbase", "--quiet", f"--keyring={KEYRING}"]
    command += ['--aptopt=APT::Install-Recommends "false"']
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    command += ["--dpkgopt=force-unsafe-io"]
    command += ["--include=" + ",".join(packages), SUITE, tree]
    command += [f"deb {mirror} {SUITE} main", f"deb {mirror} {SUITE}-updates main"]
    run(*command, f"deb {security} {SUITE}-security main")


def archive() -> tuple[str, str]:
    """Where this machine gets Debian and its security updates from."""
    text = ""
    for file in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text += file.read_text() if file.is_file() else ""
    lines = [line for line in text.splitlines() if re.match(r"\s*(deb\s|URIs:)", line)]
    found = re.findall(r"https?://\S+", "\n".join(lines))
    mirror = next((url for url in found if url.rstrip("/").endswith("/debian")), "")
    if not mirror:
        raise VmError("no Debian archive is named in /etc/apt; this needs Debian 12 or 13")
    security = next((url for url in found if "debian-security" in url), "")
    return mirror, security or mirror.rstrip("/").removesuffix("/debian") + "/debian-security"


def _first_root(tree: Path, release: str, root: Path, made: Path) -> None:
    """busybox and the modules, with a list in which order they are loaded."""
    for folder in ("bin", "modules", "proc", "sys", "dev", "base", "phone", "above", "sysroot", "host"):
        (root / folder).mkdir(parents=True)
    shutil.copy(tree / "usr/bin/busybox", root / "bin/busybox")
    shutil.copy(tree / "usr/bin/busybox", made / "busybox")
    order: list[str] = []
    for name in (*MODULES, *DEVICES):
        said = run("chroot", tree, "modprobe", "-S", release, "--show-depends", name)
        for file in re.findall(r"^insmod (\S+)", said, re.MULTILINE):
            plain = root / "modules" / Path(file).name.removesuffix(".xz")
            plain.write_bytes(lzma.decompress((tree / file.removeprefix("/")).read_bytes()))
            if plain.name not in order:
                order.append(plain.name)
    for name in OWN_MODULES:
        shutil.copy(tree / f"tmp/modules/{name}.ko", root / "modules")
        order.append(f"{name}.ko")
    (root / "modules/order").write_text("".join(f"{name}\n" for name in order))
    archive_of(root, made / "busybox", made / "modules.cpio")


def archive_of(folder: Path, busybox: Path, target: Path) -> None:
    names = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))
    command: list[str | Path] = [busybox, "cpio", "-o", "-H", "newc"]
    done = subprocess.run(command, cwd=folder, input=names.encode(), capture_output=True, check=True)
    target.write_bytes(done.stdout)


def pack(tree: Path, target: Path, leave_out: Sequence[str] = (), packed: bool = True) -> None:
    """A squashfs of a folder; every file is root's."""
    command: list[str | Path] = ["mksquashfs", tree, target, "-noappend", "-quiet", "-no-progress"]
    command += ["-comp", "gzip", "-Xcompression-level", "1"] if packed else ["-noI", "-noD", "-noF"]
    if leave_out:
        command += ["-wildcards", "-e", *leave_out]
    run(*command)


def run(*command: str | Path) -> str:
    # INITRD: no first root is made for the kernel's package, which takes longer than all the rest.
    environment = os.environ | {
        "LC_ALL": "C",
        "INITRD": "No",
        "PATH": f"/usr/sbin:/sbin:{os.environ['PATH']}",
    }
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False
        )
    except OSError as error:
        raise VmError(f"cannot run {command[0]}: {error.strerror}; call make test-vm") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise VmError(f"{command[0]} failed while Debian 13 was made:\n{tail}")
    return done.stdout
