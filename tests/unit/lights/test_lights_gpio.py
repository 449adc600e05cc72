"""Lights on a fake board and a fake PWM chip: rest, lines that are taken, chips that are missing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from firmware.phone.board import LightsSpec
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from firmware.phone.lights.gpio import GpioLights
from firmware.phone.lights.pwm import PwmOutput
from firmware.phone.values import Light, Pattern
from tests.contract.pwm_tree import CHIP, PwmTree
from tests.contract.pwm_tree import pwm_tree as pwm_tree
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio

SPEC = LightsSpec("gpio", {Light.PRIVACY: 23, Light.RINGING: 24})


class CountingGpio(Gpio):
    """Counts what is written."""

    writes = 0

    def write(self, line: int, high: bool, what: str) -> None:
        self.writes += 1
        super().write(line, high, what)


@pytest.mark.usefixtures("rpi_gpio")
def test_a_light_that_does_not_blink_is_written_once(tmp_path: Path) -> None:
    gpio = CountingGpio(tmp_path)
    lights = GpioLights(SPEC, gpio)
    lights.start()
    for _ in range(3):
        lights.show(Light.PRIVACY, Pattern.ON)
        lights.show(Light.MUTE, Pattern.ON)
    assert gpio.writes == 1, "and a light that this board has not is ignored"
    lights.stop()


def test_a_taken_line_is_named_and_the_others_are_released(rpi_gpio: RpiGpio, tmp_path: Path) -> None:
    rpi_gpio.hold(24, "fan")
    lights = GpioLights(SPEC, Gpio(tmp_path))
    with pytest.raises(HardwareError, match=r"GPIO 24 \(ringing light\) is held by .*; stop that"):
        lights.start()
    assert rpi_gpio.claimed() == {}
    lights.show(Light.PRIVACY, Pattern.ON)
    lights.stop()


def test_brightness(pwm_tree: PwmTree, tmp_path: Path) -> None:
    spec = LightsSpec("gpio", pwm={Light.PRIVACY: 1}, pwm_chip=CHIP, brightness=40)
    lights = GpioLights(spec, Gpio(tmp_path), pwm_root=pwm_tree.root)
    lights.start()
    lights.show(Light.PRIVACY, Pattern.ON)
    assert (pwm_tree.exported(), pwm_tree.brightness(1)) == ([1], 40)
    lights.stop()
    end = time.monotonic() + 5
    while pwm_tree.exported() and time.monotonic() < end:
        time.sleep(0.002)
    assert pwm_tree.exported() == []


def test_a_pwm_chip_that_is_not_there_names_those_that_are(pwm_tree: PwmTree) -> None:
    with pytest.raises(HardwareError, match=rf"PWM x\.pwm channel 0: no such chip \(there are {CHIP}\); add"):
        PwmOutput("x.pwm", 0, pwm_tree.root).open()


def test_no_pwm_chip_at_all(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match=r"no such chip \(there is none\); add its overlay"):
        PwmOutput(CHIP, 0, tmp_path).open()


def test_what_cannot_be_set_says_so(pwm_tree: PwmTree) -> None:
    (pwm_tree.chip / "pwm0").mkdir()
    (pwm_tree.chip / "pwm0" / "period").mkdir()
    with pytest.raises(HardwareError, match=r"PWM .* channel 0: period cannot be set \(Is a directory\)"):
        PwmOutput(CHIP, 0, pwm_tree.root).open()


def test_a_duty_that_was_left_longer_than_our_period(
    pwm_tree: PwmTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash: the kernel refuses a period shorter than the duty."""
    write = Path.write_text

    def refusing(file: Path, text: str) -> int:
        if file.name == "period" and int(text) < int((file.parent / "duty_cycle").read_text()):
            raise OSError(22, "Invalid argument")
        return write(file, text)

    monkeypatch.setattr(Path, "write_text", refusing)
    folder = pwm_tree.chip / "pwm2"
    folder.mkdir()
    for name, value in (("duty_cycle", "9000000"), ("period", "9000000"), ("enable", "1")):
        (folder / name).write_text(value)
    output = PwmOutput(CHIP, 2, pwm_tree.root)
    output.open()
    assert pwm_tree.brightness(2) == 0
    output.set(100)
    assert pwm_tree.brightness(2) == 100
    with pytest.raises(HardwareError, match="is not open"):
        PwmOutput(CHIP, 2, pwm_tree.root).set(1)
