"""What the board's kernel must offer: the chip by its label, the display's bus, the sensors, the watchdog."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone.board import Board
from firmware.phone.gpio import chip_labels
from firmware.phone.health.kernel import Sensors
from tests.hardware.jumpers import board as board
from tests.hardware.jumpers import virtual

real = pytest.mark.skipif(virtual(), reason="a virtual machine has no sensors and no watchdog")


def test_the_gpiochip_is_called_as_the_board_file_says(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LG_WD", str(tmp_path))
    wanted = board.gpio.chip if isinstance(board.gpio.chip, tuple) else (board.gpio.chip,)
    assert set(wanted) & set(chip_labels())


def test_the_displays_bus_is_there(board: Board) -> None:
    assert Path(f"/dev/i2c-{board.display.bus}").exists(), "switch I2C on: see the board's README.md"


@real
def test_temperature_and_voltage_can_be_read(board: Board) -> None:
    sensors = Sensors()
    reading = sensors.read()
    assert reading.celsius is not None
    assert 0 < reading.celsius < 100
    if board.name.startswith("raspberry-pi"):
        assert sensors.alarm is not None, "the kernel's module raspberrypi-hwmon is missing"
    assert not reading.weak, "the power supply of this board is too weak: other results are worth little"


@real
@pytest.mark.usefixtures("board")
def test_the_hardware_watchdog_is_there() -> None:
    assert Path("/dev/watchdog0").exists()
