"""A small picture of each part, drawn into a box of the given size. Pure."""

from __future__ import annotations

from collections.abc import Callable

from firmware.wiring.parts import GROUND, Part
from firmware.wiring.svg import Svg

INK, SOFT = "#22303a", "#7b8a90"
Picture = Callable[[Svg, Part, int, int, int, int], None]


def _display(svg: Svg, part: Part, x: int, y: int, width: int, height: int) -> None:
    svg.rect(x, y, width, 84, "#12324f", radius=6)
    svg.rect(x + 8, y + 12, width - 16, 58, "#05080c", radius=3)
    svg.text(x + 16, y + 30, "Private", size=10, paint="#9fe3ff")
    svg.text(x + width // 2, y + 52, "12:00", size=20, paint="#9fe3ff", anchor="middle", bold=True)
    svg.text(x + 16, y + 65, "alice", size=9, paint="#9fe3ff")


def _hook(svg: Svg, part: Part, x: int, y: int, width: int, height: int) -> None:
    left, right, line = x + 14, x + width - 14, y + 40
    svg.line([(x, line), (left + 10, line)], INK, 3)
    svg.line([(left + 10, line), (right - 14, line - 22)], INK, 3)
    svg.line([(right - 10, line), (x + width, line)], INK, 3)
    for end in (left + 10, right - 10):
        svg.circle(end, line, 4, "#ffffff", stroke=INK)
    svg.text(x, y + 66, "closed: " + part.note.rpartition("handset is ")[2], size=12, paint=SOFT)


def _privacy(svg: Svg, part: Part, x: int, y: int, width: int, height: int) -> None:
    svg.rect(x + 6, y + 14, width - 12, 34, "#d7dcda", radius=8)
    svg.rect(x + 12, y + 19, 44, 24, "#22303a", radius=5)
    svg.text(x + 34, y + 66, "private", size=12, paint=INK, anchor="middle")
    svg.text(x + width - 30, y + 66, "open", size=12, paint=SOFT, anchor="middle")


def _lights(svg: Svg, part: Part, x: int, y: int, width: int, height: int) -> None:
    """LED and resistor for each light, at the height of its terminal."""
    for index, end in enumerate(part.terminals):
        level = y + 14 + index * 30
        if end.line == GROUND:
            svg.line([(x - 40, level), (x + width - 22, level)], INK, 2)
            continue
        svg.rect(x - 18, level - 5, 34, 10, "#e9dcc0", radius=2, stroke="#a08a54")
        svg.text(x - 1, level - 9, "1 kΩ", size=9, paint=SOFT, anchor="middle")
        svg.line([(x + 16, level), (x + 44, level)], INK, 2)
        svg.circle(x + 54, level, 10, end.paint, stroke=INK)
        svg.line([(x + 64, level), (x + width - 22, level)], INK, 2)
    levels = [y + 14 + index * 30 for index in range(len(part.terminals))]
    svg.line([(x + width - 22, levels[0]), (x + width - 22, levels[-1])], INK, 2)


def _keypad(svg: Svg, part: Part, x: int, y: int, width: int, height: int) -> None:
    columns = sum(end.name.startswith("col") for end in part.terminals)
    keys = ("123A", "456B", "789C", "*0#D")
    step = (width + 6) // columns
    for row, names in enumerate(keys):
        for column in range(columns):
            left, top = x - 16 + column * step, y + 22 + row * 48
            svg.rect(left, top, step - 8, 38, "#f1f3f2", radius=8, stroke="#b5c0bd")
            middle = left + (step - 8) // 2
            svg.text(middle, top + 26, names[column], size=18, paint=INK, anchor="middle", bold=True)


PICTURES: dict[str, Picture] = {
    "display": _display,
    "hook": _hook,
    "privacy": _privacy,
    "lights": _lights,
    "keypad": _keypad,
}
HEIGHTS = {"display": 150, "hook": 130, "privacy": 130, "lights": 150, "keypad": 280}
