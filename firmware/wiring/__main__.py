"""``python -m firmware.wiring``: write wiring.svg and wiring.md of every board that has wires."""

from __future__ import annotations

from firmware.phone.board import BOARDS, Board, known_boards, load_board
from firmware.wiring.drawing import draw
from firmware.wiring.page import page


def wired() -> list[Board]:
    """The boards that come with the firmware and have anything to wire."""
    return [board for board in map(load_board, known_boards()) if board.keypad.kind == "gpio"]


def main() -> None:
    for board in wired():
        folder = BOARDS / board.name
        (folder / "wiring.svg").write_text(draw(board))
        (folder / "wiring.md").write_text(page(board))
        print(f"{folder / 'wiring.md'}")


if __name__ == "__main__":
    main()
