"""What lies above Debian in the machine: the telephone's program, systemd/ installed, the first root."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from firmware.phone.display import fonts
from tests.vm.debian.root import Debian, archive_of, pack, run
from tests.vm.machine import ROOT

HERE = Path(__file__).parent


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
    _fonts(top)
    (top / "etc/ld.so.conf.d").mkdir(parents=True)
    (top / "etc/ld.so.conf.d/zz-sottovoce.conf").write_text("/usr/lib/sottovoce/lib\n")
    (home / "board.env").write_text("SOTTOVOCE_BOARD=raspberry-pi-4\nSOTTOVOCE_COMPATIBLE=raspberry-pi-4\n")
    run(sys.executable, ROOT / "systemd/install", top)
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


_OPENED_LATER = {"libnss3.so": ("libsoftokn3.*", "libfreebl*3.*")}
"""What a library opens by name once it runs: the ciphers of NSS, which libsrtp has."""


def _libraries(home: Path, debian: Debian) -> None:
    """Libraries of this machine that the telephone's program needs and Debian 13, as it is there, lacks."""
    (home / "lib").mkdir()
    listed = run("unsquashfs", "-l", debian.base)
    theirs = set(re.findall(r"/([^/\s]+\.so[.\d]*)$", listed, re.MULTILINE))
    binaries = [path for path in home.rglob("*.so*") if path.is_file()] + [home / ".venv/bin/python"]
    found: dict[str, str] = {}
    for binary in binaries:
        said = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
        found |= dict(re.findall(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE))
    for name, path in list(found.items()):
        for beside in _OPENED_LATER.get(name, ()):
            found |= {file.name: str(file) for file in Path(path).resolve().parent.rglob(beside)}
    for name, path in found.items():
        if name not in theirs and not Path(path).is_relative_to(home):
            shutil.copy(os.path.realpath(path), home / "lib" / name)


def _fonts(top: Path) -> None:
    """What the display's letters are made of."""
    for folder, pattern in ((fonts.FOLDER, "*.otb"), (fonts.EAST_FOLDER, "wenquanyi*.pcf")):
        target = top / folder.removeprefix("/")
        target.mkdir(parents=True)
        for file in Path(folder).glob(pattern):
            shutil.copy(file, target)


def first_root(work: Path, debian: Debian) -> Path:
    """What the kernel starts from: the modules, and ``init`` as it is today."""
    folder = work / "init"
    folder.mkdir()
    shutil.copy(HERE / "init", folder / "init")
    (folder / "init").chmod(0o755)
    archive_of(folder, debian.busybox, work / "init.cpio")
    made = work / "initrd"
    made.write_bytes(debian.modules.read_bytes() + (work / "init.cpio").read_bytes())
    return made
