"""Debian's packages: fetched and proven by apt, unpacked by mmdebstrap, from the machine's own mirror.

No maintainer script of the board's architecture runs: ``root`` does what they would do, so nothing is
emulated and the same packages give the same bytes.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from firmware.image.packages import Package, differences
from firmware.image.shell import ImageError, run
from firmware.native.shell import NativeError
from firmware.native.source import KEYRING, pick_mirror

SUITE = "trixie"
_QUESTION = "Package=${Package}\\nVersion=${Version}\\nArchitecture=${Architecture}\\n"


def sources(suites: Sequence[str], components: str, mirror: str = "") -> list[str]:
    """The lines of a sources.list, with the mirror given or else the one that this machine uses.

    Raises ImageError when apt knows no mirror of Debian.
    """
    if not mirror:
        targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)"], "asking apt")
        try:
            mirror = pick_mirror(targets)
        except NativeError as error:
            raise ImageError(str(error)) from error
    security = mirror.removesuffix("/debian") + "/debian-security"
    signed = f"[signed-by={KEYRING}]"
    lines = [f"deb {signed} {mirror} {suite} {components}" for suite in suites]
    return [*lines, f"deb {signed} {security} {SUITE}-security {components}"]


def unpack(
    target: Path,
    wanted: Sequence[str],
    lines: Sequence[str],
    archive: Path,
    *,
    variant: str,
    architectures: str,
    preferences: str = "",
) -> None:
    """Make ``target`` of the packages ``wanted`` and what they depend on; keep those in ``archive``.

    Args:
        variant: mmdebstrap's: ``extract`` unpacks only, ``minbase`` installs (for this machine's kind).
        preferences: apt's pins.
    """
    archive.mkdir(parents=True, exist_ok=True)
    kept, debs = shlex.quote(str(archive)), '"$1"/var/cache/apt/archives'
    pins = f'printf %s {shlex.quote(preferences)} > "$1"/etc/apt/preferences' if preferences else "true"
    argv: list[str | Path] = [
        "mmdebstrap",
        "--mode=root",
        f"--variant={variant}",
        f"--architectures={architectures}",
        f"--include={','.join(wanted)}",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        f'--setup-hook=mkdir -p {debs} "$1"/etc/apt; cp -n {kept}/*.deb {debs}/ 2>/dev/null; {pins}',
        f"--extract-hook=cp -n {debs}/*.deb {kept}/",
        f"--customize-hook=cp -n {debs}/*.deb {kept}/ 2>/dev/null || true",
        SUITE,
        target,
        "-",
    ]
    run(argv, "unpacking Debian's packages", given=("\n".join(lines) + "\n").encode())


def describe(debs: Sequence[Path], architecture: str) -> dict[Path, Package]:
    """Name, version and hash of package files."""
    found = {}
    rows = [line.split(maxsplit=1) for line in run(["sha256sum", *debs], "hashing").splitlines()]
    hashes = {name: checksum for checksum, name in rows}
    for deb in debs:
        said = dict(
            line.split("=", 1)
            for line in run(["dpkg-deb", f"--showformat={_QUESTION}", "-W", deb], deb.name).splitlines()
        )
        foreign = said["Architecture"] not in (architecture, "all")
        name = said["Package"] + (f":{said['Architecture']}" if foreign else "")
        found[deb] = Package(name, said["Version"], hashes[str(deb)])
    return found


def check(locked: Sequence[Package], found: Mapping[Path, Package]) -> None:
    """Raises ImageError with each package that is not as the lock has it."""
    wrong = differences(locked, list(found.values()))
    if wrong:
        raise ImageError(
            "Debian's packages are not those of the lock:\n"
            + "\n".join(wrong[:20])
            + "\nmake image-lock takes what Debian has now; a mirror of that day (MIRROR=) has the old ones"
        )
