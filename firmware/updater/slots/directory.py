"""Slots that are folders: the same updater on a developer's own machine, without root or hardware.

::

    FOLDER/boot     one sector: which slot boots (``sector``)
    FOLDER/running  which one was booted last
    FOLDER/a, b     what a bundle unpacked to; "version" and "sums" stand beside its images

``Firmware`` is what a board's boot firmware does, as far as it matters here.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater import disk
from firmware.updater.slots import sector
from firmware.updater.slots.base import Booted, Progress
from firmware.updater.slots.sector import SLOTS, BootSector

MANIFEST = "manifest.raucm"
"""RAUC's own manifest, unpacked beside the images: it names the version and each image's SHA-256."""

Unpack = Callable[[Path, Path], None]
"""Verify the bundle (first) and unpack it to the folder (second); raises UpdateError."""


class DirectorySlots:
    """Implements ``SlotEngine``. ``running``: the slot that ``Firmware.boot`` gave."""

    def __init__(self, folder: Path, running: str, compatible: str, unpack: Unpack) -> None:
        self._folder = folder
        self._running = running
        self._compatible = compatible
        self._unpack = unpack

    def booted(self) -> Booted:
        return Booted(self._running, version_of(self._folder / self._running))

    def spare(self) -> str:
        return next(slot for slot in SLOTS if slot != self._running)

    def install(self, bundle: Path, progress: Progress) -> None:
        if self._sector().primary != self._running:
            raise UpdateError(
                f"only slot {self.spare()} is known to boot; the one that runs has to be kept first"
            )
        target = self._folder / self.spare()
        fresh = target.with_name(target.name + ".new")
        progress(0, "clearing the spare slot")
        for old in (target, fresh):
            shutil.rmtree(old, ignore_errors=True)
        progress(10, "checking and unpacking")
        self._unpack(bundle, fresh)
        manifest = _manifest(fresh)
        if manifest.get("update", "compatible", fallback="") != self._compatible:
            shutil.rmtree(fresh)
            raise UpdateError("the bundle is for another kind of telephone")
        progress(90, "writing to the disk")
        for path in fresh.rglob("*"):
            if path.is_file():
                _sync(path)
        disk.sync_folder(fresh)
        os.rename(fresh, target)
        disk.sync_folder(self._folder)
        progress(100, "written")

    def activate(self, slot: str) -> None:
        now = self._sector()
        sector.write(self._folder / "boot", BootSector(now.primary, slot))

    def armed(self) -> bool:
        return self._sector().trial is not None

    def confirm(self) -> None:
        sector.write(self._folder / "boot", BootSector(self._running, None))

    def confirmed(self) -> bool:
        return self._sector() == BootSector(self._running, None)

    def retire(self) -> None:
        shutil.rmtree(self._folder / self.spare(), ignore_errors=True)

    def check(self) -> str:
        return damage(self._folder / self._running)

    def images(self) -> dict[str, Path]:
        """The images of the slot that runs, by slot class."""
        return images_of(self._folder / self._running)

    def _sector(self) -> BootSector:
        try:
            return sector.read(self._folder / "boot")
        except (UpdateError, FileNotFoundError):
            return BootSector(self._running)


class Firmware:
    """The board's boot firmware: one trial for a slot that asks for it, else the primary, else the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def boot(self) -> str:
        """The slot that boots now. Raises UpdateError when neither can."""
        slot = self._pick()
        disk.replace(self._folder / "running", slot.encode())
        return slot

    def running(self) -> str:
        """The slot that was booted last; the first time that is asked, it is booted."""
        try:
            slot = (self._folder / "running").read_text()
        except FileNotFoundError:
            return self.boot()
        return slot if slot in SLOTS else self.boot()

    def _pick(self) -> str:
        try:
            now = sector.read(self._folder / "boot")
        except (UpdateError, FileNotFoundError):
            now = BootSector()
        if now.trial is not None:
            sector.write(self._folder / "boot", BootSector(now.primary))
            if bootable(self._folder / now.trial):
                return now.trial
        other = next(slot for slot in SLOTS if slot != now.primary)
        for slot in (now.primary, other):
            if bootable(self._folder / slot):
                return slot
        raise UpdateError("neither slot can boot; write the image anew")


def bootable(slot: Path) -> bool:
    """Whether a slot is there at all; whether it is whole only ``damage`` says."""
    return (slot / MANIFEST).is_file()


def version_of(slot: Path) -> str:
    """The version that a slot holds. Raises UpdateError when it holds none."""
    return _manifest(slot).get("update", "version", fallback="")


def images_of(slot: Path) -> dict[str, Path]:
    """A slot's images, by slot class. Raises UpdateError when it holds none."""
    manifest = _manifest(slot)
    names = [name for name in manifest.sections() if name.startswith("image.")]
    return {
        name.removeprefix("image."): slot / Path(manifest.get(name, "filename", fallback="")).name
        for name in names
    }


def damage(slot: Path) -> str:
    """Every image re-read against its SHA-256; what is wrong, in plain words, or ""."""
    manifest = _manifest(slot)
    images = [name for name in manifest.sections() if name.startswith("image.")]
    for name in images:
        image = slot / Path(manifest.get(name, "filename", fallback="")).name
        try:
            with image.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return f"{image.name} cannot be read"
        if digest != manifest.get(name, "sha256", fallback=""):
            return f"{image.name} is damaged"
    return "" if images else "the slot is empty"


def _manifest(slot: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string((slot / MANIFEST).read_text())
    except (OSError, configparser.Error) as error:
        raise UpdateError(f"slot {slot.name} holds no system") from error
    return parser


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
