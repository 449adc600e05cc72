"""What has to hold on a board with two slots. Each scenario begins with a disk of its own and 1.1.0 on it."""

from __future__ import annotations

import itertools
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.updater.boot import uboot
from firmware.updater.signatures import write_keys
from tests.vm.kit import ready_kit
from tests.vm.slots import verdict, writes
from tests.vm.slots.images import RECIPE, Workshop, start_of
from tests.vm.slots.machine import Machine

OLD, NEW = "1.1.0", "1.2.0"
PHASES = ("download", "write", "switch", "first boot", "commit")
LOGGED = {
    "download": "phase download",
    "write": "phase write",
    "switch": "phase switch",
    "first boot": "phase restart",
    "commit": "phase commit",
}
"""What is said when a phase begins; the last ends with "recovered"."""


class Place:
    """The workshop, the folder that the machine sees, and one machine at a time."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.dice = random.Random(seed)
        self.figures: dict[str, Any] = {"seed": seed}
        trust = self.results / "trust"
        trust.mkdir(parents=True)
        self.shop = Workshop(self.results / "work", ready_kit(RECIPE))
        (trust / "root.json").write_bytes(self.shop.makers.first_root)
        (trust / "release-keys.json").write_bytes(write_keys([self.shop.makers.pair.public]))
        shutil.copy(self.shop.keyring, trust / "bundle-keyring.pem")
        self.fresh = folder / "fresh.img"
        self.shop.disk(self.fresh, OLD)
        self.disk = folder / "disk.img"
        self.machine = Machine(self.disk, self.results)

    def flash(self, image: Path | None = None) -> None:
        shutil.copyfile(image or self.fresh, self.disk)

    def flip(self, name: str, at: int) -> None:
        """Change one octet of a partition, as rot or somebody with a card reader does."""
        with self.disk.open("r+b") as file:
            file.seek(start_of(self.disk, name) + at)
            octet = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([octet[0] ^ 1]))


def update(place: Place) -> None:
    """Installed, booted on trial, kept; and it still boots when the power was off. Every write is logged."""
    place.flash()
    place.shop.publish(NEW)
    machine = place.machine
    machine.log = place.folder / "writes.log"
    machine.on()
    assert machine.up()["version"] == OLD
    marks = {}
    began = time.monotonic()
    for phase, word in LOGGED.items():
        machine.wait(word)
        marks[phase] = machine.log.stat().st_size
    told = machine.up("recovered")
    marks["end"] = machine.log.stat().st_size
    place.figures["update_s"] = round(time.monotonic() - began, 1)
    place.figures["marks"] = marks
    assert (told["version"], told["slot"], told["confirmed"]) == (NEW, "b", True), told
    machine.off()
    machine.log = None
    machine.on("rest")
    assert machine.up()["version"] == NEW
    machine.cut()


def moments(place: Place, count: int) -> None:
    """The power goes at ``count`` random writes of each phase of ``update``: the disk has all it was told, or
    (every other time) half of what was not flushed. What boots is old or new and whole, the state too.
    """
    log = writes.read(place.folder / "writes.log")
    marks, names = place.figures["marks"], [*PHASES, "end"]
    versions = {version: place.shop.slot(version) for version in (OLD, NEW)}
    disk = place.folder / "replayed.img"
    shutil.copyfile(place.fresh, disk)
    found: dict[str, Any] = {}
    for phase, following in itertools.pairwise(names):
        first = sum(write.ends <= marks[phase] for write in log)
        last = sum(write.ends <= marks[following] for write in log)
        seen = {OLD: 0, NEW: 0}
        for number in range(count):
            cut = place.dice.randint(first, last)
            writes.replay(place.fresh, log, cut, disk, place.dice if number % 2 else None)
            seen[verdict.boots(disk, versions)] += 1
            verdict.state(disk, place.folder)
        found[phase] = {"writes": last - first, "cuts": count, "boots": seen}
    place.figures["moments"] = found
    assert found["download"]["boots"][NEW] == 0


def cuts(place: Place, count: int) -> None:
    """QEMU is killed at ``count`` random moments of each phase, and started again."""
    place.shop.publish(NEW)
    took = dict.fromkeys(PHASES, 1.0)
    place.figures["cuts"] = found = {phase: {OLD: 0, NEW: 0} for phase in PHASES}
    armed = place.folder / "armed.img"
    machine = place.machine
    place.flash()
    machine.on()
    began = 0.0
    for phase, word in LOGGED.items():  # once whole, for how long each phase takes
        machine.wait(word)
        now = time.monotonic()
        if phase != "download":
            took[PHASES[PHASES.index(phase) - 1]] = now - began
        if phase == "first boot":
            shutil.copyfile(place.disk, armed)
        began = now
    machine.up("recovered")
    took["commit"] = time.monotonic() - began
    machine.cut()
    for phase in PHASES:
        late = phase in ("first boot", "commit")
        place.flash(armed if late else None)
        for _ in range(count):
            machine.on()
            if phase != "first boot":
                machine.wait(LOGGED[phase])
            time.sleep(place.dice.uniform(0, took[phase]))
            machine.cut()
            machine.on("rest")
            told = machine.up()
            machine.cut()
            assert told["version"] in (OLD, NEW), told
            assert told["whole"], told
            found[phase][told["version"]] += 1
            if late or told["version"] == NEW:
                place.flash(armed if late else None)
        place.flash()
    machine.on()
    assert machine.up("recovered")["version"] == OLD
    assert machine.up("recovered")["version"] == NEW
    machine.cut()


def _falls_back(place: Place, behaviour: str, why: str, order: str = "update", boots: int = 4) -> None:
    """1.3.0 with ``behaviour`` is installed: the old one runs again, says ``why``, and leaves it."""
    place.flash()
    place.shop.publish("1.3.0", behaviour)
    machine = place.machine
    machine.on(order)
    for _ in range(boots):
        told = machine.up("recovered")
        assert told["version"] == OLD, told
        if why in told["told"]:
            break
    else:
        raise AssertionError(f"it never said {why!r}: {told}")
    assert "was tried and did not work" in machine.wait("refused")
    machine.cut()


def panics(place: Place) -> None:
    """It panics at every start: tried three times."""
    _falls_back(place, "panic", "1.3.0 did not work (it did not start)")


def hangs(place: Place) -> None:
    """It hangs at every start: the watchdog starts the machine anew."""
    _falls_back(place, "hang", "1.3.0 did not work (it did not start)")


def crashes(place: Place) -> None:
    """Its telephone crashes: it goes back at once."""
    _falls_back(place, "crash", "1.3.0 did not work (the telephone did not start)")


def unhealthy(place: Place) -> None:
    """It runs, without sound: it goes back at once."""
    _falls_back(place, "unhealthy", "1.3.0 did not work (no audio)")


def tampered(place: Place) -> None:
    """The bundle is changed on the disk after its hash was verified: RAUC refuses, the old one stays."""
    place.flash()
    place.shop.publish(NEW)
    machine = place.machine
    machine.on("tamper")
    machine.up("recovered")
    assert "RAUC refused the bundle" in machine.wait("failed")
    machine.off()
    machine.on("update")
    assert machine.up("recovered")["version"] == OLD
    assert machine.up("recovered")["version"] == NEW
    machine.cut()


def full(place: Place) -> None:
    """No space for the bundle: said so, nothing changed, and it works once there is."""
    place.flash()
    place.shop.publish(NEW)
    machine = place.machine
    machine.on("full")
    machine.up("recovered")
    assert "No space left" in machine.wait("failed")
    machine.off()
    machine.on("update")
    assert machine.up("recovered")["version"] == OLD
    assert machine.up("recovered")["version"] == NEW
    machine.cut()


def rot(place: Place) -> None:
    """An octet of what was written changes before its first boot: in the root (dm-verity), in the boot image
    (re-read by the updater).
    """
    for name, at in (("root_b", 300_000), ("boot_b", 19 << 20)):
        place.flash()
        place.shop.publish(NEW)
        machine = place.machine
        machine.on()
        machine.wait("phase restart")
        machine.cut()
        place.flip(name, at)
        machine.on()
        while (told := machine.up("recovered"))["phase"] != "idle":
            assert told["version"] == OLD or name == "boot_b", told
        assert told["version"] == OLD, told
        why = "it did not start" if name == "root_b" else "boot.1 is damaged"
        assert why in told["told"], told
        machine.cut()


def script(place: Place) -> None:
    """U-Boot's script and its model in Python agree: on every state that counts, in the real U-Boot."""
    at = start_of(place.fresh, "bootstate")
    for order in (("a",), ("b",), ("a", "b"), ("b", "a")):
        for trial in (None, "b"):
            for left in ((3, 3), (1, 0), (0, 0)):
                before = uboot.Variables(order, trial, dict(zip("ab", left, strict=True)))
                place.flash()
                with place.disk.open("r+b") as file:
                    file.seek(at)
                    file.write(before.encoded())
                    slot, after = uboot.begun(before)
                place.machine.on("rest")
                place.machine.heard(f"slot {slot} of")
                place.machine.cut()
                with place.disk.open("rb") as file:
                    file.seek(at)
                    assert uboot.decoded(file.read(512)) == after, before


SHORT: dict[str, Callable[[Place], None]] = {"update": update, "panics": panics}
LONG: dict[str, Callable[[Place], None]] = {
    "script": script,
    "hangs": hangs,
    "crashes": crashes,
    "unhealthy": unhealthy,
    "tampered": tampered,
    "full": full,
    "rot": rot,
}
