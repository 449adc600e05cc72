"""The kernel's files: what counts, what is missing, what vanishes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.phone.clock import FakeClock
from firmware.phone.events import HealthChanged
from firmware.phone.health.judge import Reading
from firmware.phone.health.kernel import KernelHealth, Sensors
from firmware.phone.values import Health
from tests.contract.sys_tree import NOON, SysTree
from tests.rig.processes import wait_until

GOOD = Reading(celsius=50.0)
ALARM = "class/hwmon/hwmon2/in0_lcrit_alarm"


@pytest.fixture
def tree(tmp_path: Path) -> SysTree:
    return SysTree(tmp_path)


def test_a_board_that_fares_well(tree: SysTree) -> None:
    """The fan turns, and the graphics are hot: neither slows the processor down."""
    assert Sensors(tree.root).read() == GOOD


@pytest.mark.parametrize(
    ("make", "reading"),
    [
        (lambda tree: tree.alarm(True), Reading(weak=True, celsius=50.0)),
        (lambda tree: tree.degrees(81.25), Reading(celsius=81.25)),
        (lambda tree: tree.cooling(2), Reading(slowed=True, celsius=50.0)),
        (lambda tree: tree.throttled("1"), Reading(weak=True, celsius=50.0)),
        (lambda tree: tree.throttled("2"), Reading(slowed=True, celsius=50.0)),
        (lambda tree: tree.throttled("4"), Reading(slowed=True, celsius=50.0)),
        (lambda tree: tree.throttled("8"), Reading(slowed=True, celsius=50.0)),
        (lambda tree: tree.throttled("50000"), GOOD),
        (lambda tree: tree.throttled("50005"), Reading(weak=True, celsius=50.0)),
        (lambda tree: tree.throttled("d"), Reading(weak=True, slowed=True, celsius=50.0)),
        (lambda tree: tree.throttled("rubbish"), GOOD),
        (lambda tree: tree.remove(ALARM), GOOD),
        (lambda tree: tree.remove("class/thermal/thermal_zone0/temp"), Reading()),
    ],
)
def test_what_each_file_says(tree: SysTree, make: Callable[[SysTree], None], reading: Reading) -> None:
    make(tree)
    assert Sensors(tree.root).read() == reading


def test_a_machine_without_any_of_it(tmp_path: Path) -> None:
    assert Sensors(tmp_path).read() == Reading()
    health = KernelHealth(80, tmp_path, look_s=0.01)
    health.start(lambda event: pytest.fail("nothing is known"))
    health.stop()


def test_this_machines_own_files_can_be_read() -> None:
    Sensors().read()


def test_an_alarm_that_vanishes_while_it_is_watched(tree: SysTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the driver is unbound: reading it fails from then on."""
    events: list[HealthChanged] = []
    looks: list[int] = []
    pread = os.pread

    def failing(descriptor: int, count: int, offset: int) -> bytes:
        looks.append(descriptor)
        if len(looks) > 2:
            raise OSError(19, "No such device")
        return pread(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", failing)
    health = KernelHealth(80, tree.root, look_s=0.01, clock=FakeClock(NOON))
    health.start(events.append)
    wait_until(lambda: len(looks) == 3, 5, "the failing look")
    tree.remove(ALARM)
    tree.degrees(90)
    wait_until(lambda: events == [HealthChanged(Health(hot=True))], 5, "that the rest goes on")
    assert len(looks) == 3, "it is not looked at again"
    health.stop()


def test_a_change_of_the_alarm_wakes_the_thread(tree: SysTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm's descriptor is waited for with POLLPRI, as sysfs wants it."""
    import select

    registered: list[int] = []

    class Recording:
        def __init__(self) -> None:
            self._poll = poll()

        def register(self, descriptor: int, wanted: int) -> None:
            registered.append(wanted)
            self._poll.register(descriptor, wanted)

        def unregister(self, descriptor: int) -> None:
            self._poll.unregister(descriptor)

        def poll(self, timeout: float) -> object:
            return self._poll.poll(timeout)

    poll = select.poll
    monkeypatch.setattr(select, "poll", Recording)
    health = KernelHealth(80, tree.root)
    health.start(lambda event: None)
    wait_until(lambda: len(registered) == 2, 5, "both descriptors")
    health.stop()
    assert registered == [select.POLLIN, select.POLLPRI]
