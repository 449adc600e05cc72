"""What has to hold on a board with two slots. Each scenario begins with a disk of its own and 1.1.0 on it."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from firmware.updater.boot import uboot
from firmware.updater.signatures import write_keys
from tests.vm.kit import ready_kit
from tests.vm.slots import debian13
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
CONTRACT_S = 400.0
SMALL = 10
"""A bundle is so many times what is fetched of it by a patch, or more (issue 7)."""


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
        self.took: dict[str, float] = {}
        """Seconds of each phase of an update."""
        self.armed = folder / "armed.img"
        """The disk before the first boot of a new version."""

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
    """A patch is fetched, the bundle made of it and of what runs, installed, booted on trial, kept; and it
    still boots when the power was off. Every write is logged.
    """
    place.flash()
    octets = place.shop.publish(NEW, before=OLD)
    machine = place.machine
    machine.log = place.folder / "writes.log"
    machine.on("small")
    assert machine.up()["version"] == OLD
    marks, times = {}, []
    for phase, word in LOGGED.items():
        machine.wait(word)
        marks[phase] = machine.log.stat().st_size
        times.append(time.monotonic())
        if phase == "download":
            fetched = json.loads(machine.wait("fetched").partition(" ")[2])
            assert fetched["kinds"] == ["patch"], fetched
            assert fetched["octets"] * SMALL < octets, fetched
            place.figures["fetched"] = fetched | {"bundle": octets}
        if phase == "first boot":
            machine.frozen(place.armed)
    told = machine.up("recovered")
    marks["end"] = machine.log.stat().st_size
    times.append(time.monotonic())
    place.took = {phase: after - at for phase, (at, after) in zip(PHASES, pairwise(times), strict=True)}
    place.figures["update_s"] = round(times[-1] - times[0], 1)
    place.figures["phases_s"] = {phase: round(seconds, 1) for phase, seconds in place.took.items()}
    place.figures["marks"] = marks
    assert (told["version"], told["slot"], told["confirmed"]) == (NEW, "b", True), told
    machine.off()
    machine.log = None
    machine.on("rest")
    assert machine.up()["version"] == NEW
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


def panics_once(place: Place) -> None:
    """A new version that panics: the next boot is the old one's."""
    place.flash()
    place.shop.publish("1.3.0", "panic")
    machine = place.machine
    machine.on()
    assert machine.up("recovered")["version"] == OLD
    machine.wait("panics")
    told = machine.up()
    assert (told["version"], told["phase"]) == (OLD, "armed"), told
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


def deaf(place: Place) -> None:
    """Its telephone runs, but the microphone cannot be opened: it goes back."""
    _falls_back(place, "deaf", '1.3.0 did not work (microphone: PCM "plughw:CARD=Nowhere"')


def unregistered(place: Place) -> None:
    """Its telephone works and its provider does not answer: it stays. An outage must not send phones back."""
    place.flash()
    place.shop.publish("1.3.0", "unregistered")
    machine = place.machine
    machine.on()
    assert machine.wait("registration ") != "registration registered"
    told = machine.up("recovered")
    assert (told["version"], told["confirmed"]) == ("1.3.0", True), told
    machine.cut()


def contract(place: Place) -> None:
    """Slots by their contract, on the RAUC of this Debian."""
    _contract(place, "rauc")


def contract_13(place: Place) -> None:
    """The same on the RAUC of Debian 13, which the image has."""
    _contract(place, debian13.ready_rauc())


def _contract(place: Place, rauc: str) -> None:
    place.flash()
    place.machine.on("contract", rauc)
    said = place.machine.wait("contract ", limit_s=CONTRACT_S)
    place.machine.cut()
    shutil.copy(
        place.results / "contract.xml", place.folder / f"contract-{'13' if ' ' in rauc else 'here'}.xml"
    )
    assert said == "contract 0", "see results/console.log"


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
    """An octet of what was written changes before its first boot: what dm-verity meets ends the trial; what
    nobody has read yet the updater finds, which re-reads all of the root and of the boot image.
    """
    for name, at, why in (
        ("root_b", 40, "it did not start"),
        ("root_b", 300_000, "root.1 is damaged"),
        ("boot_b", 19 << 20, "boot.1 is damaged"),
    ):
        place.flash()
        place.shop.publish(NEW)
        machine = place.machine
        machine.on()
        machine.wait("phase restart")
        machine.cut()
        place.flip(name, at)
        machine.on()
        while (told := machine.up("recovered"))["phase"] != "idle":
            assert told["version"] == OLD, told
        assert told["version"] == OLD, told
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


SHORT: dict[str, Callable[[Place], None]] = {"update": update, "panics_once": panics_once}
LONG: dict[str, Callable[[Place], None]] = {
    "script": script,
    "panics": panics,
    "hangs": hangs,
    "crashes": crashes,
    "unhealthy": unhealthy,
    "deaf": deaf,
    "unregistered": unregistered,
    "contract": contract,
    "contract_13": contract_13,
    "tampered": tampered,
    "full": full,
    "rot": rot,
}
