"""What every display driver does."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

WIDTH = 128
HEIGHT = 64
"""Pixels."""


class Display(Protocol):
    """Shows one-bit images of WIDTH x HEIGHT. Called from the drawing thread alone."""

    def show(self, image: Image.Image) -> None:
        """Put ``image`` (mode "1") on the glass. Raises ``HardwareError`` when the display does not answer;
        the next call tries again from the beginning, so that a display may be plugged in later."""
        ...

    def close(self) -> None:
        """Dark, and the bus released. May be called twice."""
        ...
