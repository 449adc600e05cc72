"""The jumper rig: wires from spare lines of the header to the phone's lines, and the hands at their ends.

docs/hardware-tests.md shows the wires. A hand that pulls low is a closed contact to ground, one that floats
an open contact; a light is read back by a spare input. The hands use lgpio by themselves, so that nothing of
the firmware judges itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.board import Board, load_board
from firmware.phone.gpio import chip_labels
from firmware.phone.values import Light

RIG = "SOTTOVOCE_RIG"
"""Names the board whose header has the jumpers. Without it no line is touched: a telephone may hang there."""

VIRTUAL = "SOTTOVOCE_VM"
"""Set in the virtual machine of tests/vm: a file joins the wires of its gpiochip, the rig is always there."""

WIRE = Path("/sys/devices/platform/gpio-wires.0/wire")

SPARE = {"hook": 8, "privacy_private": 9, "privacy_open": 10, "column 1": 11, "column 2": 18, "light": 19}
"""The spare line at the other end of each wire, on a Raspberry Pi without a sound card on its header."""


def rig_board() -> Board:
    """The board under test; skips where there is none."""
    name = os.environ.get(RIG) or ("raspberry-pi-4" if virtual() else "")
    if not name:
        pytest.skip(f"needs a board with the jumper rig: {RIG}=raspberry-pi-4 (docs/hardware-tests.md)")
    board = load_board(name)
    if board.header.name != "raspberry-pi":
        pytest.skip(f"the rig's wires are those of a Raspberry Pi; {name} has another header")
    return board


def virtual() -> bool:
    """Whether this is the virtual machine."""
    return VIRTUAL in os.environ


def phone_lines(board: Board) -> dict[str, int]:
    """The phone's line at the end of each wire."""
    return {
        "hook": board.switches.hook,
        "privacy_private": board.switches.privacy_private,
        "privacy_open": board.switches.privacy_open,
        "column 1": board.keypad.columns[0],
        "column 2": board.keypad.columns[1],
        "light": board.lights.lines[Light.PRIVACY],
    }


def chip_number(board: Board) -> int:
    """The number that the board's gpiochip has with this kernel."""
    labels = board.gpio.chip if isinstance(board.gpio.chip, tuple) else (board.gpio.chip,)
    return next(number for label, number in chip_labels().items() if label in labels)


class Jumpers:
    """The hands. All contacts are open at first."""

    def __init__(self, board: Board) -> None:
        import lgpio

        self._lgpio: Any = lgpio
        self._chip = lgpio.gpiochip_open(chip_number(board))
        for name in SPARE:
            self.open(name)

    def close(self, name: str) -> None:
        """Close the contact: its line goes to ground."""
        self._lgpio.gpio_claim_output(self._chip, SPARE[name], 0, self._lgpio.SET_PULL_NONE)

    def open(self, name: str) -> None:
        self._free(name)
        self._lgpio.gpio_claim_input(self._chip, SPARE[name], self._lgpio.SET_PULL_NONE)

    def set(self, name: str, closed: bool) -> None:
        (self.close if closed else self.open)(name)

    def lit(self) -> bool:
        """Whether the privacy light's line is high."""
        return bool(self._lgpio.gpio_read(self._chip, SPARE["light"]))

    def end(self) -> None:
        for name in SPARE:
            self._free(name)
        self._lgpio.gpiochip_close(self._chip)

    def _free(self, name: str) -> None:
        try:
            self._lgpio.gpio_free(self._chip, SPARE[name])
        except self._lgpio.error:
            pass  # it was not held


@pytest.fixture
def board() -> Board:
    return rig_board()


@pytest.fixture
def jumpers(board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> Iterator[Jumpers]:
    monkeypatch.setenv("LG_WD", str(tmp_path_factory.mktemp("lgpio")))
    if virtual():
        for name, line in phone_lines(board).items():
            WIRE.write_text(f"join {SPARE[name]} {line}")
    made = Jumpers(board)
    yield made
    made.end()
    if virtual():
        WIRE.write_text("clear")
