"""A machine with two slots, an updater and a power switch, all on one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.errors import UpdateError
from firmware.updater import disk
from firmware.updater.judge import Offer
from firmware.updater.slots import sector
from firmware.updater.slots.directory import MANIFEST, DirectorySlots, Firmware, damage, version_of
from firmware.updater.updater import Parts, Updater
from tests.update.makers import BOARD, Makers, Served, repository


class PowerCut(BaseException):
    """The machine stopped here; nothing of the program runs on."""


class Restarted(BaseException):
    """The program asked for a restart."""


def image_of(version: str, healthy: bool = True) -> bytes:
    """The content of a bundle that ``unpack`` understands."""
    return json.dumps(
        {"version": version, "compatible": BOARD, "image": version * 50, "ok": healthy}
    ).encode()


def unpack(bundle: Path, folder: Path) -> None:
    """What RAUC does, for bundles of ``image_of``: it has its own signature checked in test_rauc_bundle."""
    try:
        content = json.loads(bundle.read_bytes())
    except ValueError as error:
        raise UpdateError("RAUC refused the bundle: no valid signature") from error
    folder.mkdir()
    image = bundle.read_bytes()
    (folder / "root.img").write_bytes(image)
    (folder / MANIFEST).write_text(
        f"[update]\ncompatible={content['compatible']}\nversion={content['version']}\n"
        f"[image.rootfs]\nfilename=root.img\nsha256={hashlib.sha256(image).hexdigest()}\n"
    )


class FixedTimes:
    def now(self, floor: datetime) -> datetime:
        return max(floor, datetime.now(UTC))


class Machine:
    """``boot`` is power-on: the firmware picks a slot, then that slot's updater recovers."""

    def __init__(self, folder: Path, makers: Makers, first: str = "1.1.0") -> None:
        self.folder = folder
        self.makers = makers
        self.source = Served(makers.files)
        self.slots = folder / "slots"
        self.health: Callable[[], str] = self._health_of_slot
        for slot in sector.SLOTS[:1]:
            self.slots.mkdir(parents=True, exist_ok=True)
            bundle = folder / "first.raucb"
            bundle.write_bytes(image_of(first))
            unpack(bundle, self.slots / slot)
        sector.write(self.slots / "boot", sector.BootSector())
        self.running = ""
        self.boots = 0

    def boot(self) -> Updater:
        """Power on, and again for each restart that the program asks for. At most five times."""
        for _ in range(5):
            self.boots += 1
            self.running = Firmware(self.slots).boot()
            updater = Updater(self.parts())
            try:
                updater.recover()
            except Restarted:
                continue
            return updater
        raise AssertionError("the machine restarts without end")

    @property
    def version(self) -> str:
        return version_of(self.slots / self.running)

    def whole(self) -> bool:
        """Whether what runs is whole."""
        return not damage(self.slots / self.running)

    def update(self, updater: Updater) -> None:
        """All of it, up to the restart. Raises what the updater raises."""
        if updater.journal.phase.value == "armed":
            updater.restart()
        offer = updater.ask()
        if isinstance(offer, Offer):
            updater.prepare(offer, lambda done, what: None)
            updater.restart()

    def parts(self) -> Parts:
        return Parts(
            folder=self.folder / "state",
            board=BOARD,
            floor="1.0.0",
            repository=repository(self.makers, self.folder / "state", self.source),
            source=self.source,
            slots=DirectorySlots(self.slots, self.running, BOARD, unpack),
            times=FixedTimes(),
            health=[lambda: self.health()],
            restart=self._restart,
        )

    def _restart(self) -> None:
        raise Restarted

    def _health_of_slot(self) -> str:
        content = json.loads((self.slots / self.running / "root.img").read_bytes())
        return "" if content.get("ok", True) else "no audio"


@contextmanager
def power(monkeypatch: pytest.MonkeyPatch, cut_at: int | None) -> Iterator[list[str]]:
    """Count the durable steps (fsync, rename, write to a sector, unlink) and cut the power before the one
    with this number. Yields the list of steps.
    """
    import os

    steps: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            if cut_at is not None and len(steps) >= cut_at:
                raise PowerCut(f"before step {cut_at}: {name}")
            steps.append(name)
            return real(*args, **kwargs)

        return step

    with monkeypatch.context() as patched:
        for name in ("fsync", "replace", "rename", "pwrite", "unlink", "rmdir", "write"):
            patched.setattr(os, name, counted(name, getattr(os, name)))
        patched.setattr(disk, "sync_folder", counted("sync_folder", disk.sync_folder))
        yield steps
