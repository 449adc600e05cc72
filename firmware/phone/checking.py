"""The thread that hashes PINs and compares them: that is dear on purpose, and nobody else waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import pin

PATIENCE = 2.0
"""Seconds that ``stop`` waits for a hash that is being computed."""


class Checking:
    """``crash`` hears of any fault in the thread."""

    def __init__(self, crash: Callable[[BaseException], None]) -> None:
        self._crash = crash
        self._post: Callable[[on.Event], None] = lambda event: None
        self._queue: queue.SimpleQueue[do.CheckPin | do.MakePin | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="checking", daemon=True)

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post
        self._thread.start()

    def carry_out(self, command: do.CheckPin | do.MakePin) -> None:
        """Have it done; returns at once. ``PinChecked`` or ``PinMade`` is posted."""
        self._queue.put(command)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                match job:
                    case do.CheckPin(digits, kept):
                        self._post(on.PinChecked(pin.fits(digits, kept)))
                    case do.MakePin(digits):
                        self._post(on.PinMade(pin.hashed(digits)))
        except BaseException as error:
            self._crash(error)
            raise
