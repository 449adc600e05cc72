"""What every keypad driver does: one suite for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.datakey import held
from firmware.phone.board import KeypadSpec
from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.base import Keypad
from firmware.phone.keypad.fake import FakeKeypad
from firmware.phone.keypad.gpio import GpioKeypad
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio
from tests.rig.processes import wait_until
from tests.vm.devices import bench as bench
from tests.vm.devices import drivers

SPEC = KeypadSpec("gpio", rows=(5, 6, 12, 13), columns=(16, 26, 25), debounce_ms=20)
KEYS = "123456789*0#"


@dataclass
class Rig:
    """A driver and the fingers for it."""

    driver: Keypad
    press: Callable[[str], None]
    release: Callable[[str], None]

    def __post_init__(self) -> None:
        self.events: list[KeyPressed | KeyReleased] = []

    def start(self) -> None:
        self.driver.start(self.events.append)

    def await_events(self, *events: KeyPressed | KeyReleased) -> None:
        wait_until(lambda: len(self.events) >= len(events), 5, f"{events}, got {self.events}", every=0.002)
        assert tuple(self.events) == events
        self.events.clear()


def lines_of(key: str) -> tuple[int, int]:
    row, column = divmod(KEYS.index(key), 3)
    return SPEC.rows[row], SPEC.columns[column]


@pytest.fixture(params=drivers("fake", "gpio", kernel=["kernel"]))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        fake = FakeKeypad(KEYS)
        made = Rig(fake, fake.press, fake.release)
    else:
        board: RpiGpio = request.getfixturevalue("bench" if request.param == "kernel" else "rpi_gpio")
        keypad = GpioKeypad(SPEC, Gpio(tmp_path))
        made = Rig(keypad, lambda key: board.close(*lines_of(key)), lambda key: board.open(*lines_of(key)))
    yield made
    made.driver.stop()


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_posted_when_it_closes_and_when_it_opens(rig: Rig, key: str) -> None:
    rig.start()
    rig.press(key)
    rig.await_events(KeyPressed(key))
    rig.release(key)
    rig.await_events(KeyReleased(key))


def test_two_keys_may_be_down_together(rig: Rig) -> None:
    rig.start()
    rig.press("1")
    rig.await_events(KeyPressed("1"))
    rig.press("5")
    rig.await_events(KeyPressed("5"))
    rig.release("1")
    rig.await_events(KeyReleased("1"))
    rig.release("5")
    rig.await_events(KeyReleased("5"))


def test_the_same_key_again_and_again(rig: Rig) -> None:
    rig.start()
    for _ in range(3):
        rig.press("0")
        rig.await_events(KeyPressed("0"))
        rig.release("0")
        rig.await_events(KeyReleased("0"))


def test_nothing_is_posted_before_start(rig: Rig) -> None:
    rig.press("1")
    rig.release("1")
    rig.start()
    rig.press("2")
    rig.await_events(KeyPressed("2"))


def test_nothing_is_posted_after_stop(rig: Rig) -> None:
    rig.start()
    rig.press("1")
    rig.await_events(KeyPressed("1"))
    rig.driver.stop()
    rig.release("1")
    rig.press("2")
    assert rig.events == []
    assert not [thread for thread in threading.enumerate() if thread.name == "keypad"]


def test_stop_twice_and_without_start(rig: Rig) -> None:
    rig.driver.stop()
    rig.driver.stop()
    rig.start()
    rig.driver.stop()
    rig.driver.stop()


def test_it_can_be_started_again_and_has_forgotten_what_was_pressed(rig: Rig) -> None:
    rig.start()
    rig.press("1")
    rig.await_events(KeyPressed("1"))
    rig.driver.stop()
    rig.release("1")
    rig.start()
    rig.press("3")
    rig.await_events(KeyPressed("3"))


def test_the_listener_may_stop_the_driver(rig: Rig) -> None:
    """A listener that ends the phone runs in the driver's own thread."""
    done = threading.Event()

    def listener(event: KeyPressed | KeyReleased) -> None:
        rig.driver.stop()
        done.set()

    rig.driver.start(listener)
    rig.press("1")
    assert done.wait(5)


@pytest.mark.parametrize("lets_go", [False, True])
def test_keys_that_are_down_at_power_on_ask_for_a_factory_reset(rig: Rig, lets_go: bool) -> None:
    """Held from before the driver starts; the simulated keypad has no fingers then: it is pressed at once."""
    said: list[int] = []

    def say(left: int) -> None:
        said.append(left)
        if lets_go and left == 3:
            rig.release("#")

    if isinstance(rig.driver, FakeKeypad):
        begin = rig.driver.start

        def start(post: Callable[[KeyPressed | KeyReleased], None]) -> None:
            begin(post)
            rig.press("*")
            rig.press("#")

        rig.driver.start = start  # type: ignore[method-assign]
    else:
        rig.press("*")
        rig.press("#")
    assert held.asked(rig.driver, say, second_s=0.2) is not lets_go
    assert said == ([5, 4, 3] if lets_go else [5, 4, 3, 2, 1])
