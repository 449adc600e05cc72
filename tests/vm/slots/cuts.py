"""The power goes during an update. Three ways: the log of writes is replayed up to a moment (``moments``);
the disk is taken as it is while the machine stands still, and another machine starts from it (``cuts``); the
machine is killed (``kills``).
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.vm.kit import VmError
from tests.vm.slots import verdict, writes
from tests.vm.slots.scenarios import LOGGED, NEW, OLD, PHASES, Place, update

LATE = ("first boot", "commit")
"""Phases after the restart: each of their cuts begins with the disk as it was then."""
RUNS = 4
"""Updates in which the moments of ``cuts`` must come about; one is enough unless a phase was shorter."""


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
    for phase, following in pairwise(names):
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


def kills(place: Place, count: int, phases: Sequence[str]) -> None:
    """QEMU is killed at ``count`` random moments of each of ``phases``, and started again: the old version
    runs, or the new one, and the updater goes on.
    """
    _measured(place)
    found: dict[str, dict[str, int]] = {}
    place.figures["kills"] = found
    for phase in phases:
        found[phase] = {OLD: 0, NEW: 0}
        for _ in range(count):
            place.flash(place.armed if phase in LATE else None)
            place.machine.on("small")
            if phase != "first boot":
                place.machine.wait(LOGGED[phase])
            time.sleep(place.dice.uniform(0, place.took[phase]))
            place.machine.cut()
            found[phase][_boots(place, place.disk)] += 1


def cuts(place: Place, count: int) -> None:
    """At ``count`` random moments of each phase the machine stands still and its disk is copied, which is
    what a kill would leave. Every such disk that is like no other is started in a machine.
    """
    _measured(place)
    place.shop.publish(NEW, before=OLD)
    caught: dict[str, Counter[Path]] = {phase: Counter() for phase in PHASES}
    for _ in range(RUNS):
        missing = {phase: count - seen.total() for phase, seen in caught.items()}
        if any(missing.values()):
            _stand_still(place, missing, caught)
    found: dict[str, dict[str, Any]] = {}
    place.figures["cuts"] = found
    known: dict[Path, str] = {}
    for phase, seen in caught.items():
        boots: Counter[str] = Counter({OLD: 0, NEW: 0})
        found[phase] = {"cuts": seen.total(), "different disks": len(seen), "boots": boots}
        for disk, times in seen.items():
            if disk not in known:
                known[disk] = _boots(place, disk)
                disk.unlink()
            boots[known[disk]] += times
    assert all(seen.total() == count for seen in caught.values()), found
    assert found["download"]["boots"][NEW] == 0, found


def _measured(place: Place) -> None:
    if not place.took:
        update(place)


def _stand_still(place: Place, missing: dict[str, int], caught: dict[str, Counter[Path]]) -> None:
    """One update, with a disk for ``missing`` moments of each phase, as far as they come about."""
    machine = place.machine
    place.flash()
    machine.on("small")
    machine.wait(LOGGED["download"])
    for phase, word in pairwise([*PHASES, "recovered"]):
        due = sorted(place.dice.uniform(0, place.took[phase]) for _ in range(missing[phase]))
        machine.wait(LOGGED.get(word, word), meanwhile=_catching(place, due, caught[phase]))
    machine.cut()


def _catching(place: Place, due: list[float], caught: Counter[Path]) -> Callable[[], None]:
    """What takes the disk at each of ``due``, in seconds that the machine has run since now."""
    stood, began = 0.0, time.monotonic()

    def catch() -> None:
        nonlocal stood
        now = time.monotonic()
        if due and now - began - stood >= due[0]:
            due.pop(0)
            disk = place.folder / "caught.img"
            place.machine.frozen(disk)
            with disk.open("rb") as file:
                kept = place.folder / f"cut-{hashlib.file_digest(file, 'sha256').hexdigest()}.img"
            disk.rename(kept)
            caught[kept] += 1
            stood += time.monotonic() - now

    return catch


def _boots(place: Place, disk: Path) -> str:
    """The version that a machine starts from ``disk``. Raises AssertionError when it is none, or another than
    its boot sector says, or the updater's state is not whole.
    """
    expected = verdict.boots(disk, {version: place.shop.slot(version) for version in (OLD, NEW)})
    verdict.state(disk, place.folder)
    if disk != place.disk:
        shutil.copyfile(disk, place.disk)
    machine = place.machine
    machine.on("rest")
    try:
        told: dict[str, Any] = machine.up()
        after = machine.up("recovered")
    except VmError as error:
        raise AssertionError(f"{disk.name}, from which {expected} should start: {error}") from error
    finally:
        machine.cut()
    assert told["version"] == expected, told
    assert told["whole"], told
    assert after["whole"], after
    assert after["version"] in (OLD, NEW), after
    return expected
