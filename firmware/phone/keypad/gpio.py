"""A key matrix on GPIO lines, woken by an edge.

Rows are driven, columns are read and have pull-ups::

    at rest     all rows low; a key that closes pulls its column low, and that edge wakes the thread
    scanning    one row low at a time, the others float (two keys in one column never join a high and a
                low output); every 5 ms until all keys are open, then at rest again
    a jam       while all that is closed is stuck: the rows without a stuck key low, so that their other keys
                still wake the thread; those in the row of a stuck key are looked for every 40 ms

Nothing runs while no key is pressed.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable

from firmware.phone.board import KeypadSpec
from firmware.phone.clock import Clock, SystemClock
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.base import KeyListener
from firmware.phone.keypad.matrix import KeyJammed, Matrix, Position
from firmware.phone.pulse import Pulse

log = logging.getLogger("sottovoce.keypad")

SCAN_S = 0.005
JAMMED_SCAN_S = 0.04
"""Between two looks when all that is closed is jammed: with the debounce time, a touch of 60 ms is seen."""


class GpioKeypad:
    """The ``Keypad`` of a board with a matrix on its GPIO lines."""

    def __init__(
        self,
        spec: KeypadSpec,
        gpio: Gpio,
        clock: Clock | None = None,
        on_stuck: Callable[[str], None] = lambda keys: None,
        pulse: Pulse | None = None,
    ) -> None:
        """Prepare, not claim. ``on_stuck`` is told which keys are stuck when that has changed ("": none)."""
        self._gpio = gpio
        self._rows, self._columns = spec.rows, spec.columns
        self._new_matrix = functools.partial(Matrix, spec.keys, spec.debounce_ms, spec.jam_s * 1000)
        self._matrix = self._new_matrix()
        self._on_stuck = on_stuck
        self._clock = clock or SystemClock()
        self._pulse = pulse or Pulse()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, post: KeyListener) -> None:
        self._matrix = self._new_matrix()
        self._stop.clear()
        try:
            self._gpio.open()
            self._rest()
            for line in self._columns:
                self._gpio.claim_input(line, "keypad column", self._wake.set)
        except HardwareError:
            self._gpio.release([*self._rows, *self._columns])
            raise
        self._thread = threading.Thread(target=self._run, args=(post,), name="keypad", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread is None:
            return
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None
        self._gpio.release([*self._columns, *self._rows])

    def _run(self, post: KeyListener) -> None:
        while self._await_key():
            self._follow(post)

    def _await_key(self) -> bool:
        """Sleep until a key closes; False: the end. An edge between the look and the sleep is not lost."""
        with self._pulse.working():
            self._rest()
        while not self._stop.is_set():
            self._wake.clear()
            if self._stop.is_set() or any(self._low(column) for column in self._columns):
                break
            self._wake.wait()
        return not self._stop.is_set()

    def _follow(self, post: KeyListener) -> None:
        """Scan until all keys are open."""
        for row in self._rows:
            self._gpio.let_float(row, "keypad row")
        while not self._stop.is_set():
            jammed = self._matrix.jammed
            with self._pulse.working():
                closed = self._closed()
            for change in self._matrix.scan(closed, int(self._clock.monotonic() * 1000)):
                if self._stop.is_set():
                    return
                if isinstance(change, KeyJammed):
                    log.warning('key "%s" is stuck: ignored until it opens', change.key)
                    post(change.released)
                else:
                    post(change)
            if self._matrix.jammed != jammed:
                self._on_stuck("".join(map(self._matrix.name, sorted(self._matrix.jammed))))
            if self._matrix.idle:
                return
            if self._matrix.only_jammed:
                self._wait_beside_the_jam()
            else:
                self._stop.wait(SCAN_S)

    def _wait_beside_the_jam(self) -> None:
        """Until a key closes in a row without a stuck one, or it is time to look after the others. Edges that
        our own scan made come late and mean nothing."""
        stuck = {row for row, _ in self._matrix.jammed}
        rows = [line for row, line in enumerate(self._rows) if row not in stuck]
        for row in rows:
            self._gpio.claim_output(row, False, "keypad row")
        end = self._clock.monotonic() + JAMMED_SCAN_S
        while not self._stop.is_set() and (rest := end - self._clock.monotonic()) > 0:
            self._wake.clear()
            if any(self._low(column) for column in self._columns):
                break
            self._wake.wait(rest)
        for row in rows:
            self._gpio.let_float(row, "keypad row")

    def _closed(self) -> set[Position]:
        closed = set()
        for r, row in enumerate(self._rows):
            self._gpio.claim_output(row, False, "keypad row")
            closed |= {(r, c) for c, column in enumerate(self._columns) if self._low(column)}
            self._gpio.let_float(row, "keypad row")
        return closed

    def _rest(self) -> None:
        for row in self._rows:
            self._gpio.claim_output(row, False, "keypad row")

    def _low(self, column: int) -> bool:
        return not self._gpio.high(column, "keypad column")
