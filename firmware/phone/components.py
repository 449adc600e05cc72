"""Which components this telephone is made of, asked of themselves: Python packages by their metadata,
libraries by their own version functions, pjproject by the record that its build left.
"""

from __future__ import annotations

import ctypes
import functools
import json
import platform
import re
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from firmware.phone.version import VERSION

ROOTS = (
    "pjsua2",
    "luma.oled",
    "pyalsaaudio",
    "cryptography",
    "rpi-lgpio",
    "spidev",
    "Pillow",
    "PyJWT",
    "tuf",
    "segno",
    "tomlkit",
    "aiohttp",
)
"""What the programs on the telephone import; what these need besides is found by their metadata."""

BUILD_RECORD = "pjsua2_build.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)+[a-z0-9~+.-]*")


@functools.cache
def components() -> tuple[dict[str, str], ...]:
    """Name, version, kind and licence of each, sorted by name."""
    record = build_record()
    found = [_component("Sottovoce", VERSION, "firmware", "GPL-3.0-or-later")]
    found.append(_component("Python", platform.python_version(), "interpreter", "PSF-2.0"))
    source = record.get("source", {})
    if source:
        patched = f"{source.get('pjproject_version', '')} with {len(record.get('patches', {}))} patches"
        found.append(_component("pjproject", patched, "library", "GPL-2.0-or-later"))
    found += [_component(*row) for row in libraries(record.get("packages", {}))]
    found += [
        _component(name, version, "Python package", licence) for name, version, licence in packages(ROOTS)
    ]
    return tuple(sorted(found, key=lambda one: one["name"].lower()))


def build_record() -> dict[str, Any]:
    """What our pjsua2 was built from; empty for one that was built in another way."""
    try:
        text = metadata.distribution("pjsua2").read_text("RECORD") or ""
        if BUILD_RECORD not in text:
            return {}
        path = metadata.distribution("pjsua2").locate_file(BUILD_RECORD)
        with open(str(path), encoding="utf-8") as file:
            record: dict[str, Any] = json.load(file)
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return {}
    return record


def packages(roots: Iterable[str]) -> list[tuple[str, str, str]]:
    """Name, version and licence of ``roots`` and of all that they need, as far as it is installed."""
    found: dict[str, tuple[str, str, str]] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[key] = (distribution.metadata["Name"], distribution.version, _licence(distribution))
        for line in distribution.requires or []:
            needed = _NAME.match(line)
            if needed is not None and "extra ==" not in line:
                waiting.append(needed[0])
    return list(found.values())


def _licence(distribution: metadata.Distribution) -> str:
    """By what the package says first: the expression, the old field, the classifier."""
    about = distribution.metadata
    rows = [row for row in about.get_all("Classifier") or [] if row.startswith("License ::")]
    said = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or []), *rows]
    return said[0].rpartition(" :: ")[2].strip().split("\n")[0][:60] if said else ""


_LIBRARIES = (
    # name, file, function that says its version, package of the build, licence
    ("OpenSSL", "libssl.so.3", "OpenSSL_version", "libssl-dev", "Apache-2.0"),
    ("libsrtp", "libsrtp2.so.1", "srtp_get_version_string", "libsrtp2-dev", "BSD-3-Clause"),
    ("bzrtp", "libbzrtp.so.0", "", "libbzrtp-dev", "GPL-3.0-or-later"),
    ("Opus", "libopus.so.0", "opus_get_version_string", "libopus-dev", "BSD-3-Clause"),
    ("ALSA library", "libasound.so.2", "snd_asoundlib_version", "libasound2-dev", "LGPL-2.1-or-later"),
)


def libraries(built: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Name, version, kind and licence. The library itself is asked, else ``built``: what was built with."""
    found = []
    for name, file, function, package, licence in _LIBRARIES:
        version = (_asked(file, function) if function else "") or built.get(package, "")
        if version:
            found.append((name, version, "library", licence))
    return found


def _asked(file: str, function: str) -> str:
    try:
        asking = getattr(ctypes.CDLL(file), function)
        asking.restype = ctypes.c_char_p
        said = asking(0)
    except (OSError, AttributeError):
        return ""
    number = _NUMBER.search(said.decode("ascii", "replace")) if isinstance(said, bytes) else None
    return number[0] if number else ""


def _component(name: str, version: str, kind: str, licence: str) -> dict[str, str]:
    return {"name": name, "version": version, "kind": kind, "licence": licence}
