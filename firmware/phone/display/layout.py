"""How text is fitted into the pixels of the display: shortened, wrapped, centred, set in rows. Pure.

Raises ``HardwareError`` wherever the font is missing (see ``fonts``). Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.fonts import Face
from firmware.phone.display.icons import numerals, picture
from firmware.phone.display.paging import breakable

ROW = 12
"""The height of a row of small text."""

SMALL = Face(12)
ICON_GAP = 3
MORE = "…"


def shorten(text: str, face: Face, width: int) -> str:
    """``text``, or as much of its beginning as fits into ``width`` with an ellipsis."""
    return _cut(text, face, width, lambda length: text[:length].rstrip() + MORE)


def tail(text: str, face: Face, width: int) -> str:
    """``text``, or an ellipsis and as much of its end as fits into ``width``."""
    return _cut(text, face, width, lambda length: MORE + text[len(text) - length :].lstrip())


def _cut(text: str, face: Face, width: int, part: Callable[[int], str]) -> str:
    if face.width(text) <= width:
        return text
    lengths = range(len(text) - 1, 0, -1)
    return next((part(length) for length in lengths if face.width(part(length)) <= width), MORE)


def wrap(text: str, face: Face, width: int) -> list[str]:
    """``text`` in lines of at most ``width``, broken where a line may end, in a word only if it is wider."""
    done: list[str] = []
    line = ""
    for word, blank in breakable(text):
        joined = f"{line}{' ' if blank and line else ''}{word}"
        if face.width(joined) <= width:
            line = joined
            continue
        if line:
            done.append(line)
        line = word
        while face.width(line) > width:
            fitting = max(n for n in range(1, len(line)) if n == 1 or face.width(line[:n]) <= width)
            done.append(line[:fitting])
            line = line[fitting:]
    return [*done, line] if line else done


def wrap_within(text: str, face: Face, width: int, most: int) -> list[str]:
    """``text`` in at most ``most`` lines, the last shortened if there would be more."""
    found = wrap(text, face, width)
    if len(found) <= most:
        return found
    return [*found[: most - 1], shorten(" ".join(found[most - 1 :]), face, width)]


def fit(text: str, width: int, height: int, faces: Sequence[Face]) -> tuple[Face, list[str]]:
    """The first of ``faces`` (largest first) in which ``text`` fits without breaking a word, and its lines.

    None fits: the last face, shortened to what fits.
    """
    for face in faces:
        found = wrap(text, face, width)
        if len(found) * face.size <= height and all(face.width(word) <= width for word, _ in breakable(text)):
            return face, found
    last = faces[-1]
    return last, wrap_within(text, last, width, max(1, height // last.size))


def centred(image: Image.Image, top: int, bottom: int, face: Face, lines: Sequence[str]) -> None:
    """``lines`` in the middle between the rows ``top`` and ``bottom``."""
    y = top + (bottom - top - face.size * len(lines)) // 2
    for line in lines:
        face.draw(image, (WIDTH - face.width(line)) // 2, y, line)
        y += face.size


def icon(image: Image.Image, x: int, y: int, art: str, lit: bool = True) -> int:
    """Draw ``art`` in the middle of the row that begins at ``y``. Returns the x where text may follow."""
    ink = picture(art)
    ImageDraw.Draw(image).bitmap((x, y + (ROW - ink.height) // 2), ink, fill=255 if lit else 0)
    return x + ink.width + ICON_GAP


@dataclass(frozen=True)
class Row:
    """A row of small text: its picture or "", whether it is dark on a lit bar, where it begins.

    ``middle``: the text stands in the middle instead (no picture then).
    """

    text: str
    art: str = ""
    bar: bool = False
    left: int = 0
    middle: bool = False

    @property
    def text_left(self) -> int:
        return self.left + 2 * self.bar + (picture(self.art).width + ICON_GAP if self.art else 0)

    def folded(self, most: int) -> list[Row]:
        """This row as at most ``most`` rows that hold its text; the picture stays at the first."""
        found = wrap_within(self.text, SMALL, WIDTH - self.text_left, most)
        follow = [replace(self, text=line, art="", left=self.text_left - 2 * self.bar) for line in found[1:]]
        return [replace(self, text=found[0]), *follow] if found else []

    def draw(self, image: Image.Image, y: int) -> None:
        if self.bar:
            ImageDraw.Draw(image).rectangle((0, y, WIDTH - 1, y + ROW - 1), fill=255)
        if self.art:
            icon(image, self.left + 2 * self.bar, y, self.art, lit=not self.bar)
        text = shorten(self.text, SMALL, WIDTH - self.text_left)
        x = (WIDTH - SMALL.width(text)) // 2 if self.middle else self.text_left
        SMALL.draw(image, x, y, text, lit=not self.bar)


def rows_at_bottom(image: Image.Image, rows: Sequence[Row]) -> int:
    """Draw ``rows`` upwards from the last line of the display. Returns the y where they begin."""
    top = HEIGHT - ROW * len(rows)
    for number, row in enumerate(rows):
        row.draw(image, top + ROW * number)
    return top


def numeral_width(text: str, large: bool) -> int | None:
    """The width of ``text`` in numerals, or None if they lack one of its characters."""
    shapes = numerals(large)
    if not text or not all(char in shapes for char in text):
        return None
    return sum(shapes[char].width + _spacing(large) for char in text) - _spacing(large)


def draw_numerals(image: Image.Image, x: int, y: int, text: str, large: bool) -> None:
    """``text``, which :func:`numeral_width` has measured, its top left corner at (x, y)."""
    pen = ImageDraw.Draw(image)
    shapes = numerals(large)
    for char in text:
        pen.bitmap((x, y), shapes[char], fill=255)
        x += shapes[char].width + _spacing(large)


def _spacing(large: bool) -> int:
    return 4 if large else 3
