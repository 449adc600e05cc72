"""The contract of the switches on a board's own lines, by the jumper rig."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.board import Board
from firmware.phone.events import PrivacySwitched
from firmware.phone.gpio import Gpio
from firmware.phone.switches.gpio import GpioSwitches
from firmware.phone.values import Hook, SwitchPosition
from tests.contract import test_switches as contract
from tests.contract.test_switches import OPEN, PRIVATE, UNREADABLE, Rig
from tests.hardware.jumpers import Jumpers
from tests.hardware.jumpers import board as board
from tests.hardware.jumpers import jumpers as jumpers
from tests.rig.processes import wait_until

globals().update({name: each for name, each in vars(contract).items() if name.startswith("test_")})
"""The whole suite, with the rig below."""


@pytest.fixture
def rig(board: Board, jumpers: Jumpers, tmp_path: Path) -> Iterator[Rig]:
    def set_privacy(position: SwitchPosition) -> None:
        jumpers.open("privacy_private")
        jumpers.open("privacy_open")
        if position is not UNREADABLE:
            jumpers.close("privacy_open" if position is OPEN else "privacy_private")

    set_privacy(PRIVATE)
    driver = GpioSwitches(board.switches, Gpio(tmp_path, board.gpio.chip))
    yield Rig(driver, lambda hook: jumpers.set("hook", hook is Hook.OFF), set_privacy)
    driver.stop()


@pytest.mark.parametrize("fault", ["broken wire", "lines joined"])
def test_a_fault_of_the_wires_is_private_at_once(rig: Rig, jumpers: Jumpers, fault: str) -> None:
    rig.set_privacy(OPEN)
    rig.start()
    rig.await_last(PrivacySwitched(OPEN))
    rig.events.clear()
    began = time.monotonic()
    if fault == "broken wire":
        jumpers.open("privacy_open")
    else:
        jumpers.close("privacy_private")
    wait_until(lambda: rig.events, 5, "the fault", every=0.001)
    assert rig.events == [PrivacySwitched(UNREADABLE)]
    assert time.monotonic() - began < 0.2
