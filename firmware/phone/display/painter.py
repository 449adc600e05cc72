"""The drawing thread: whoever has a screen to show hands it over and goes on at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PIL import Image

from firmware.phone.display.base import Display
from firmware.phone.display.screens import PLAIN, Look, Screen
from firmware.phone.display.views import brightness, draw
from firmware.phone.errors import HardwareError
from firmware.phone.pulse import Pulse

FIRST_RETRY, LAST_RETRY = 0.5, 8.0
"""Seconds from the first failure to the next attempt, and between attempts at the most."""

LOOK_EVERY = 5.0
"""Seconds after which the same picture is given to the display again, to see that it is still there."""

_PATIENCE = 2.0
"""Seconds that ``stop`` waits for a picture that is on its way over a slow bus."""


class Painter:
    """Draws the newest screen on ``display``; screens that came in between are never drawn.

    ``on_trouble`` hears, from the drawing thread, the text of the first ``HardwareError`` of a trouble, and
    "" when it is over; until then the newest screen is tried again after ``retry_delay``. ``crash`` hears any
    other exception, which ends the thread: it has to end the process. ``pause`` waits for so many seconds or
    for ``stop`` (tests inject it); true means stopped.
    """

    def __init__(
        self,
        display: Display,
        on_trouble: Callable[[str], None],
        *,
        crash: Callable[[BaseException], None],
        pause: Callable[[float], bool] | None = None,
        look_every: float = LOOK_EVERY,
        pulse: Pulse | None = None,
    ) -> None:
        self._display = display
        self._pulse = pulse or Pulse()
        self._on_trouble = on_trouble
        self._crash = crash
        self._stopped = threading.Event()
        self._look_every = look_every
        self._pause = pause or self._stopped.wait
        self._changed = threading.Condition()
        self._newest: tuple[Screen, Look] | None = None
        self._drawn: tuple[tuple[Screen, Look], Image.Image] | None = None
        self._waiting = False
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def show(self, screen: Screen, look: Look = PLAIN) -> None:
        """Have ``screen`` drawn next, unless it is what was shown last. From any thread; never blocks."""
        with self._changed:
            if (screen, look) == self._newest:
                return
            self._newest = screen, look
            self._waiting = True
            self._changed.notify()

    def latest(self) -> Screen | None:
        """The newest screen, drawn or not yet; None before the first."""
        with self._changed:
            return None if self._newest is None else self._newest[0]

    def stop(self) -> None:
        """End the thread, which closes the display. May be called twice, and from ``crash``."""
        with self._changed:
            self._stopped.set()
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            try:
                self._paint()
            finally:
                self._display.close()
        except BaseException as fault:
            self._crash(fault)
            raise

    def _paint(self) -> None:
        failures = 0
        while (newest := self._next()) is not None:
            try:
                with self._pulse.working():
                    shone = brightness(newest[0]) * newest[1].brightness
                    self._display.show(self._picture(newest), shone)
            except HardwareError as fault:
                failures += 1
                if failures == 1:
                    self._on_trouble(str(fault))
                if self._pause(retry_delay(failures)):
                    return
                with self._changed:
                    self._waiting = True
            else:
                if failures:
                    failures = 0
                    self._on_trouble("")

    def _picture(self, newest: tuple[Screen, Look]) -> Image.Image:
        if self._drawn is None or self._drawn[0] != newest:
            self._drawn = (newest, draw(*newest))
        return self._drawn[1]

    def _next(self) -> tuple[Screen, Look] | None:
        """Wait for a screen that is not drawn yet, or until it is time to look; None when stopped."""
        with self._changed:
            while not (self._waiting or self._stopped.is_set()):
                self._changed.wait(self._look_every)
                if self._newest is not None:
                    break
            self._waiting = False
            return None if self._stopped.is_set() else self._newest


def retry_delay(failures: int) -> float:
    """Seconds until the next attempt after so many failures in a row: twice as long each time."""
    return float(min(LAST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 10)))
