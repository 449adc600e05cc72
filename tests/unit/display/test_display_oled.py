"""The OLED driver against a model of the controller, through luma and down to the I2C messages."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest
from PIL import Image, ImageDraw

from firmware.phone.display.oled import OledDisplay
from firmware.phone.errors import ConfigError, HardwareError
from tests.unit.display.controller import Wires

KINDS = ["ssd1306", "sh1106"]


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


def display(wires: Wires, **more: int) -> OledDisplay:
    return OledDisplay(wires.controller.kind, **more)


def test_upside_down_when_rotated(wires: Wires) -> None:
    display(wires, rotate=2).show(picture())
    turned = picture().transpose(Image.Transpose.ROTATE_180)
    assert wires.controller.glass().tobytes() == turned.tobytes()


def test_contrast_and_address_are_used(wires: Wires) -> None:
    wires.address = 0x3D
    oled = display(wires, address=0x3D, contrast=0x20)
    oled.show(picture())
    oled.show(picture(1))
    assert wires.controller.contrast == 0x20


def test_the_bus_is_left_alone_until_the_first_picture(wires: Wires) -> None:
    display(wires)
    assert (wires.open, wires.log) == (0, [])


def test_the_same_picture_is_sent_once(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    sent = len(wires.log)
    oled.show(picture())
    assert len(wires.log) == sent


def test_display_that_lost_its_power_unnoticed_is_set_up_with_the_next_picture(wires: Wires) -> None:
    oled = display(wires)
    oled.show(picture())
    wires.controller.power_cycle()
    oled.show(picture(1))
    assert wires.controller.glass().tobytes() == picture(1).tobytes()


def test_no_flicker_from_repeated_settings(wires: Wires) -> None:
    oled = display(wires, contrast=0x20)
    oled.show(picture())
    first = len(wires.log)
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
    wires.fail_after = 4
    with pytest.raises(HardwareError, match="does not answer"):
        oled.show(picture(1))
    wires.controller.power_cycle()
    oled.show(picture(1))
    assert wires.controller.glass().tobytes() == picture(1).tobytes()


def test_no_bus_says_how_to_switch_it_on(wires: Wires) -> None:
    with pytest.raises(HardwareError, match="I2C bus 7, which is not there: put dtparam=i2c_arm=on"):
        display(wires, bus=7).show(picture())
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
        OledDisplay("ssd9999", bus=-1, address=0x80, rotate=1, contrast=256)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["display"] * 5
    said = "\n".join(caught.value.faults)
    for part in (
        "'ssd9999' is unknown, use one of: ssd1306, sh1106",
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
