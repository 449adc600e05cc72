"""The drawing thread: whoever has a screen to show hands it over and goes on at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from firmware.phone.display.base import Display
from firmware.phone.display.screens import Screen
from firmware.phone.display.views import draw
from firmware.phone.errors import HardwareError

RETRY = 5.0
"""Seconds between two attempts at a display that does not answer."""

_PATIENCE = 2.0
"""Seconds that ``stop`` waits for a picture that is on its way over a slow bus."""


class Painter:
    """Draws the newest screen on ``display``; screens that came in between are never drawn.

    ``on_trouble`` hears, from the drawing thread, the text of the first ``HardwareError`` of a trouble, and
    "" when it is over; until then the newest screen is tried again every RETRY seconds. ``crash`` hears any
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
    ) -> None:
        self._display = display
        self._on_trouble = on_trouble
        self._crash = crash
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._changed = threading.Condition()
        self._newest: Screen | None = None
        self._waiting = False
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def show(self, screen: Screen) -> None:
        """Have ``screen`` drawn next, unless it is what was shown last. From any thread; never blocks."""
        with self._changed:
            if screen == self._newest:
                return
            self._newest = screen
            self._waiting = True
            self._changed.notify()

    def latest(self) -> Screen | None:
        """The newest screen, drawn or not yet; None before the first."""
        with self._changed:
            return self._newest

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
        troubled = False
        while (screen := self._next()) is not None:
            try:
                self._display.show(draw(screen))
            except HardwareError as fault:
                if not troubled:
                    troubled = True
                    self._on_trouble(str(fault))
                if self._pause(RETRY):
                    return
                with self._changed:
                    self._waiting = True
            else:
                if troubled:
                    troubled = False
                    self._on_trouble("")

    def _next(self) -> Screen | None:
        """Wait for a screen that is not drawn yet; None when stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped.is_set())
            self._waiting = False
            return None if self._stopped.is_set() else self._newest
