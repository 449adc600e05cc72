"""What every driver of lights does: one suite for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.phone.board import LightsSpec
from firmware.phone.gpio import Gpio
from firmware.phone.lights.base import Lights
from firmware.phone.lights.fake import FakeLights
from firmware.phone.lights.gpio import GpioLights
from firmware.phone.values import Light, Pattern
from tests.contract.pwm_tree import CHIP, PwmTree
from tests.contract.pwm_tree import pwm_tree as pwm_tree
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio
from tests.rig.processes import wait_until
from tests.vm.devices import bench as bench
from tests.vm.devices import drivers

LINES = {Light.PRIVACY: 23, Light.RINGING: 24, Light.MESSAGE: 4, Light.MUTE: 7}
LINES |= {Light.LAMP_1: 12, Light.LAMP_2: 16, Light.LAMP_3: 20, Light.LAMP_4: 21}
BLINKING = (Pattern.SLOW, Pattern.FAST)


@dataclass
class Rig:
    """A driver and the eyes for it."""

    driver: Lights
    lit: Callable[[Light], bool]

    def changes(self, light: Light, count: int) -> list[float]:
        """The times of the next changes of a light."""
        found: list[float] = []
        was = self.lit(light)
        end = time.monotonic() + 10
        while len(found) < count and time.monotonic() < end:
            if (now := self.lit(light)) is not was:
                was = now
                found.append(time.monotonic())
            time.sleep(0.002)
        assert len(found) == count, f"{light} changed {len(found)} times"
        return found


@pytest.fixture(params=drivers("fake", "gpio", "pwm", kernel=["kernel"]))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        fake = FakeLights()
        made = Rig(fake, lambda light: fake.lit(light, int(time.monotonic() * 1000)))
    elif request.param in ("gpio", "kernel"):
        board: RpiGpio = request.getfixturevalue("bench" if request.param == "kernel" else "rpi_gpio")
        made = Rig(
            GpioLights(LightsSpec("gpio", LINES), Gpio(tmp_path)), lambda light: board.driven(LINES[light])
        )
    else:
        tree: PwmTree = request.getfixturevalue("pwm_tree")
        channels = {light: number for number, light in enumerate(Light)}
        spec = LightsSpec("gpio", pwm=channels, pwm_chip=CHIP, brightness=40)
        driver = GpioLights(spec, Gpio(tmp_path), pwm_root=tree.root)
        made = Rig(driver, lambda light: tree.brightness(channels[light]) > 0)
    yield made
    made.driver.stop()


@pytest.mark.parametrize("light", Light)
def test_on_and_off_at_once(rig: Rig, light: Light) -> None:
    rig.driver.start()
    assert not rig.lit(light)
    rig.driver.show(light, Pattern.ON)
    assert rig.lit(light)
    rig.driver.show(light, Pattern.ON)
    assert [other for other in Light if rig.lit(other)] == [light]
    rig.driver.show(light, Pattern.OFF)
    assert not rig.lit(light)


def test_fast_is_twice_a_second(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.show(Light.RINGING, Pattern.FAST)
    first, *_, last = rig.changes(Light.RINGING, 5)
    assert last - first == pytest.approx(4 * 0.25, abs=0.2)


def test_slow_is_every_two_seconds_and_ends_when_told(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.show(Light.MESSAGE, Pattern.SLOW)
    first, second = rig.changes(Light.MESSAGE, 2)
    assert second - first == pytest.approx(1.0, abs=0.2)
    rig.driver.show(Light.MESSAGE, Pattern.ON)
    assert rig.lit(Light.MESSAGE)


def test_one_light_blinks_beside_a_steady_one(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.show(Light.PRIVACY, Pattern.ON)
    rig.driver.show(Light.RINGING, Pattern.FAST)
    for _ in range(3):
        rig.changes(Light.RINGING, 1)
        assert rig.lit(Light.PRIVACY)


@pytest.mark.parametrize("pattern", [Pattern.ON, *BLINKING])
def test_all_is_dark_after_stop(rig: Rig, pattern: Pattern) -> None:
    rig.driver.start()
    for light in Light:
        rig.driver.show(light, pattern)
    rig.driver.stop()
    rig.driver.show(Light.PRIVACY, Pattern.ON)
    assert not any(rig.lit(light) for light in Light)
    assert not [thread for thread in threading.enumerate() if thread.name == "lights"]


def test_before_start_nothing_is_shown(rig: Rig) -> None:
    rig.driver.show(Light.PRIVACY, Pattern.ON)
    assert not rig.lit(Light.PRIVACY)
    rig.driver.start()
    assert not rig.lit(Light.PRIVACY), "dark until told"


def test_it_can_be_started_again(rig: Rig) -> None:
    rig.driver.stop()
    rig.driver.start()
    rig.driver.show(Light.MUTE, Pattern.FAST)
    rig.driver.stop()
    rig.driver.stop()
    rig.driver.start()
    assert not rig.lit(Light.MUTE)
    rig.driver.show(Light.MUTE, Pattern.ON)
    wait_until(lambda: rig.lit(Light.MUTE), 5, "the light")
