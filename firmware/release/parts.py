"""What a root file system is made of: Debian and Python packages, and what the native module was built from.

Read from what each of them leaves: dpkg's status (deb822(5)) or the control files of packages that were
unpacked without it, ``dist-info`` folders (PEP 376), and the record that ``firmware.native`` puts into its
wheel.
"""

from __future__ import annotations

import email
import enum
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from debian import copyright as dep5
from debian.deb822 import Deb822, Packages

from firmware.phone.errors import UpdateError

NATIVE_RECORD = "pjsua2_build.json"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_PIN = re.compile(r"([A-Za-z0-9_.-]+)==(\S+)")
_LICENCE = re.compile(r"License:\s*(\S.*)", re.IGNORECASE)


class Kind(enum.Enum):
    DEBIAN = "deb"
    PYTHON = "pypi"
    SOURCE = "generic"
    """Source code that was built into something else."""
    PATCH = "patch"


@dataclass(frozen=True)
class Part:
    """``source``, ``source_version``: the Debian source package. ``licences``: as the part itself names them.

    ``sha256``: of the file that was installed, or of all files that the lock allows. ``inside``: the names of
    the parts that were built into this one.
    """

    kind: Kind
    name: str
    version: str
    source: str = ""
    source_version: str = ""
    licences: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    arch: str = ""
    inside: tuple[str, ...] = field(default=())


def read(root: Path, locks: Iterable[Path] = (), status: Path | None = None) -> list[Part]:
    """All parts of ``root``, in a fixed order. ``locks``: files that pin what was installed by its hashes
    (requirements of pip, or lines of name, version and SHA-256). ``status``: dpkg's, when not in ``root``.

    Raises UpdateError when something stands there whose origin cannot be told.
    """
    pinned = pins(locks)
    debian = list(_debian(root, status, pinned))
    python = list(_python(root, pinned))
    native = [part for record in _found(root, NATIVE_RECORD) for part in _native(record)]
    if not debian:
        raise UpdateError(f"{root} names no Debian packages; give dpkg's status with --status")
    python = [_with_inside(part, native) if part.name == "pjsua2" else part for part in python]
    return sorted(debian + python + native, key=lambda p: (p.kind.value, p.name, p.version, p.arch))


def pins(locks: Iterable[Path]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Name and version to hashes, of files that pin packages. Raises UpdateError."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for path in locks:
        text = path.read_text().replace("\\\n", " ")
        for line in text.splitlines():
            words = line.partition("#")[0].split()
            if pin := _PIN.match(line):
                found[_normal(pin[1]), pin[2]] = tuple(_HASH.findall(line))
            elif len(words) == 3 and re.fullmatch("[0-9a-f]{64}", words[2]):
                found[words[0], words[1]] = (words[2],)
            elif words and not words[0].startswith("-"):
                raise UpdateError(f"{path}: this line pins nothing by a hash: {line[:60]!r}")
    return found


# --- Debian ------------------------------------------------------------------------------------------


def _debian(
    root: Path, status: Path | None, pinned: Mapping[tuple[str, str], tuple[str, ...]]
) -> Iterator[Part]:
    files = [status] if status else [root / "var/lib/dpkg/status", *_controls(root)]
    for file in files:
        if not file.is_file():
            continue
        with file.open(encoding="utf-8") as lines:
            for package in Packages.iter_paragraphs(lines, use_apt_pkg=False):
                if "Status" in package and not package["Status"].endswith(" installed"):
                    continue
                yield _package(package, root, pinned)


def _controls(root: Path) -> list[Path]:
    """One control file for each package, as roots without dpkg have them."""
    folder = root / "var/lib/dpkg/status.d"
    return sorted(path for path in folder.glob("*") if path.suffix != ".md5sums") if folder.is_dir() else []


def _package(package: Deb822, root: Path, pinned: Mapping[tuple[str, str], tuple[str, ...]]) -> Part:
    name, version = package["Package"], package["Version"]
    source, _, source_version = package.get("Source", name).partition(" ")
    return Part(
        Kind.DEBIAN,
        name,
        version,
        source,
        source_version.strip("()") or version,
        _debian_licences(root / "usr/share/doc" / name / "copyright"),
        pinned.get((name, version), ()),
        package.get("Architecture", ""),
    )


def _debian_licences(path: Path) -> tuple[str, ...]:
    """The short names of a machine-readable copyright file (DEP 5), else of its lines that name one."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    try:
        parsed = dep5.Copyright(text.splitlines(keepends=True), strict=False)
        licences: list[Any] = [p.license for p in parsed.all_files_paragraphs()]
        names = [licence.synopsis for licence in licences if licence is not None]
    except (dep5.NotMachineReadableError, dep5.MachineReadableFormatError, ValueError, TypeError):
        names = _LICENCE.findall(text) + re.findall(
            r"/usr/share/common-licenses/([A-Za-z]+-[0-9.]*[0-9])", text
        )
    return tuple(sorted({name.strip() for name in names if name and name.strip()}))


# --- Python ------------------------------------------------------------------------------------------


def _found(root: Path, name: str) -> list[Path]:
    return sorted(path for path in root.rglob(name) if path.is_file() and not path.is_symlink())


def _python(root: Path, pinned: Mapping[tuple[str, str], tuple[str, ...]]) -> Iterator[Part]:
    for path in _found(root, "METADATA"):
        if not path.parent.name.endswith(".dist-info"):
            continue
        if "dist-packages" in path.parts:
            continue  # Debian's own, counted as Debian's package
        said = email.message_from_string(path.read_text(encoding="utf-8", errors="replace"))
        name, version = str(said["Name"]), str(said["Version"])
        yield Part(
            Kind.PYTHON,
            _normal(name),
            version,
            licences=_python_licences(said),
            sha256=pinned.get((_normal(name), version), ()),
        )


def _python_licences(said: email.message.Message) -> tuple[str, ...]:
    if said["License-Expression"]:
        return (str(said["License-Expression"]),)
    kinds = [
        str(line).rpartition(" :: ")[2]
        for line in said.get_all("Classifier", [])
        if line.startswith("License")
    ]
    short = str(said["License"] or "").strip()
    return tuple(kinds) or ((short,) if short and len(short) < 60 and "\n" not in short else ())


def _normal(name: str) -> str:
    """A package's name as the index has it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


# --- what the native module is made of -------------------------------------------------------------------


def _native(record: Path) -> list[Part]:
    """Raises UpdateError when the record is not what ``firmware.native`` writes."""
    try:
        said: dict[str, Any] = json.loads(record.read_bytes())
        source = said["source"]
        licence = (str(said["license"]),)
        parts = [
            Part(
                Kind.SOURCE,
                "pjproject",
                source["pjproject_version"],
                "asterisk",
                source["package_version"],
                ("GPL-2.0-or-later",),
                (source["sha256"],),
            )
        ]
        parts += [
            Part(Kind.PATCH, name, "", licences=licence, sha256=(h,)) for name, h in said["patches"].items()
        ]
        parts += [Part(Kind.SOURCE, name, version) for name, version in said["packages"].items()]
        parts.append(Part(Kind.SOURCE, "recipe", said["key"], licences=licence, sha256=(said["recipe"],)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UpdateError(f"{record} does not say how the native module was built: {error!r}") from error
    return parts


def _with_inside(part: Part, native: list[Part]) -> Part:
    return Part(
        part.kind,
        part.name,
        part.version,
        licences=part.licences,
        sha256=part.sha256,
        inside=tuple(p.name for p in native),
    )
