"""A display without glass: for the simulated board, for phones without a display, and for tests."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

from PIL import Image

from firmware.phone.display.base import HEIGHT, WIDTH, require_frame
from firmware.phone.errors import HardwareError


class FakeDisplay:
    """Keeps what it shows. ``image`` and ``png`` may be called from any thread.

    ``on_change`` is called from the drawing thread after each change of the picture, and must only post.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._image = Image.new("1", (WIDTH, HEIGHT))
        self._frames = 0
        self._brightness = 1.0
        self._trouble: str | None = None

    @property
    def frames(self) -> int:
        """How often the picture has changed."""
        with self._lock:
            return self._frames

    @property
    def brightness(self) -> float:
        """How bright the last picture was to be."""
        with self._lock:
            return self._brightness

    def image(self) -> Image.Image:
        """A copy of what is on the glass; dark before the first picture and after ``close``."""
        with self._lock:
            return self._image.copy()

    def png(self) -> bytes:
        """What is on the glass as a PNG file."""
        file = io.BytesIO()
        self.image().save(file, "PNG")
        return file.getvalue()

    def fail(self, reason: str | None) -> None:
        """From now on ``show`` raises ``HardwareError(reason)``; with None it works again."""
        with self._lock:
            self._trouble = reason

    def show(self, image: Image.Image, brightness: float = 1.0) -> None:
        require_frame(image)
        with self._lock:
            if self._trouble is not None:
                raise HardwareError(self._trouble)
            self._brightness = brightness
        self._keep(image)

    def close(self) -> None:
        self._keep(Image.new("1", (WIDTH, HEIGHT)))

    def _keep(self, image: Image.Image) -> None:
        with self._lock:
            if image.tobytes() == self._image.tobytes():
                return
            self._image = image.copy()
            self._frames += 1
        if self._on_change is not None:
            self._on_change()
