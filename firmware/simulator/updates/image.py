"""What the simulated phone's slots hold: this source as a tar file, with another version and, for a broken
release, one mistake in it. "Mounted" is unpacked.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from firmware.updater.version import Version

SOURCE = Path(__file__).resolve().parents[3]
PARTS = ("firmware/__init__.py", "firmware/phone", "firmware/updater", "board")
VERSION_FILE = "firmware/phone/version.py"

MISTAKES = {"firmware/phone/sip/pjsua/settings.py": ("255 - rank", "0")}
"""File, what stands there, and the mistake: no codec is offered, so no call comes about."""

EPOCH = 1_750_000_000
"""The time of all files: the same source makes the same image."""


def make(path: Path, version: Version, broken: bool = False) -> None:
    """Write the image of ``version``. Raises OSError, ValueError when the mistake does not fit any more."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(_files()):
            name = str(file.relative_to(SOURCE))
            octets = file.read_bytes()
            if name == VERSION_FILE:
                octets = _versioned(octets.decode(), version).encode()
            if broken and name in MISTAKES:
                octets = _replaced(octets.decode(), *MISTAKES[name], name).encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(octets), 0o644, EPOCH
            tar.addfile(entry, io.BytesIO(octets))


def mount(image: Path, folder: Path) -> None:
    """Have ``folder`` show what is in ``image``: its plain files, and nothing beside the folder.

    Raises:
        OSError, tarfile.TarError: it cannot be read, or a name leads elsewhere.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    with tarfile.open(image) as tar:
        for entry in tar:
            file = tar.extractfile(entry) if entry.isfile() else None
            path = folder / entry.name
            if file is None or not path.resolve().is_relative_to(folder.resolve()):
                raise tarfile.TarError(f"{entry.name} does not belong into an image")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(file.read())


def _files() -> list[Path]:
    found: list[Path] = []
    for part in PARTS:
        path = SOURCE / part
        found += [path] if path.is_file() else [one for one in path.rglob("*") if _belongs(one)]
    return found


def _belongs(path: Path) -> bool:
    return path.is_file() and path.suffix in (".py", ".toml") and "__pycache__" not in path.parts


def _versioned(text: str, version: Version) -> str:
    lines = [
        f'VERSION = "{version}"' if line.startswith("VERSION = ") else line for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


def _replaced(text: str, old: str, new: str, name: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"{name} has changed: the mistake does not fit any more")
    return text.replace(old, new)
