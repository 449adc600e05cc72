"""A clean Debian 12, made by mmdebstrap and kept by its content, entered in a mount namespace of its own.

How this machine reaches its archives (apt's sources, pip's configuration, certificates, proxies) goes in with
it; nothing else does but the cache of built wheels.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmware.documents.stage import ROOT
from tests.vm.debian.root import KEYRING, archive
from tests.vm.kit import cache_folder

SUITE = "bookworm"
PACKAGES = "make,ca-certificates"
"""What README takes for granted: make, and that addresses over TLS can be proved."""

ARCHIVES = (
    "/etc/apt/apt.conf.d",
    "/etc/pip.conf",
    "/etc/ssl/certs",
    "/usr/local/share/ca-certificates",
    "/etc/resolv.conf",
    "/etc/hosts",
)
ENVIRONMENT = re.compile(r"(PIP_.*|SSL_CERT.*|REQUESTS_CA_BUNDLE|.*_proxy)", re.IGNORECASE)


@dataclass(frozen=True)
class Clean:
    """``root`` is entered by ``run`` and ``start``."""

    root: Path

    def command(self, line: str) -> list[str]:
        """What runs ``line`` in the root, with all that it started ending with it."""
        mounts = ["mount -t proc proc proc", "mount --rbind /dev dev"]
        for path in (*ARCHIVES, *_pip_paths()):
            if Path(path).exists():
                made = "mkdir -p" if Path(path).is_dir() else "touch"
                inside = shlex.quote(path.lstrip("/"))
                mounts += [
                    f"mkdir -p $(dirname {inside})",
                    f"{made} {inside}",
                    f"mount --bind {path} {inside}",
                ]
        wheels = cache_folder().parent
        wheels.mkdir(parents=True, exist_ok=True)
        mounts += [
            "mkdir -p root/.cache/sottovoce",
            f"mount --bind {shlex.quote(str(wheels))} root/.cache/sottovoce",
        ]
        kept = [f"{name}={value}" for name, value in os.environ.items() if ENVIRONMENT.fullmatch(name)]
        enter = shlex.join(
            ["env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", *kept]
        )
        script = " && ".join([f"cd {shlex.quote(str(self.root))}", *mounts])
        script += f" && exec chroot . {enter} /bin/bash -c {shlex.quote(line)}"
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/bash", "-c", script]

    def run(self, line: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Both outputs in ``stdout``."""
        return subprocess.run(
            self.command(line), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds
        )

    def start(self, line: str, log: Path) -> subprocess.Popen[bytes]:
        """As a terminal would: a process group of its own."""
        with log.open("wb") as file:
            return subprocess.Popen(
                self.command(line), stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )

    def wait_for(
        self, process: subprocess.Popen[bytes], log: Path, pattern: re.Pattern[str], seconds: float
    ) -> str:
        """The first group of ``pattern`` in ``log``. Raises RuntimeError when it ends or takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = log.read_text(errors="replace")
            if found := pattern.search(text):
                return found[1]
            if process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError("it did not come up:\n" + log.read_text(errors="replace")[-3000:])


def _pip_paths() -> list[str]:
    """Folders of packages on this machine that its pip is told of, and nobody else's."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    named = re.findall(r"(?:file://)?(/[\w./-]+)", re.sub(r"https?://\S+", "", said.stdout))
    tops = {"/".join(path.split("/")[:3]) for path in named if Path(path).is_dir()}
    return sorted(path for path in tops if not path.startswith(("/etc", "/usr", "/root", "/home")))


@contextmanager
def ready(kept: Path | None) -> Iterator[Clean]:
    """A clean root with this folder in /sottovoce. ``kept``: where it is, and stays; else it is removed."""
    if kept is not None and (kept / "sottovoce").exists():
        yield Clean(kept.absolute())
        return
    base = _base()
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="newcomer-root-") as name:
        root = kept.absolute() if kept is not None else Path(name) / "root"
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "--extract", "--file", base, "--directory", root], check=True)
        _copy(root / "sottovoce")
        yield Clean(root)


def _base() -> Path:
    """Debian of this file's content, from the cache or made now."""
    mirror, security = archive()
    lines = [
        f"deb {mirror} {SUITE} main",
        f"deb-src {mirror} {SUITE} main",
        f"deb {mirror} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    ]
    digest = hashlib.sha256(repr((SUITE, PACKAGES, lines)).encode()).hexdigest()[:16]
    made = cache_folder() / f"newcomer-{digest}.tar"
    if not made.exists():
        cache_folder().mkdir(parents=True, exist_ok=True)
        new = made.with_suffix(".new.tar")
        print("newcomer: making a clean Debian (once; a minute or two)", flush=True)
        command = [
            "mmdebstrap",
            "--variant=minbase",
            "--quiet",
            f"--keyring={KEYRING}",
            f"--include={PACKAGES}",
        ]
        subprocess.run([*command, SUITE, str(new), *lines], check=True, stdin=subprocess.DEVNULL)
        new.rename(made)
    return made


def _copy(folder: Path) -> None:
    """What a newcomer gets: the files that git knows, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
