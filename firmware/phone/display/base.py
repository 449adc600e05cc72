"""What every display driver does."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

WIDTH = 128
HEIGHT = 64
"""Pixels."""


class Display(Protocol):
    """Shows one-bit images of WIDTH x HEIGHT. Called from the drawing thread alone."""

    def show(self, image: Image.Image, brightness: float = 1.0) -> None:
        """Put ``image`` (mode "1") on the glass, so bright: 1 is as configured, 0 is dark.

        Raises ``HardwareError`` when the display does not answer, also where the picture is the one that it
        shows already; the next call tries from the beginning, so that a display may be plugged in later.
        Raises ``ValueError`` for an image of another mode or size."""
        ...

    def close(self) -> None:
        """Dark, and the bus released. May be called twice."""
        ...


def require_frame(image: Image.Image) -> None:
    """Raises ``ValueError`` if ``image`` is not one that a display takes."""
    if image.mode != "1" or image.size != (WIDTH, HEIGHT):
        raise ValueError(
            f'a display takes {WIDTH}x{HEIGHT} pixels of mode "1", not {image.size} of {image.mode!r}'
        )
