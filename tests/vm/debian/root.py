"""The first root of that machine: Debian 13 from its archive, its kernel, the units; the telephone's program.

What takes long (Debian) is made once for each content and kept beside the other kit; the program and the units
are packed anew for each run.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import lzma
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.vm.kit import VmError, cache_folder
from tests.vm.machine import ROOT

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
    _run("chroot", tree, "make", "-s", "-C", f"/lib/modules/{release}/build", "M=/tmp/modules", "modules")
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
    _run(*command, f"deb {security} {SUITE}-security main")


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
        said = _run("chroot", tree, "modprobe", "-S", release, "--show-depends", name)
        for file in re.findall(r"^insmod (\S+)", said, re.MULTILINE):
            plain = root / "modules" / Path(file).name.removesuffix(".xz")
            plain.write_bytes(lzma.decompress((tree / file.removeprefix("/")).read_bytes()))
            if plain.name not in order:
                order.append(plain.name)
    for name in OWN_MODULES:
        shutil.copy(tree / f"tmp/modules/{name}.ko", root / "modules")
        order.append(f"{name}.ko")
    (root / "modules/order").write_text("".join(f"{name}\n" for name in order))
    _archive(root, made / "busybox", made / "modules.cpio")


def first_root(work: Path, debian: Debian) -> Path:
    """What the kernel starts from: the modules, and ``init`` as it is today."""
    folder = work / "init"
    folder.mkdir()
    shutil.copy(HERE / "init", folder / "init")
    (folder / "init").chmod(0o755)
    _archive(folder, debian.busybox, work / "init.cpio")
    made = work / "initrd"
    made.write_bytes(debian.modules.read_bytes() + (work / "init.cpio").read_bytes())
    return made


def _archive(folder: Path, busybox: Path, target: Path) -> None:
    names = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))
    command = [busybox, "cpio", "-o", "-H", "newc"]
    done = subprocess.run(command, cwd=folder, input=names.encode(), capture_output=True, check=True)
    target.write_bytes(done.stdout)


def pack(tree: Path, target: Path, leave_out: Sequence[str] = (), packed: bool = True) -> None:
    """A squashfs of a folder; every file is root's."""
    command: list[str | Path] = ["mksquashfs", tree, target, "-noappend", "-quiet", "-no-progress"]
    command += ["-comp", "gzip", "-Xcompression-level", "1"] if packed else ["-noI", "-noD", "-noF"]
    if leave_out:
        command += ["-wildcards", "-e", *leave_out]
    _run(*command)


def program(work: Path, debian: Debian) -> Path:
    """A squashfs with what lies above Debian: the telephone at /usr/lib/sottovoce, and systemd/ installed.

    The interpreter is the one of this project's .venv, with those of its libraries that Debian 13 lacks.
    """
    top = work / "top"
    home = top / "usr/lib/sottovoce"
    for name in ("firmware", "board"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("native", "__pycache__"))
    _interpreter(home)
    _site_packages(home)
    _libraries(home, debian)
    (top / "etc/ld.so.conf.d").mkdir(parents=True)
    (top / "etc/ld.so.conf.d/zz-sottovoce.conf").write_text("/usr/lib/sottovoce/lib\n")
    (home / "board.env").write_text("SOTTOVOCE_BOARD=raspberry-pi-4\n")
    _run(sys.executable, ROOT / "systemd/install", top)
    made = work / "phone.squashfs"
    pack(top, made, packed=False)
    shutil.rmtree(top)
    return made


def _interpreter(home: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (home / "python/bin").mkdir(parents=True)
    (home / ".venv/bin").mkdir(parents=True)
    real = Path(sys.executable).resolve()
    for place in (home / "python/bin" / version, home / ".venv/bin/python"):
        shutil.copy(real, place)
    skip = shutil.ignore_patterns(
        "test", "tests", "site-packages", "dist-packages", "idlelib", "tkinter", "*.a"
    )
    shutil.copytree(sysconfig.get_path("stdlib"), home / "python/lib" / version, ignore=skip, symlinks=True)
    (home / ".venv/pyvenv.cfg").write_text("home = /usr/lib/sottovoce/python/bin\n")


def _site_packages(home: Path) -> None:
    """What requirements/run.txt names, pjsua2, and a line that names our own folder."""
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE)
    here = Path(sysconfig.get_path("platlib"))
    there = home / f".venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    there.mkdir(parents=True)
    for name in {*locked, "pjsua2"} - {"setuptools"}:
        for file in importlib.metadata.distribution(name).files or ():
            source = Path(str(file.locate()))
            if source.is_file() and source.is_relative_to(here):
                target = there / source.relative_to(here)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    (there / "sottovoce.pth").write_text("/usr/lib/sottovoce\n")


def _libraries(home: Path, debian: Debian) -> None:
    """Libraries of this machine that the telephone's program needs and Debian 13, as it is there, lacks."""
    (home / "lib").mkdir()
    listed = _run("unsquashfs", "-l", debian.base)
    theirs = set(re.findall(r"/([^/\s]+\.so[.\d]*)$", listed, re.MULTILINE))
    binaries = [path for path in home.rglob("*.so*") if path.is_file()] + [home / ".venv/bin/python"]
    found: dict[str, str] = {}
    for binary in binaries:
        said = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
        found |= dict(re.findall(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE))
    for name, path in found.items():
        if name not in theirs and not Path(path).is_relative_to(home):
            shutil.copy(os.path.realpath(path), home / "lib" / name)


def _run(*command: str | Path) -> str:
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
