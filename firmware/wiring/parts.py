"""What hangs on a board's header: parts, their terminals, and the pin and colour of each wire. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.phone.board import Board
from firmware.phone.board_header import Header
from firmware.phone.values import Light

GROUND, SUPPLY = "GND", "3V3"
COLOURS = {
    GROUND: ("black", "#2b2b2b"),
    SUPPLY: ("red", "#d62f2f"),
    "SDA": ("blue", "#2f6fd6"),
    "SCL": ("yellow", "#d9a406"),
    "hook": ("brown", "#8a5a2b"),
    "private": ("green", "#1f9d55"),
    "open": ("orange", "#ec7a1c"),
    Light.PRIVACY.value: ("green", "#1f9d55"),
    Light.RINGING.value: ("yellow", "#d9a406"),
    Light.MESSAGE.value: ("red", "#d62f2f"),
    Light.MUTE.value: ("blue", "#2f6fd6"),
    Light.LAMP_1.value: ("violet", "#8246c8"),
    Light.LAMP_2.value: ("turquoise", "#0e9aa7"),
    Light.LAMP_3.value: ("orange", "#ec7a1c"),
    Light.LAMP_4.value: ("pink", "#d6468f"),
}
ROW_COLOURS = (("violet", "#8246c8"), ("blue", "#2f6fd6"), ("turquoise", "#0e9aa7"), ("green", "#1f9d55"))
COLUMN_COLOURS = (("orange", "#ec7a1c"), ("pink", "#d6468f"), ("brown", "#8a5a2b"), ("grey", "#8a9099"))


@dataclass(frozen=True)
class Terminal:
    """One end of a wire. ``line``: how the header calls the pin; ``colour`` for people, ``paint`` for SVG."""

    name: str
    pin: int
    line: str
    colour: str
    paint: str


@dataclass(frozen=True)
class Part:
    """``kind``: how it is drawn; ``left``: on which side of the header; ``note``: what to buy."""

    kind: str
    title: str
    note: str
    left: bool
    terminals: tuple[Terminal, ...]


def parts(board: Board) -> list[Part]:
    """The parts of a phone with this board, those at the left side first, from the top."""
    header = board.header
    found = [_display(board)] if board.display.kind in ("ssd1306", "sh1106") else []
    if board.switches.kind == "gpio":
        found += [_hook(board), _privacy(board)]
    if board.lights.lines:
        found.append(_lights(board))
    if board.keypad.kind == "gpio":
        found.append(_keypad(board))
    grounds = _grounds(header, found)
    return [_grounded(part, header, grounds[part.kind]) for part in found]


def _terminal(header: Header, name: str, line: int, colour: tuple[str, str]) -> Terminal:
    return Terminal(name, header.pin(line), header.label(line), *colour)


def _display(board: Board) -> Part:
    spec, header = board.display, board.header
    sda, scl = header.functions[f"i2c{spec.bus}"]
    ends = (
        Terminal("VCC", header.pins.index(SUPPLY) + 1, SUPPLY, *COLOURS[SUPPLY]),
        _terminal(header, "SDA", sda, COLOURS["SDA"]),
        _terminal(header, "SCL", scl, COLOURS["SCL"]),
    )
    name = spec.kind.upper()
    note = f"OLED display 128×64 with {name} on I2C, address {spec.address:#04x}, for 3.3 V"
    return Part("display", f"Display {name}", note, True, ends)


def _hook(board: Board) -> Part:
    closed = "lifted" if board.switches.hook_lifted == "low" else "on the hook"
    end = _terminal(board.header, "contact", board.switches.hook, COLOURS["hook"])
    note = f"hook switch or cradle contact, closed while the handset is {closed}"
    return Part("hook", "Hook switch", note, True, (end,))


def _privacy(board: Board) -> Part:
    header, spec = board.header, board.switches
    ends = (
        _terminal(header, "open", spec.privacy_open, COLOURS["open"]),
        _terminal(header, "private", spec.privacy_private, COLOURS["private"]),
    )
    return Part("privacy", "Privacy switch", "changeover slide switch (SPDT, three contacts)", True, ends)


def _lights(board: Board) -> Part:
    lines = board.lights.lines
    ends = [_terminal(board.header, light.value, lines[light], COLOURS[light.value]) for light in lines]
    ends.sort(key=lambda end: end.pin)
    note = f"{len(ends)} LEDs, each with a resistor of 1 kΩ"
    return Part("lights", "Lights", note, False, tuple(ends))


def _keypad(board: Board) -> Part:
    header, spec = board.header, board.keypad
    ends = [
        _terminal(header, f"row {n}", line, ROW_COLOURS[n - 1]) for n, line in enumerate(spec.rows, start=1)
    ]
    ends += [
        _terminal(header, f"col {n}", line, COLUMN_COLOURS[n - 1])
        for n, line in enumerate(spec.columns, start=1)
    ]
    size = f"{len(spec.rows)}×{len(spec.columns)}"
    note = f"matrix keypad {size}, {len(ends)} wires, without diodes or resistors"
    return Part("keypad", f"Keypad {size}", note, False, tuple(ends))


def _grounds(header: Header, found: list[Part]) -> dict[str, int]:
    """A ground pin of its own for each part, the nearest one; the keypad needs none."""
    free = [number for number, pin in enumerate(header.pins, start=1) if pin == GROUND]
    chosen = {"keypad": 0}
    for part in found:
        if part.kind in chosen:
            continue
        middle = sum((end.pin - 1) // 2 for end in part.terminals) / len(part.terminals)

        def distance(pin: int, middle: float = middle, left: bool = part.left) -> float:
            return abs((pin - 1) // 2 - middle) + (1.5 if (pin % 2 == 1) is not left else 0)

        chosen[part.kind] = min(free, key=distance)
        free.remove(chosen[part.kind])
    return chosen


def _grounded(part: Part, header: Header, pin: int) -> Part:
    """With its ground wire, in the order of the pins, so that wires do not cross."""
    if not pin:
        return part
    name = {"privacy": "common", "lights": "all −"}.get(part.kind, GROUND)
    ground = Terminal(name, pin, GROUND, *COLOURS[GROUND])
    ends = sorted((*part.terminals, ground), key=lambda end: ((end.pin - 1) // 2, end.pin))
    return Part(part.kind, part.title, part.note, part.left, tuple(ends))
