"""The text of a wiring page: drawing, table, parts. Pure."""

from __future__ import annotations

from firmware.phone.board import Board
from firmware.wiring.parts import parts


def page(board: Board) -> str:
    """``wiring.md`` of a board."""
    found = parts(board)
    rows = [
        f"| {part.title} | {end.name} | {end.line} | {end.pin} | {end.colour} |"
        for part in found
        for end in part.terminals
    ]
    bought = [f"- {part.note}" for part in found]
    taken = board.gpio.taken
    kept = ", ".join(f"{board.header.label(line)} (pin {board.header.pin(line)})" for line in taken)
    free = f"\nKept free for something else: {kept}.\n" if taken else ""
    return f"""# Wiring: {board.title}

Made from `board.toml` by `make wiring`; what is special about this board is in [README.md](README.md).

![Wiring of a {board.title}](wiring.svg)

| part | terminal | line | pin | colour here |
|---|---|---|---|---|
{chr(10).join(rows)}

The colours are those of the drawing; any wire will do.
{free}
## Parts

- {board.title}, with its power supply and a card
{chr(10).join(bought)}
- a handset: microphone and earpiece on a sound card or USB adapter that ALSA knows
- wires; for the contacts of switches nothing else: the pull-ups are the board's own

## Before the power comes on

- No wire of a key, switch or light goes to 5 V. The pins bear 3.3 V.
- `python -m firmware.phone --board FILE --check` says whether two parts share a pin.
- A lit privacy light means private. Pull a wire of the privacy switch: it must blink, and the display say
  "Private (switch?)".
"""
