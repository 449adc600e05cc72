"""The OLED driver against a model of the controller, through luma and down to the I2C messages."""

from __future__ import annotations

import errno
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from firmware.phone.clock import FakeClock
from firmware.phone.display.oled import WHOLE_EVERY, I2c, OledDisplay, Spi
from firmware.phone.display.screens import Dialling, Idle, InCall, Screen
from firmware.phone.display.views import draw
from firmware.phone.errors import ConfigError, HardwareError
from firmware.phone.values import Direction, Registration, RegistrationState, Security, SwitchPosition
from tests.unit.display.controller import SpiWires, Wires

KINDS = ["ssd1306", "ssd1309", "sh1106"]
FULL = {"ssd1306": 1034, "ssd1309": 1034, "sh1106": 1080}
"""Octets of a whole picture on I2C, with the address and control octets of each message."""


@pytest.fixture(params=KINDS)
def wires(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Wires:
    found = Wires(request.param)
    monkeypatch.setattr("smbus2.SMBus", found)
    return found


def picture(mark: int = 0) -> Image.Image:
    """Not symmetrical in any way; ``mark`` makes it another one."""
    image = Image.new("1", (128, 64))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 127, 63), outline=255)
    pen.line((0, 0, 90, 63), fill=255)
    pen.rectangle((100, 3 + mark, 120, 9 + mark), fill=255)
    return image


CLOCK = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))


def display(wires: Wires, wire: I2c | None = None, **more: int) -> OledDisplay:
    return OledDisplay(wires.controller.kind, wire, clock=CLOCK, **more)


def test_upside_down_when_rotated(wires: Wires) -> None:
    display(wires, rotate=2).show(picture())
    turned = picture().transpose(Image.Transpose.ROTATE_180)
    assert wires.controller.glass().tobytes() == turned.tobytes()


def test_contrast_and_address_are_used(wires: Wires) -> None:
    wires.address = 0x3D
    oled = display(wires, I2c(address=0x3D), contrast=0x20)
    oled.show(picture())
    oled.show(picture(1))
    assert wires.controller.contrast == 0x20


def test_the_bus_is_left_alone_until_the_first_picture(wires: Wires) -> None:
    display(wires)
    assert (wires.open, wires.log) == (0, [])


