"""Versions of this firmware and of what it stands on."""

from __future__ import annotations

from importlib import metadata

VERSION = "0.1.0"

_COMPONENTS = ("pjsua2", "luma.oled", "pyalsaaudio", "cryptography", "rpi-lgpio", "Pillow")


def versions() -> dict[str, str]:
    """Component -> version, of those that are installed."""
    found = {"sottovoce": VERSION}
    for name in _COMPONENTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
