"""Terminus, bit for bit: its bitmap strikes drawn letter by letter, each as wide as its ink. Pure.

Terminus is a font of one width; set by its ink, a line of 128 pixels holds more of it. Digits keep one width,
so that a counter does not shiver. The strikes are copied, never scaled or smoothed, and Pillow brings its own
FreeType: the pictures are the same on every system. Letters of East Asia are of another font, in large type
doubled.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from firmware.phone.display.paging import wide
from firmware.phone.errors import HardwareError

FOLDER = "/usr/share/fonts/opentype/terminus"
PACKAGE = "fonts-terminus-otb"
"""The Debian package that installs FOLDER."""

EAST_FOLDER = "/usr/share/fonts/X11/misc"
EAST_PACKAGE = "xfonts-wqy"
EAST_STRIKES = {12: "9pt", 13: "10pt", 16: "12pt"}
"""WenQuanYi Bitmap Song, for the letters of East Asia: pixels of a strike, and its file."""
EAST_DROP = {12: 1, 13: 1, 16: 0}
"""Rows above the highest ink of a strike, that the line of Terminus has no room for."""


@dataclass(frozen=True)
class Face:
    """One strike: ``size`` is its line height in pixels, one of 12, 14, 16, 18, 20, 22, 24, 28, 32."""

    size: int
    bold: bool = False

    @property
    def gap(self) -> int:
        """Dark columns between two letters."""
        return 1 if self.size <= 16 else 2

    @property
    def blank(self) -> int:
        """How far a space moves on, in pixels."""
        return self.size // 4 + 1

    def width(self, text: str) -> int:
        """The pixels from the first lit column to the last. Raises ``HardwareError`` without the font."""
        return max(0, sum(self._advance(char) for char in text) - self.gap)

    def draw(self, image: Image.Image, x: int, y: int, text: str, lit: bool = True) -> None:
        """Draw ``text`` on ``image``, its top left corner at (x, y), dark instead of lit if ``lit`` is False.

        Raises ``HardwareError`` without the font. A character that the font lacks is a box.
        """
        pen = ImageDraw.Draw(image)
        for char in text:
            ink = self._ink(char)
            if ink is not None:
                pen.bitmap((x, y), ink, fill=255 if lit else 0)
            x += self._advance(char)

    def _advance(self, char: str) -> int:
        ink = self._ink(char)
        if ink is not None:
            stop = wide(char) and unicodedata.category(char).startswith("P")
            return ink.width + self.gap + (self.blank if stop else 0)
        return self.blank if char.isspace() else 0

    def _ink(self, char: str) -> Image.Image | None:
        return _glyph(self.size, self.bold, char)


@lru_cache(maxsize=2048)
def _glyph(size: int, bold: bool, char: str) -> Image.Image | None:
    """``char`` cut to the columns of its ink, the full line high; None if there is nothing to draw."""
    if unicodedata.category(char).startswith("M"):
        return None
    cell = _cell(size, bold, char)
    box = cell.getbbox()
    if box is None:
        return None
    left, right = box[0], box[2]
    widest = _cell(size, bold, "0").getbbox() if char in "0123456789" else None
    if widest is not None:
        left, right = min(left, widest[0]), max(right, widest[2])
    return cell.crop((left, 0, right, size))


def _cell(size: int, bold: bool, char: str) -> Image.Image:
    cell = Image.new("1", (2 * size, size))
    if wide(char):
        times = 2 if size >= 2 * min(EAST_STRIKES) else 1
        strike = max(pixels for pixels in EAST_STRIKES if times * pixels <= size)
        ink = Image.new("1", (2 * size, 2 * size))
        ImageDraw.Draw(ink).text((size // 2, 0), char, font=_east_strike(strike), fill=255)
        ink = ink.crop((0, EAST_DROP[strike], *ink.size))
        ink = ink.resize((times * ink.width, times * ink.height), Image.Resampling.NEAREST)
        cell.paste(ink, ((1 - times) * size // 2, (size - times * strike) // 2))
        return cell
    pen = ImageDraw.Draw(cell)
    pen.text((size // 2, 0), char, font=_strike(size, bold), fill=255)
    return cell


@cache
def _east_strike(size: int) -> ImageFont.FreeTypeFont:
    return _opened(Path(EAST_FOLDER) / f"wenquanyi_{EAST_STRIKES[size]}.pcf", size, EAST_PACKAGE)


@cache
def _strike(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return _opened(Path(FOLDER) / f"terminus-{'bold' if bold else 'normal'}.otb", size, PACKAGE)


def _opened(file: Path, size: int, package: str) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(BytesIO(file.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as fault:
        raise HardwareError(
            f"The display has no font: {file} cannot be used ({fault}). Install the Debian package {package}."
        ) from fault
