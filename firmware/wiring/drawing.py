"""Draws a board's wiring as SVG. Pure: the same board is the same drawing, octet for octet."""

from __future__ import annotations

from firmware.phone.board import Board
from firmware.phone.board_header import Header
from firmware.wiring import pictures
from firmware.wiring.parts import GROUND, SUPPLY, Part, Terminal, parts
from firmware.wiring.svg import Svg

WIDTH = 1240
TOP, PITCH = 96, 34
BLOCK, PAD_ODD, PAD_EVEN, BLOCK_END = 500, 596, 644, 740
LEFT_EDGE, RIGHT_EDGE = 290, 950
"""Where the terminals of the parts at either side are."""
PART_WIDTH, GAP = 250, 26
DARK, INK, PALE, PAPER = "#2d6459", "#22303a", "#b4cfc6", "#fbfaf6"
PIN_PAINT = {GROUND: "#2b2b2b", SUPPLY: "#d62f2f", "5V": "#a01f1f"}


def draw(board: Board) -> str:
    """The whole drawing."""
    found = parts(board)
    header = board.header
    places = _settled(_places(header, found))
    rows = len(header.pins) // 2
    height = max([TOP + rows * PITCH + 70] + [y + part_height(part) + 70 for part, y in places])
    svg = Svg(WIDTH, height, f"Wiring of a telephone with a {board.title}")
    svg.rect(0, 0, WIDTH, height, PAPER, radius=18)
    svg.text(44, 48, board.title, size=26, paint=INK, bold=True)
    svg.text(WIDTH - 44, 48, "drawn from board.toml", size=13, paint="#7b8a90", anchor="end")
    wires = _wires(places, left=True) + _wires(places, left=False)
    _block(svg, header)
    for wire in wires:
        svg.wire(wire.inside, wire.paint, DARK)
    _pins(svg, header, found)
    for part, y in places:
        _box(svg, part, y)
    for wire in wires:
        svg.wire(wire.outside, wire.paint, PAPER)
    for part, y in places:
        for index, end in enumerate(part.terminals):
            _end(svg, part, end, _terminal_y(y, index))
    foot = "Looked at from above, pin 1 at the top left. Every wire is named at its end: pin and line."
    svg.text(44, height - 26, foot, size=14, paint="#56656c")
    return svg.done()


def part_height(part: Part) -> int:
    return max(len(part.terminals) * 30 + 62, pictures.HEIGHTS[part.kind])


def _row_y(pin: int) -> int:
    return TOP + PITCH // 2 + (pin - 1) // 2 * PITCH


def _terminal_y(top: int, index: int) -> int:
    return top + 56 + index * 30


