"""What every driver of hook and privacy switch does: one suite for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from firmware.phone.board import SwitchesSpec
from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.gpio import Gpio
from firmware.phone.switches.base import Switches
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.switches.gpio import GpioSwitches
from firmware.phone.values import Hook, SwitchPosition
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio
from tests.rig.processes import wait_until
from tests.vm.devices import bench as bench
from tests.vm.devices import drivers

PRIVATE, OPEN, UNREADABLE = SwitchPosition.PRIVATE, SwitchPosition.OPEN, SwitchPosition.UNREADABLE
POSITIONS = (PRIVATE, OPEN, UNREADABLE)
"""``GUEST`` is no position of the switch: it is what a guest period makes of each of them."""
SPEC = SwitchesSpec("gpio", hook=17, hook_lifted="low", privacy_private=22, privacy_open=27)


@dataclass
class Rig:
    """A driver and the hands for it."""

    driver: Switches
    set_hook: Callable[[Hook], None]
    set_privacy: Callable[[SwitchPosition], None]

    def __post_init__(self) -> None:
        self.events: list[HookChanged | PrivacySwitched] = []

    def start(self) -> None:
        self.driver.start(self.events.append)

    def await_last(self, event: HookChanged | PrivacySwitched) -> None:
        """Wait until ``event`` is the last of its kind. A flip of real contacts passes through UNREADABLE."""

        def last() -> bool:
            same = [each for each in self.events if type(each) is type(event)]
            return bool(same) and same[-1] == event

        wait_until(last, 5, f"{event}, got {self.events}", every=0.002)


@pytest.fixture(params=drivers("fake", "gpio", kernel=["kernel"]))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        fake = FakeSwitches()
        made = Rig(fake, fake.set_hook, fake.set_privacy)
    else:
        board: RpiGpio = request.getfixturevalue("bench" if request.param == "kernel" else "rpi_gpio")

        def set_privacy(position: SwitchPosition) -> None:
            board.ground(SPEC.privacy_private, False)
            board.ground(SPEC.privacy_open, False)
            if position is not UNREADABLE:
                board.ground(SPEC.privacy_open if position is OPEN else SPEC.privacy_private)

        set_privacy(PRIVATE)
        switches = GpioSwitches(SPEC, Gpio(tmp_path))
        made = Rig(
            switches,
            lambda hook: board.ground(SPEC.hook, hook is Hook.OFF),
            set_privacy,
        )
    yield made
    made.driver.stop()


@pytest.mark.parametrize("hook", Hook)
@pytest.mark.parametrize("position", POSITIONS)
def test_start_has_posted_the_present_levels_when_it_returns(
    rig: Rig, hook: Hook, position: SwitchPosition
) -> None:
    rig.set_hook(hook)
    rig.set_privacy(position)
    rig.start()
    assert set(rig.events) == {HookChanged(hook), PrivacySwitched(position)}
    assert len(rig.events) == 2
    assert (rig.driver.hook(), rig.driver.privacy()) == (hook, position)


def test_the_hook_is_posted_once_each_time(rig: Rig) -> None:
    rig.start()
    rig.events.clear()
    for hook in (Hook.OFF, Hook.ON, Hook.OFF):
        rig.set_hook(hook)
        rig.await_last(HookChanged(hook))
        assert rig.driver.hook() is hook
    assert rig.events == [HookChanged(hook) for hook in (Hook.OFF, Hook.ON, Hook.OFF)]


@pytest.mark.parametrize("old", POSITIONS)
@pytest.mark.parametrize("new", POSITIONS)
def test_the_privacy_switch_is_posted_when_it_moves(
    rig: Rig, old: SwitchPosition, new: SwitchPosition
) -> None:
    rig.set_privacy(old)
    rig.start()
    rig.set_privacy(new)
    rig.await_last(PrivacySwitched(new))
    assert rig.driver.privacy() is new
    posted = [event.position for event in rig.events if isinstance(event, PrivacySwitched)]
    assert all(one is not other for one, other in pairwise(posted)), "posted without a change"
    assert posted.count(OPEN) == (old is OPEN) + (new is OPEN and old is not OPEN)


def test_before_start_it_is_not_open(rig: Rig) -> None:
    assert rig.driver.privacy() is not OPEN


def test_nothing_is_posted_after_stop(rig: Rig) -> None:
    rig.start()
    rig.driver.stop()
    rig.events.clear()
    rig.set_hook(Hook.OFF)
    rig.set_privacy(OPEN)
    assert rig.events == []
    assert not [thread for thread in threading.enumerate() if thread.name == "switches"]


def test_stop_twice_and_without_start(rig: Rig) -> None:
    rig.driver.stop()
    rig.start()
    rig.driver.stop()
    rig.driver.stop()
