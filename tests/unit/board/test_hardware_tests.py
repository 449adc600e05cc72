"""The page on the jumper rig says what the tests take for granted."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone.board import known_boards, load_board
from tests.hardware.jumpers import SPARE, phone_lines

PAGE = (Path(__file__).parents[3] / "docs" / "hardware-tests.md").read_text()


@pytest.mark.parametrize("name", [name for name in known_boards() if name.startswith("raspberry-pi")])
def test_the_wires_join_spare_lines_with_the_lines_of_the_board(name: str) -> None:
    board = load_board(name)
    header, keypad, ends = board.header, board.keypad, phone_lines(board)
    assert set(ends) == set(SPARE)
    phone = {*keypad.rows, *keypad.columns, *ends.values(), *board.lights.lines.values()}
    assert not phone & set(SPARE.values())
    for wire, spare in SPARE.items():
        cells = [f"{header.label(line)} | {header.pin(line)}" for line in (spare, ends[wire])]
        assert f"| {wire} | {cells[0]} | {cells[1]} |" in PAGE
    assert name in PAGE