def _places(header: Header, found: list[Part]) -> list[tuple[Part, int]]:
    """Each part and its upper edge: as near to its pins as its neighbours let it be."""
    placed: list[tuple[Part, int]] = []
    for left in (True, False):
        top = TOP - 20
        mine = [part for part in found if part.left is left]
        mine.sort(key=lambda part: sum(end.pin for end in part.terminals) / len(part.terminals))
        bottom = TOP + len(header.pins) // 2 * PITCH + 20
        for index, part in enumerate(mine):
            middle = sum(_row_y(end.pin) for end in part.terminals) // len(part.terminals)
            below = sum(part_height(other) + GAP for other in mine[index:]) - GAP
            wanted = min(middle - part_height(part) // 2, bottom - below)
            top = max(top, wanted)
            placed.append((part, top))
            top += part_height(part) + GAP
    return placed


def _settled(places: list[tuple[Part, int]]) -> list[tuple[Part, int]]:
    """The same, each part moved a little where that keeps wires from running upon each other."""
    for index, (part, top) in enumerate(places):
        tries = [
            [*places[:index], (part, top + delta), *places[index + 1 :]]
            for delta in sorted(range(-GAP // 2, GAP // 2 + 1, 2), key=abs)
        ]
        clashes = [_clashes(_wires(tried, part.left)) for tried in tries]
        places = tries[clashes.index(min(clashes))]
    return places


def _clashes(wires: list[_Wire]) -> int:
    """How often a wire runs upon another one: the level of its part is that of the other's pin."""
    return sum(
        abs(one.end_y - other.out_y) < 9 and (one.lane < other.lane) is not one.left
        for one in wires
        for other in wires
        if one is not other
    )


def _block(svg: Svg, header: Header) -> None:
    rows = len(header.pins) // 2
    svg.rect(BLOCK, TOP - 40, BLOCK_END - BLOCK, rows * PITCH + 52, DARK, radius=14)
    middle = (BLOCK + BLOCK_END) // 2
    svg.text(middle, TOP - 16, header.title, size=14, paint="#ffffff", anchor="middle", bold=True)


def _pins(svg: Svg, header: Header, found: list[Part]) -> None:
    """All pins of the header; those that are used have their wire's colour."""
    used = {end.pin: end.paint for part in found for end in part.terminals}
    across = {end.pin for part in found for end in part.terminals if (end.pin % 2 == 1) is not part.left}
    for number, pin in enumerate(header.pins, start=1):
        odd = number % 2 == 1
        y, x = _row_y(number), PAD_ODD if odd else PAD_EVEN
        label = header.label(pin) if isinstance(pin, int) else pin
        if number in used:
            width = PAD_ODD - BLOCK - (12 if number in across else 0)
            svg.rect(x - width if odd else x, y - 11, width, 22, used[number], radius=4)
        ring = "#f3e6b8" if number in used else "#5d756d"
        if number == 1:
            svg.rect(x - 14, y - 14, 28, 28, ring, radius=3)
        else:
            svg.circle(x, y, 14, ring)
        svg.circle(x, y, 11, used.get(number) or PIN_PAINT.get(str(pin), "#33403c"))
        svg.text(
            x, y + 4, str(number), size=11, paint="#ffffff" if number in used else "#b9c7c2", anchor="middle"
        )
        paint, anchor = "#ffffff" if number in used else PALE, "end" if odd else "start"
        svg.text(x - 22 if odd else x + 22, y + 4, label, 12, paint, anchor, bold=number in used)


def _box(svg: Svg, part: Part, top: int) -> None:
    x = LEFT_EDGE - PART_WIDTH if part.left else RIGHT_EDGE
    height = part_height(part)
    svg.rect(x, top, PART_WIDTH, height, "#ffffff", radius=12, stroke="#cdd5d3")
    svg.text(x + 16, top + 27, part.title, size=16, paint=INK, bold=True)
    inner = x + 14 if part.left else x + 112
    pictures.PICTURES[part.kind](svg, part, inner, top + 42, PART_WIDTH - 126, height - 56)


def _end(svg: Svg, part: Part, end: Terminal, y: int) -> None:
    """The terminal, its name inside the part, pin and line above the wire."""
    edge = LEFT_EDGE if part.left else RIGHT_EDGE
    svg.circle(edge, y, 6, end.paint, stroke="#ffffff")
    inside, anchor = (edge - 13, "end") if part.left else (edge + 13, "start")
    svg.text(inside, y + 4, end.name, size=13, paint=INK, anchor=anchor)
    said = f"{end.line} · {end.pin}"
    outside, anchor = (edge + 10, "start") if part.left else (edge - 10, "end")
    svg.text(outside, y - 6, said, size=11, paint="#45545b", anchor=anchor, halo=PAPER)


class _Wire:
    """From a pin to a terminal: out of the block, along a lane, to the part."""

    def __init__(self, end: Terminal, left: bool, y: int) -> None:
        self.paint = end.paint
        self.left = left
        self.end_y = y
        odd = end.pin % 2 == 1
        self.pin = (PAD_ODD if odd else PAD_EVEN, _row_y(end.pin))
        self.through = odd is not left
        self.out_y = self.pin[1] + (PITCH // 2 if self.through else 0)
        self.lane = 0

    @property
    def inside(self) -> list[tuple[int, int]]:
        """From the pin to the edge of the header, between two rows where it goes to the other side."""
        edge = BLOCK if self.left else BLOCK_END
        if not self.through:
            return [self.pin, (edge, self.out_y)]
        side = -1 if self.left else 1
        return [self.pin, (self.pin[0] + side * PITCH // 2, self.out_y), (edge, self.out_y)]

    @property
    def outside(self) -> list[tuple[int, int]]:
        """From there to the part."""
        edge, end = (BLOCK, LEFT_EDGE) if self.left else (BLOCK_END, RIGHT_EDGE)
        if abs(self.out_y - self.end_y) < PITCH // 4:
            return [(edge, self.out_y), (end, self.end_y)]
        return [(edge, self.out_y), (self.lane, self.out_y), (self.lane, self.end_y), (end, self.end_y)]


def _wires(places: list[tuple[Part, int]], left: bool) -> list[_Wire]:
    """The wires of one side, each with a lane of its own, ordered so that few of them cross."""
    wires = [
        _Wire(end, left, _terminal_y(top, index))
        for part, top in places
        if part.left is left
        for index, end in enumerate(part.terminals)
    ]
    down = sorted((w for w in wires if w.end_y > w.out_y), key=lambda w: -w.out_y)
    up = sorted((w for w in wires if w.end_y <= w.out_y), key=lambda w: w.out_y)
    ordered = _merged(down, up)
    near, far = (BLOCK - 16, LEFT_EDGE + 84) if left else (BLOCK_END + 16, RIGHT_EDGE - 84)
    for index, wire in enumerate(ordered):
        wire.lane = near + (far - near) * index // max(1, len(ordered) - 1)
    return ordered


def _merged(down: list[_Wire], up: list[_Wire]) -> list[_Wire]:
    """Both groups in one order of lanes, from the header outwards: in turn."""
    merged: list[_Wire] = []
    for index in range(max(len(down), len(up))):
        merged += down[index : index + 1] + up[index : index + 1]
    return merged
