"""The wiring pages: made from the board files, up to date, and every wire where the board file says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from firmware.phone.board import BOARDS, Board, KeypadSpec, known_boards, load_board
from firmware.wiring.__main__ import wired
from firmware.wiring.drawing import draw
from firmware.wiring.page import page
from firmware.wiring.parts import GROUND, SUPPLY, Terminal, parts

BOARDS_WIRED = wired()
every_board = pytest.mark.parametrize("board", BOARDS_WIRED, ids=lambda board: board.name)


def ends(board: Board) -> list[Terminal]:
    return [end for part in parts(board) for end in part.terminals]


@every_board
def test_drawing_and_page_are_up_to_date(board: Board) -> None:
    for name, made in (("wiring.svg", draw(board)), ("wiring.md", page(board))):
        assert (BOARDS / board.name / name).read_text() == made, "the board file has changed: make wiring"


@every_board
def test_each_line_of_the_board_file_has_its_wire_and_no_pin_has_two(board: Board) -> None:
    header, switches = board.header, board.switches
    lines = {*board.keypad.rows, *board.keypad.columns, *board.lights.lines.values()}
    lines |= {switches.hook, switches.privacy_private, switches.privacy_open}
    lines |= set(header.functions[f"i2c{board.display.bus}"])
    wires = {header.pins[end.pin - 1] for end in ends(board)}
    assert {line for line in wires if isinstance(line, int)} == lines
    pins = [end.pin for end in ends(board)]
    assert len(pins) == len(set(pins))
    for end in ends(board):
        at = header.pins[end.pin - 1]
        assert end.line == (header.label(at) if isinstance(at, int) else at)


@every_board
def test_power_goes_to_the_display_alone_and_never_5_volts(board: Board) -> None:
    assert [end.name for end in ends(board) if end.line == SUPPLY] == ["VCC"]
    assert not [end for end in ends(board) if end.line == "5V"]
    grounded = [part.kind for part in parts(board) for end in part.terminals if end.line == GROUND]
    assert sorted(grounded) == ["display", "hook", "lights", "privacy"]


@every_board
def test_the_drawing_is_well_formed_and_names_every_wire(board: Board) -> None:
    root = ET.fromstring(draw(board))  # noqa: S314 - our own text
    said = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    for end in ends(board):
        assert f"{end.line} · {end.pin}" in said
        assert end.name in said
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for shape in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(shape.attrib["x"]) + float(shape.attrib["width"]) <= width
        assert float(shape.attrib["y"]) + float(shape.attrib["height"]) <= height


def test_the_drawing_follows_the_board_file() -> None:
    board = load_board("raspberry-pi")
    moved = replace(board, switches=replace(board.switches, hook=8))
    assert "GPIO 8 · 24" in draw(moved)
    assert "GPIO 17 · 11" not in draw(moved)
    wide = KeypadSpec("gpio", ("123A", "456B", "789C", "*0#D"), (5, 6, 12, 13), (16, 26, 25, 8))
    assert "col 4" in draw(replace(board, keypad=wide))


def test_every_board_with_wires_has_a_page() -> None:
    assert {board.name for board in BOARDS_WIRED} == set(known_boards()) - {"simulator"}
