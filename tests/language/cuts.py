"""Which texts a picture could not hold: found by watching how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from PIL import Image

from firmware.phone.display import fonts, layout, views
from firmware.phone.display.base import WIDTH
from firmware.phone.display.large import TooMuch
from firmware.phone.display.screens import Look, Screen
from firmware.phone.display.words import Words


@dataclass
class Cuts:
    """``cut``: texts that were shortened; ``over``: those that ran into others, or out of the glass."""

    cut: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)


def of(screen: Screen, look: Look) -> Cuts:
    with pytest.MonkeyPatch.context() as patch, _watched(patch) as found:
        views.draw(screen, look)
    return found


@contextmanager
def _watched(patch: pytest.MonkeyPatch) -> Iterator[Cuts]:
    found, drawn = Cuts(), list[tuple[int, int, int, int, str]]()
    cut, draw, icon = layout._cut, fonts.Face.draw, layout.icon

    def watched_cut(text, face, width, part):  # type: ignore[no-untyped-def]
        shown = cut(text, face, width, part)
        if shown != text:
            found.cut.append(text)
        return shown

    def watched_draw(self, image, x, y, text, lit=True):  # type: ignore[no-untyped-def]
        if text and image.size[0] == WIDTH:
            _placed(drawn, found, (x, y, x + self.width(text), y + self.size, text))
        draw(self, image, x, y, text, lit)

    def watched_icon(image: Image.Image, x: int, y: int, art: str, lit: bool = True) -> int:
        right = icon(image, x, y, art, lit)
        _placed(drawn, found, (x, y, right - layout.ICON_GAP, y + layout.ROW, ""))
        return right

    large = views._large

    def watched_large(screen: Screen, words: Words, look: Look) -> Image.Image:
        try:
            return large(screen, words, look)
        except TooMuch:  # it is drawn anew in small type
            found.cut.clear()
            found.over.clear()
            drawn.clear()
            raise

    patch.setattr(views, "_large", watched_large)
    patch.setattr(layout, "_cut", watched_cut)
    patch.setattr(fonts.Face, "draw", watched_draw)
    for module in (layout, views):
        patch.setattr(module, "icon", watched_icon)
    yield found


def _placed(
    drawn: list[tuple[int, int, int, int, str]], found: Cuts, new: tuple[int, int, int, int, str]
) -> None:
    left, top, right, bottom, text = new
    out = right > WIDTH or left < 0
    meets = [
        old
        for old in drawn
        if old[0] < right and left < old[2] and min(bottom, old[3]) - max(top, old[1]) > 2
    ]
    found.over.extend([text or old[4] for old in meets] if not out else [text])
    drawn.append(new)
