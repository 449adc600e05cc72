"""Get the source: pjproject, as the signed Debian source package of asterisk carries it.

apt does the fetching and the proving: the archive's key signs the list of all sources, the list
holds the hash of each file. It works in a folder of its own, so that the machine's own lists and
sources stay as they are. The mirror is the machine's own.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware.native.shell import NativeError, output, run, say

PACKAGE = "asterisk"
COMPONENT = "pjproject"
SUITE = "sid"
OLDEST = (2, 15, 1)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Source:
    """One pjproject archive, proven when it was fetched and known by its hash since."""

    package_version: str
    pjproject_version: str
    archive: str
    sha256: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pick_mirror(index_targets: str) -> str:
    """Choose the Debian mirror out of the lines "URI|origin|label" that apt knows.

    Raises:
        NativeError: None of them is a Debian archive.
    """
    rows = [line.split("|") for line in index_targets.splitlines()]
    debian = [row for row in rows if len(row) == 3 and row[0].rstrip("/").endswith("/debian")]
    proven = [row for row in debian if row[1:] == ["Debian", "Debian"]]
    if not debian:
        raise NativeError(
            "apt knows no Debian mirror: add one to /etc/apt/sources.list and run apt-get update"
        )
    return (proven or debian)[0][0].rstrip("/")


def oldest_enough(version: str) -> bool:
    """Is this pjproject new enough to build on?"""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version))
    return numbers >= OLDEST


def dsc_sha256(dsc: str, name: str) -> str | None:
    """The SHA-256 that a .dsc states for a file, if it states one."""
    block = dsc.partition("Checksums-Sha256:")[2].partition("\nFiles:")[0]
    found = re.search(rf"^ ([0-9a-f]{{64}}) \d+ {re.escape(name)}$", block, re.MULTILINE)
    return found.group(1) if found else None


def _apt_environment(folder: Path) -> dict[str, str]:
    """Give apt a world of its own under the folder."""
    targets = output(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)"])
    mirror = pick_mirror(targets)
    if not KEYRING.is_file():
        raise NativeError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb-src [signed-by={KEYRING}] {mirror} {SUITE} main\n")
    (folder / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        f'Dir::State::lists "{folder}/lists";\n'
        f'Dir::Cache "{folder}/cache";\n'
        'APT::Sandbox::User "root";\n'
        'APT::Get::AllowUnauthenticated "false";\n'
        'Acquire::AllowInsecureRepositories "false";\n'
        'Acquire::Languages "none";\n'
    )
    return {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}


def _pjproject_version(archive: Path) -> str:
    makefile = output(["tar", "-xOJf", archive, "--wildcards", "*/version.mak"])
    parts = dict(re.findall(r"^export PJ_VERSION_(MAJOR|MINOR|REV)\s*:=\s*(\d+)", makefile, re.MULTILINE))
    return ".".join(parts[part] for part in ("MAJOR", "MINOR", "REV") if part in parts)


def _download(folder: Path, log: Path) -> Source:
    env = _apt_environment(folder)
    retry = "check the network and run this again"
    run(["apt-get", "update"], f"reading the list of Debian sources ({retry})", log, folder, env)
    fetch = ["apt-get", "source", "--download-only", PACKAGE]
    run(fetch, f"fetching the source package {PACKAGE} ({retry})", log, folder, env)
    archives = list(folder.glob(f"{PACKAGE}_*.orig-X{COMPONENT}.tar.xz"))
    descriptions = list(folder.glob(f"{PACKAGE}_*.dsc"))
    if len(archives) != 1 or len(descriptions) != 1:
        raise NativeError(f"the source package {PACKAGE} in {SUITE} no longer carries {COMPONENT}: see {log}")
    archive, description = archives[0], descriptions[0]
    found = sha256_of(archive)
    if dsc_sha256(description.read_text(), archive.name) != found:
        raise NativeError(f"{archive.name} is not the file that {description.name} names: run this again")
    version = description.name.removeprefix(f"{PACKAGE}_").removesuffix(".dsc")
    return Source(version, _pjproject_version(archive), archive.name, found)


def cached(folder: Path) -> Source | None:
    """The source that an earlier run left in the folder, if it is still whole."""
    try:
        source = Source(**json.loads((folder / "source.json").read_text()))
        return source if sha256_of(folder / source.archive) == source.sha256 else None
    except (OSError, ValueError, TypeError):
        return None


def obtain(folder: Path, log: Path) -> Source:
    """Return the source in the folder, fetching it first if need be.

    Raises:
        NativeError: It cannot be fetched or proven, or is too old.
    """
    known = cached(folder)
    if known:
        return known
    say(f"fetching pjproject from the Debian source package {PACKAGE} (13 MB) …")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source = _download(Path(name), log)
        if not oldest_enough(source.pjproject_version):
            oldest = ".".join(map(str, OLDEST))
            raise NativeError(
                f"pjproject {source.pjproject_version} is too old, {oldest} is the oldest that is known"
            )
        shutil.move(Path(name) / source.archive, folder / source.archive)
        record = Path(name) / "source.json"
        record.write_text(json.dumps(asdict(source), indent=2) + "\n")
        record.replace(folder / "source.json")
    say(f"pjproject {source.pjproject_version}, signed by Debian, SHA-256 {source.sha256}")
    return source
