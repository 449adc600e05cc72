"""The privacy light on a board's own line, read back by a jumper."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.board import Board
from firmware.phone.gpio import Gpio
from firmware.phone.lights.gpio import GpioLights
from firmware.phone.values import Light, Pattern
from tests.hardware.jumpers import Jumpers
from tests.hardware.jumpers import board as board
from tests.hardware.jumpers import jumpers as jumpers
from tests.rig.processes import wait_until


@pytest.fixture
def lights(board: Board, jumpers: Jumpers, tmp_path: Path) -> Iterator[GpioLights]:
    made = GpioLights(board.lights, Gpio(tmp_path, board.gpio.chip))
    made.start()
    yield made
    made.stop()


def test_on_off_and_dark_at_the_end(lights: GpioLights, jumpers: Jumpers) -> None:
    assert not jumpers.lit()
    lights.show(Light.PRIVACY, Pattern.ON)
    assert jumpers.lit()
    lights.show(Light.PRIVACY, Pattern.OFF)
    assert not jumpers.lit()


def test_it_blinks(lights: GpioLights, jumpers: Jumpers) -> None:
    lights.show(Light.PRIVACY, Pattern.FAST)
    changes: list[float] = []
    was = jumpers.lit()

    def changed() -> bool:
        nonlocal was
        if jumpers.lit() is not was:
            was = not was
            changes.append(time.monotonic())
        return len(changes) == 5

    wait_until(changed, 10, "five changes", every=0.002)
    assert changes[-1] - changes[0] == pytest.approx(1.0, abs=0.2)
