"""The workshop: a Debian 13 of its own, in which compilers and tools run, whatever this machine is.

What it makes depends on its lock alone. It sees only the folders that it is given, each mounted in a mount
namespace of the one command, so that nothing stays mounted.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.image import debian
from firmware.image.packages import Package, names, read_lock
from firmware.image.places import DATA, made_whole
from firmware.image.shell import run, say

LIST = DATA / "workshop.txt"
LOCK = DATA / "workshop.lock"
_PATH = "/usr/sbin:/usr/bin"


@dataclass(frozen=True)
class Workshop:
    """An unpacked workshop, and the date that everything made in it bears (seconds since 1970)."""

    folder: Path
    epoch: int

    def run(
        self,
        argv: Sequence[str | Path],
        what: str,
        *,
        places: Mapping[str, Path] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
    ) -> str:
        """Run a program in it. ``places``: folders of this machine by their names in there (``/in``)."""
        steps = ["set -e"]
        for inside, outside in (places or {}).items():
            point = self.folder / inside.lstrip("/")
            point.mkdir(parents=True, exist_ok=True)
            steps.append(f"mount --bind {shlex.quote(str(outside))} {shlex.quote(str(point))}")
        command = shlex.join(str(word) for word in argv)
        steps.append(
            f"exec chroot {shlex.quote(str(self.folder))} /bin/sh -c "
            + shlex.quote(f"cd {cwd} && exec {command}")
        )
        settings = {
            "PATH": _PATH,
            "HOME": "/root",
            "TZ": "UTC",
            "TMPDIR": "/tmp",  # noqa: S108 - the workshop's own
            "SOURCE_DATE_EPOCH": str(self.epoch),
            **(env or {}),
        }
        assigned = [f"{name}={value}" for name, value in settings.items()]
        outer = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", "; ".join(steps)]
        return run(["env", "-i", "LC_ALL=C", *assigned, *outer], what)


def key(lock: Sequence[Package]) -> str:
    """A short name for what these packages make."""
    return hashlib.sha256("\n".join(map(str, lock)).encode()).hexdigest()[:16]


def ready(cache: Path, epoch: int, mirror: str) -> Workshop:
    """The workshop of the lock, from the cache or made now."""
    lock = read_lock(LOCK)
    folder = cache / f"workshop-{key(lock)}"
    if not folder.is_dir():
        say("making the workshop: Debian 13 with a cross compiler (180 MB of packages, once) …")
        with made_whole(folder) as fresh:
            archive = fresh.with_name(f"{fresh.name}-debs")
            _unpack(fresh, archive, [package.wanted for package in lock], mirror)
            debian.check(lock, debian.describe(sorted(archive.glob("*.deb")), "amd64"))
            shutil.rmtree(archive)
    return Workshop(folder, epoch)


def choose(scratch: Path, mirror: str) -> list[Package]:
    """What today's Debian has for the workshop's list."""
    _unpack(scratch / "workshop", scratch / "debs", names(LIST.read_text()), mirror)
    return sorted(debian.describe(sorted((scratch / "debs").glob("*.deb")), "amd64").values())


def _unpack(target: Path, archive: Path, wanted: Sequence[str], mirror: str) -> None:
    debian.unpack(
        target,
        wanted,
        debian.sources([debian.SUITE], "main", mirror),
        archive,
        variant="minbase",
        architectures="amd64,arm64",
    )
