"""The keypad's driver on a board's own lines. A column that is pulled low is a key held in each row."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.phone.board import Board
from firmware.phone.errors import HardwareError
from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.gpio import GpioKeypad
from tests.hardware.jumpers import Jumpers, chip_number, virtual
from tests.hardware.jumpers import board as board
from tests.hardware.jumpers import jumpers as jumpers
from tests.rig.processes import wait_until

Events = list[KeyPressed | KeyReleased]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def keypad(board: Board, jumpers: Jumpers, tmp_path: Path, events: Events) -> Iterator[GpioKeypad]:
    made = GpioKeypad(board.keypad, Gpio(tmp_path, board.gpio.chip))
    made.start(events.append)
    yield made
    made.stop()


def column(board: Board, number: int) -> list[str]:
    return [row[number - 1] for row in board.keypad.keys]


@pytest.mark.usefixtures("keypad")
def test_a_column_is_all_its_keys_and_no_other(board: Board, jumpers: Jumpers, events: Events) -> None:
    for number in (1, 2):
        keys = column(board, number)
        jumpers.close(f"column {number}")
        wait_until(lambda: len(events) == 4, 5, "four presses", every=0.002)
        assert events == [KeyPressed(key) for key in keys]
        jumpers.open(f"column {number}")
        wait_until(lambda: len(events) == 8, 5, "four releases", every=0.002)
        assert events[4:] == [KeyReleased(key) for key in keys]
        events.clear()


@pytest.mark.usefixtures("keypad")
def test_two_columns_at_once_are_all_ghosts(jumpers: Jumpers, events: Events) -> None:
    jumpers.close("column 1")
    jumpers.close("column 2")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.3, 5, "some scans")
    assert len(events) in (0, 4), "none, or the first column was seen before the second"
    jumpers.open("column 1")
    jumpers.open("column 2")


@pytest.mark.usefixtures("keypad")
def test_a_bouncing_contact_is_one_press(board: Board, jumpers: Jumpers, events: Events) -> None:
    for _ in range(8):
        jumpers.close("column 1")
        time.sleep(0.001)
        jumpers.open("column 1")
        time.sleep(0.001)
    jumpers.close("column 1")
    wait_until(lambda: len(events) == 4, 5, "the presses", every=0.002)
    jumpers.open("column 1")
    wait_until(lambda: len(events) == 8, 5, "the releases", every=0.002)


@pytest.mark.usefixtures("keypad")
def test_the_time_from_key_to_event(
    board: Board, jumpers: Jumpers, events: Events, record_property: Callable[[str, object], None]
) -> None:
    """p99 under 15 ms after the debounce time; in the virtual machine, whose clock jumps, only not broken."""
    taken = []
    for _ in range(100):
        events.clear()
        began = time.monotonic()
        jumpers.close("column 1")
        wait_until(lambda: events, 5, "the press", every=0.0002)
        taken.append(1000 * (time.monotonic() - began) - board.keypad.debounce_ms)
        jumpers.open("column 1")
        wait_until(lambda: len(events) == 8, 5, "the releases", every=0.002)
    record_property("after_debounce_ms", f"median {statistics.median(taken):.1f}, max {max(taken):.1f}")
    assert sorted(taken)[98] < (100 if virtual() else 15)


def test_the_holder_of_a_taken_line_is_named(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LG_WD", str(tmp_path))
    import lgpio

    line = board.keypad.columns[0]
    other = lgpio.gpiochip_open(chip_number(board))
    lgpio.gpio_claim_input(other, line)
    _, _, _, _, holder = lgpio.gpio_get_line_info(other, line)
    keypad = GpioKeypad(board.keypad, Gpio(tmp_path, board.gpio.chip))
    try:
        with pytest.raises(
            HardwareError, match=rf'GPIO {line} \(keypad column\) is held by "{holder}"; stop'
        ):
            keypad.start(lambda event: None)
    finally:
        lgpio.gpiochip_close(other)
    keypad.start(lambda event: None)
    keypad.stop()
