"""Slots of a board: RAUC's service writes them, our handler for the boot loader says which one boots."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from firmware.phone.errors import UpdateError
from firmware.updater.slots.base import Booted, Progress
from firmware.updater.slots.sector import SLOTS

RELEASE = Path("/usr/lib/os-release")
"""In the root of the slot that runs; its IMAGE_VERSION (os-release(5)) is the version that is shown."""

_CHUNK = 1024 * 1024


class Bus(Protocol):
    """``rauc_bus.RaucBus``."""

    def slots(self) -> dict[str, dict[str, Any]]: ...

    def primary(self) -> str: ...

    def mark(self, state: str, slot: str) -> None: ...

    def install(self, bundle: Path, progress: Progress) -> None: ...


@dataclass(frozen=True)
class _Known:
    """``name``: RAUC's name of the slot that runs (``root.0``), ``names``: those of all, by our names."""

    name: str
    bootname: str
    names: Mapping[str, str]


class RaucSlots:
    """Implements ``SlotEngine``."""

    def __init__(self, bus: Bus, release: Path = RELEASE) -> None:
        self._bus = bus
        self._release = release
        self._found: _Known | None = None

    def booted(self) -> Booted:
        return Booted(self._known().bootname, version_of(self._release))

    def spare(self) -> str:
        return next(slot for slot in self._known().names if slot != self._known().bootname)

    def install(self, bundle: Path, progress: Progress) -> None:
        """RAUC may make ``bundle`` root's, so that nobody changes it; by its group it stays readable here."""
        if not (self.confirmed() or self.armed()):
            # Our handler refuses too, but RAUC does not tell its reason.
            raise UpdateError(
                f"only slot {self.spare()} is known to boot; the one that runs has to be kept first"
            )
        if bundle.stat().st_uid == os.geteuid():
            bundle.chmod(0o640)
        self._bus.install(bundle, progress)
        progress(100, "written")

    def activate(self, slot: str) -> None:
        if slot not in self._known().names:
            raise UpdateError(f"RAUC knows no slot {slot}")
        self._bus.mark("active", self._known().names[slot])

    def armed(self) -> bool:
        """On trial the primary is the other slot too, but then the one that runs is not good."""
        name = self._known().name
        return self._bus.primary() != name and self._bus.slots()[name].get("boot-status") == "good"

    def confirm(self) -> None:
        self._bus.mark("good", "booted")

    def confirmed(self) -> bool:
        return self._bus.primary() == self._known().name

    def retire(self) -> None:
        self._bus.mark("bad", "other")

    def images(self) -> dict[str, Path]:
        return {str(said["class"]): Path(said["device"]) for said in self._parts().values()}

    def check(self) -> str:
        parts = self._parts()
        return next((wrong for n in sorted(parts) if (wrong := _damage(n, parts[n]))), "")

    def _parts(self) -> dict[str, dict[str, Any]]:
        """The slots that run: the one with a name for the boot loader, and what belongs to it."""
        slots, name = self._bus.slots(), self._known().name
        return {n: said for n, said in slots.items() if name in (n, said.get("parent"))}

    def _known(self) -> _Known:
        """Asked once: it cannot change while this slot runs, and RAUC starts the handler for each answer."""
        if self._found is None:
            slots = {n: said for n, said in self._bus.slots().items() if "bootname" in said}
            running = [(n, str(said["bootname"])) for n, said in slots.items() if said["state"] == "booted"]
            if not running or len(slots) != len(SLOTS):
                raise UpdateError("RAUC does not know which of two slots runs")
            self._found = _Known(*running[0], {str(said["bootname"]): n for n, said in slots.items()})
        return self._found


def version_of(release: Path) -> str:
    """IMAGE_VERSION of an os-release file. Raises UpdateError when there is none."""
    try:
        lines = release.read_text().splitlines()
    except OSError as error:
        raise UpdateError(f"{release} cannot be read, so the version is not known") from error
    for line in lines:
        name, _, value = line.partition("=")
        if name == "IMAGE_VERSION":
            return value.strip("\"'")
    raise UpdateError(f"{release} names no IMAGE_VERSION")


def _damage(name: str, said: dict[str, Any]) -> str:
    """Re-read what RAUC has written to the slot against its SHA-256; what is wrong, or ""."""
    digest, size = said.get("sha256"), said.get("size")
    if not digest or not size:
        return f"nobody knows what {name} should hold"
    read, left = hashlib.sha256(), int(size)
    try:
        with Path(said["device"]).open("rb", buffering=0) as device:
            while left and (chunk := device.read(min(left, _CHUNK))):
                read.update(chunk)
                left -= len(chunk)
    except OSError:
        return f"{name} cannot be read"
    return "" if not left and read.hexdigest() == digest else f"{name} is damaged"
