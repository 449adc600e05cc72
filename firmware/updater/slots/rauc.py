"""Slots of a board: RAUC's service writes them, our handler for the boot loader says which one boots."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

from firmware.phone.errors import UpdateError
from firmware.updater.slots.base import Booted, Progress

RELEASE = Path("/usr/lib/os-release")
"""In the root of the slot that runs; its IMAGE_VERSION (os-release(5)) is the version that is shown."""

_CHUNK = 1024 * 1024


class Bus(Protocol):
    """``rauc_bus.RaucBus``."""

    def slots(self) -> dict[str, dict[str, Any]]: ...

    def primary(self) -> str: ...

    def mark(self, state: str, slot: str) -> None: ...

    def install(self, bundle: Path, progress: Progress) -> None: ...


class RaucSlots:
    """Implements ``SlotEngine``."""

    def __init__(self, bus: Bus, release: Path = RELEASE) -> None:
        self._bus = bus
        self._release = release

    def booted(self) -> Booted:
        return Booted(self._bootname(booted=True), version_of(self._release))

    def spare(self) -> str:
        return self._bootname(booted=False)

    def install(self, bundle: Path, progress: Progress) -> None:
        self._bus.install(bundle, progress)
        progress(100, "written")

    def activate(self, slot: str) -> None:
        slots = self._bus.slots()
        name = next((name for name, said in slots.items() if said.get("bootname") == slot), None)
        if name is None:
            raise UpdateError(f"RAUC knows no slot {slot}")
        self._bus.mark("active", name)

    def armed(self) -> bool:
        name, said = self._running(self._bus.slots())
        return self._bus.primary() != name and said.get("boot-status") == "good"

    def confirm(self) -> None:
        self._bus.mark("good", "booted")

    def confirmed(self) -> bool:
        name, said = self._running(self._bus.slots())
        return self._bus.primary() == name and said.get("boot-status") == "good"

    def retire(self) -> None:
        self._bus.mark("bad", "other")

    def images(self) -> dict[str, Path]:
        return {str(said["class"]): Path(said["device"]) for said in self._parts().values()}

    def check(self) -> str:
        parts = self._parts()
        return next((wrong for n in sorted(parts) if (wrong := _damage(n, parts[n]))), "")

    def _parts(self) -> dict[str, dict[str, Any]]:
        """The slots that run: the one with a name for the boot loader, and what belongs to it."""
        slots = self._bus.slots()
        name, _ = self._running(slots)
        return {n: said for n, said in slots.items() if name in (n, said.get("parent"))}

    def _bootname(self, booted: bool) -> str:
        slots = self._bus.slots()
        running, said = self._running(slots)
        if booted:
            return str(said["bootname"])
        for name, other in slots.items():
            if name != running and "bootname" in other:
                return str(other["bootname"])
        raise UpdateError("RAUC knows no spare slot")

    def _running(self, slots: dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        for name, said in slots.items():
            if said.get("state") == "booted" and "bootname" in said:
                return name, said
        raise UpdateError("RAUC does not know which slot runs")


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
