"""What every driver of the board's health does: one suite for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.phone.clock import Clock, FakeClock
from firmware.phone.events import HealthChanged
from firmware.phone.health.base import BoardHealth
from firmware.phone.health.fake import FakeHealth
from firmware.phone.health.judge import REST_S
from firmware.phone.health.kernel import KernelHealth
from firmware.phone.values import Health
from tests.contract.sys_tree import NOON, SysTree
from tests.rig.processes import wait_until


@dataclass
class Rig:
    """A driver and the hands for its board."""

    driver: BoardHealth
    make: Callable[[Health], None]

    def __post_init__(self) -> None:
        self.events: list[HealthChanged] = []

    def start(self) -> None:
        self.driver.start(self.events.append)

    def await_last(self, health: Health) -> None:
        told = HealthChanged(health)
        wait_until(lambda: self.events[-1:] == [told], 5, f"{told}, got {self.events}", every=0.002)


@pytest.fixture(params=["fake", "kernel"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        fake = FakeHealth()
        made = Rig(fake, fake.set)
    else:
        tree, clock = SysTree(tmp_path), FakeClock(NOON)
        driver: Clock = clock
        kernel = KernelHealth(80, tree.root, look_s=0.01, clock=driver)

        def make(health: Health) -> None:
            clock.advance(REST_S + 1)
            tree.alarm(health.weak)
            tree.degrees(81 if health.hot else 50)
            clock.advance(REST_S + 1)

        made = Rig(kernel, make)
    yield made
    made.driver.stop()


WEAK, HOT, BOTH = Health(weak=True), Health(hot=True), Health(weak=True, hot=True)


@pytest.mark.parametrize("health", [WEAK, HOT, BOTH])
def test_what_is_bad_at_the_start_is_told(rig: Rig, health: Health) -> None:
    rig.make(health)
    rig.start()
    rig.await_last(health)


@pytest.mark.parametrize("health", [WEAK, HOT, BOTH])
def test_a_change_is_told_and_its_end(rig: Rig, health: Health) -> None:
    rig.start()
    rig.make(health)
    rig.await_last(health)
    rig.make(Health())
    rig.await_last(Health())


def test_nothing_is_told_while_all_is_well_nor_after_stop(rig: Rig) -> None:
    rig.start()
    rig.make(Health())
    rig.driver.stop()
    rig.make(BOTH)
    assert rig.events == []
    assert not [thread for thread in threading.enumerate() if thread.name == "health"]


def test_stop_twice_without_start_and_start_again(rig: Rig) -> None:
    rig.driver.stop()
    rig.start()
    rig.driver.stop()
    rig.driver.stop()
    rig.start()
    rig.make(HOT)
    rig.await_last(HOT)