def test_the_same_picture_is_sent_once_and_then_only_asks_whether_somebody_is_there(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    sent = len(wires.log)
    oled.show(picture())
    assert wires.log[sent:] == [[0x00, 0xE3]]


def test_display_that_lost_its_power_unnoticed_is_set_up_within_a_minute(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    wires.controller.power_cycle()
    CLOCK.advance(WHOLE_EVERY)
    oled.show(picture())
    assert wires.controller.glass().tobytes() == picture().tobytes()


def test_no_flicker_from_repeated_settings(wires: Wires) -> None:
    oled = display(wires, contrast=0x20)
    oled.show(picture())
    first = len(wires.log)
    CLOCK.advance(WHOLE_EVERY)
    oled.show(picture(1))
    commands = [octets[1:] for octets in wires.log[first:] if octets[0] == 0x00]
    assert not any(0xAE in octets[:1] for octets in commands)
    assert [octets for octets in commands if octets[0] == 0x81] == [[0x81, 0x20]]


@pytest.mark.parametrize("silence", [errno.EREMOTEIO, errno.EIO, errno.ENXIO, errno.ETIMEDOUT])
def test_silent_display_says_what_to_check(wires: Wires, silence: int) -> None:
    wires.plugged, wires.silence = False, silence
    with pytest.raises(HardwareError, match="does not answer at 0x3c on I2C bus 1: check its four wires"):
        display(wires).show(picture())
    assert wires.open == 0


def test_pulled_out_in_the_middle_of_a_picture(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    wires.fail_after = 1
    with pytest.raises(HardwareError, match="does not answer"):
        oled.show(picture(1))
    wires.controller.power_cycle()
    oled.show(picture(1))
    assert wires.controller.glass().tobytes() == picture(1).tobytes()


def test_no_bus_says_how_to_switch_it_on(wires: Wires) -> None:
    with pytest.raises(HardwareError, match="I2C bus 7, which is not there: put dtparam=i2c_arm=on"):
        display(wires, I2c(7)).show(picture())
    wires.bus_fault = OSError(errno.ENODEV, "No such device", "/dev/i2c-1")
    with pytest.raises(HardwareError, match="not there"):
        display(wires).show(picture())


def test_no_right_to_the_bus_names_the_group(wires: Wires) -> None:
    wires.bus_fault = PermissionError(errno.EACCES, "Permission denied", "/dev/i2c-1")
    with pytest.raises(HardwareError, match="group i2c"):
        display(wires).show(picture())


def test_a_display_that_stays_away_leaves_nothing_behind(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[object] = []
    monkeypatch.setattr("atexit.register", kept.append)
    wires.plugged = False
    oled = display(wires)
    for _ in range(3):
        with pytest.raises(HardwareError):
            oled.show(picture())
    assert (kept, wires.open) == ([], 0)


def test_close_after_it_was_pulled_out(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    wires.plugged = False
    oled.close()
    assert wires.open == 0


def test_every_fault_of_the_settings_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        OledDisplay("ssd9999", I2c(-1, 0x80), rotate=1, contrast=256)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["display"] * 5
    said = "\n".join(caught.value.faults)
    for part in (
        "'ssd9999' is unknown, use one of: ssd1306, ssd1309, sh1106",
        "bus -1",
        "0x80",
        "0 or 2",
        "0 to 255",
    ):
        assert part in said


def test_the_rest_of_the_display_does_not_load_luma() -> None:
    program = (
        "import sys, firmware.phone.display.fake, firmware.phone.display.painter\n"
        "sys.exit(any(name.split('.')[0] in ('luma', 'smbus2') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


REGISTERED = Registration(RegistrationState.REGISTERED)


def _in_call(seconds: int) -> InCall:
    return InCall("Bob", Direction.OUT, seconds, Security.END_TO_END, SwitchPosition.PRIVATE)


SMALL_CHANGES: dict[str, tuple[Screen, Screen, float]] = {
    "a clock tick": (
        Idle("10:24", "Alice", REGISTERED, SwitchPosition.PRIVATE),
        Idle("10:25", "Alice", REGISTERED, SwitchPosition.PRIVATE),
        0.13,
    ),
    "a second of a call": (_in_call(83), _in_call(84), 0.13),
    "a digit": (Dialling("0301", "", "nothing", True), Dialling("03012", "", "nothing", True), 0.13),
}
"""Before, after, and the part of a full frame that the change may cost on I2C."""


@pytest.mark.parametrize("name", SMALL_CHANGES)
def test_a_small_change_costs_a_small_part_of_a_frame(wires: Wires, name: str) -> None:
    before, after, part = SMALL_CHANGES[name]
    oled = display(wires)
    oled.show(draw(before))
    sent = wires.octets
    oled.show(draw(after))
    assert wires.controller.glass().tobytes() == draw(after).tobytes()
    assert wires.octets - sent <= part * FULL[wires.controller.kind]


def test_a_whole_picture_costs_no_more_than_luma_needs_for_it(wires: Wires) -> None:
    oled = display(wires)
    oled.show(Image.new("1", (128, 64)))
    sent = wires.octets
    oled.show(Image.new("1", (128, 64), 255))
    assert wires.octets - sent == FULL[wires.controller.kind]


def test_dimmed_and_bright_again_without_a_pixel_sent(wires: Wires) -> None:
    oled = display(wires, contrast=200)
    oled.show(picture())
    sent = len(wires.log)
    oled.show(picture(), 0.1)
    assert wires.controller.contrast == 20
    oled.show(picture())
    assert wires.controller.contrast == 200
    assert not any(octets[0] == 0x40 for octets in wires.log[sent:])


# --- SPI ---------------------------------------------------------------------------------------------


@pytest.fixture(params=KINDS)
def spi(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SpiWires:
    found = SpiWires(request.param)
    monkeypatch.setattr("spidev.SpiDev", found)
    return found


def on_spi(wires: SpiWires) -> OledDisplay:
    return OledDisplay(wires.controller.kind, Spi(wires, wires.dc, wires.reset, mhz=4), clock=CLOCK)


def test_spi_shows_every_pixel_and_every_change(spi: SpiWires) -> None:
    oled = on_spi(spi)
    for mark in (0, 1, 1, 30):
        oled.show(picture(mark))
        assert spi.controller.glass().tobytes() == picture(mark).tobytes()
    assert spi.max_speed_hz == 4_000_000


def test_spi_sends_small_changes_only(spi: SpiWires) -> None:
    before, after, part = SMALL_CHANGES["a clock tick"]
    oled = on_spi(spi)
    oled.show(draw(before))
    sent = spi.octets
    oled.show(draw(after))
    assert spi.octets - sent <= part * 1024


def test_spi_pulled_out_is_not_noticed_and_right_again_within_a_minute(spi: SpiWires) -> None:
    oled = on_spi(spi)
    oled.show(picture())
    spi.plugged = False
    oled.show(picture(1))
    spi.controller.power_cycle()
    spi.plugged = True
    CLOCK.advance(WHOLE_EVERY)
    oled.show(picture(2))
    assert spi.controller.glass().tobytes() == picture(2).tobytes()


def test_spi_close_is_dark_and_gives_the_lines_back(spi: SpiWires) -> None:
    oled = on_spi(spi)
    oled.show(picture())
    oled.close()
    assert spi.controller.glass().getbbox() is None
    assert spi.claimed == set()


def test_spi_that_cannot_be_used_says_what_to_do(spi: SpiWires) -> None:
    spi.bus_fault = FileNotFoundError(errno.ENOENT, "No such file or directory")
    with pytest.raises(HardwareError, match=r"spidev0.0, which cannot be used .*put dtparam=spi=on"):
        on_spi(spi).show(picture())
    spi.bus_fault = PermissionError(errno.EACCES, "Permission denied")
    with pytest.raises(HardwareError, match="group spi"):
        on_spi(spi).show(picture())
    spi.bus_fault = None
    oled = on_spi(spi)
    oled.show(picture())
    spi.bus_fault = OSError(errno.EIO, "I/O error")
    with pytest.raises(HardwareError, match=r"/dev/spidev0.0 failed"):
        oled.show(picture(1))
    spi.bus_fault = None
    oled.show(picture(1))
    assert spi.controller.glass().tobytes() == picture(1).tobytes()


def test_spi_speed_that_is_none_is_refused(spi: SpiWires) -> None:
    with pytest.raises(ConfigError, match="3 MHz is no speed of its bus, use one of: 1, 2, 4, 8"):
        OledDisplay("ssd1306", Spi(spi, 25, 24, mhz=3))
