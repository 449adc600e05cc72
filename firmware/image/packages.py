"""Lists of Debian packages as people write them, and the locks that say which versions these become.

A list has one name a line, ``#`` begins a comment. A lock has ``name version sha256`` a line: the versions
that apt chose on the day it was made, each proven by Debian's signature then and by its hash since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.image.shell import ImageError


@dataclass(frozen=True, order=True)
class Package:
    """One package of a lock. ``name``: with ``:arch`` where that is another than the root's own."""

    name: str
    version: str
    sha256: str

    @property
    def wanted(self) -> str:
        return f"{self.name}={self.version}"


def names(text: str) -> list[str]:
    """The names in a list, in its order."""
    return [word for line in text.splitlines() for word in line.partition("#")[0].split()]


def read_lock(file: Path) -> list[Package]:
    """Raises ImageError when the file is missing or no lock."""
    try:
        rows = [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]
        return sorted(Package(*row) for row in rows)
    except FileNotFoundError:
        raise ImageError(f"{file} is missing: make image-lock makes it") from None
    except TypeError:
        raise ImageError(
            f"{file} is no lock (name, version, SHA-256 in each line): make image-lock"
        ) from None


def lock_text(packages: Iterable[Package], about: str) -> str:
    """The lock's text, the same for the same packages."""
    lines = [f"{package.name} {package.version} {package.sha256}" for package in sorted(packages)]
    return "\n".join([f"# {about} Made by make image-lock.", *lines, ""])


def differences(locked: Sequence[Package], found: Sequence[Package]) -> list[str]:
    """One line for each package that is not as the lock has it."""
    was = {package.name: package for package in locked}
    now = {package.name: package for package in found}
    lines = [f"{name} is missing" for name in sorted(was.keys() - now.keys())]
    lines += [f"{name} {now[name].version} is not in the lock" for name in sorted(now.keys() - was.keys())]
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name]:
            lines.append(f"{name} is {now[name].version} instead of {was[name].version}, or another file")
    return lines
