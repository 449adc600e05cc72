"""All sample screens on one picture for the documentation: ``python -m tests.golden.sheet``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.views import draw
from tests.golden.samples import SAMPLES

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "display.png"
COLUMNS = 3
SCALE = 3
MARGIN = 24
BEZEL = 9
"""Pixels of the sheet: between two displays, and of dark glass around the lit area."""

PAPER, GLASS, RIM, LIGHT = "#eceae4", "#0b0d10", "#2a2e34", "#d8f3ff"


def sheet() -> Image.Image:
    """The screens of SAMPLES in a grid, three times enlarged."""
    wide, high = WIDTH * SCALE + 2 * BEZEL, HEIGHT * SCALE + 2 * BEZEL
    rows = -(-len(SAMPLES) // COLUMNS)
    size = (MARGIN + COLUMNS * (wide + MARGIN), MARGIN + rows * (high + MARGIN))
    paper = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(paper)
    for number, screen in enumerate(SAMPLES.values()):
        row, column = divmod(number, COLUMNS)
        x, y = MARGIN + column * (wide + MARGIN), MARGIN + row * (high + MARGIN)
        pen.rounded_rectangle((x, y, x + wide - 1, y + high - 1), 8, fill=GLASS, outline=RIM, width=2)
        lit = draw(screen).resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.NEAREST)
        paper.paste(Image.new("RGB", lit.size, LIGHT), (x + BEZEL, y + BEZEL), lit)
    return paper


def write() -> None:
    """Draw the sheet into the documentation."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    sheet().quantize(8).save(PICTURE, optimize=True)


if __name__ == "__main__":
    write()
