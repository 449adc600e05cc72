"""Lights on GPIO lines (high = lit) and on PWM outputs.

A light that does not blink is set once; the thread sleeps until one blinks.
"""

from __future__ import annotations

import threading
from pathlib import Path

from firmware.phone.board import LightsSpec
from firmware.phone.clock import Clock, SystemClock
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from firmware.phone.lights.patterns import lit, next_change
from firmware.phone.lights.pwm import ROOT, PwmOutput
from firmware.phone.values import Light, Pattern


class GpioLights:
    """The ``Lights`` of a board with GPIO lines."""

    def __init__(
        self, spec: LightsSpec, gpio: Gpio, clock: Clock | None = None, pwm_root: Path = ROOT
    ) -> None:
        """Prepare, not claim."""
        self._gpio = gpio
        self._lines = dict(spec.lines)
        self._dimmed = {light: PwmOutput(spec.pwm_chip, n, pwm_root) for light, n in spec.pwm.items()}
        self._brightness = spec.brightness
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._patterns: dict[Light, Pattern] = {}
        self._shown: dict[Light, bool] = {}
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        try:
            if self._lines:
                self._gpio.open()
            for light, line in self._lines.items():
                self._gpio.claim_output(line, False, _what(light))
            for output in self._dimmed.values():
                output.open()
        except HardwareError:
            self._release()
            raise
        self._patterns = dict.fromkeys([*self._lines, *self._dimmed], Pattern.OFF)
        self._shown = dict.fromkeys(self._patterns, False)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)
        self._thread.start()

    def show(self, light: Light, pattern: Pattern) -> None:
        with self._changed:
            if self._running and light in self._patterns:
                self._patterns[light] = pattern
                self._apply(self._now())
                self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._running = False
            self._changed.notify()
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        self._release()

    def _run(self) -> None:
        with self._changed:
            while self._running:
                now = self._now()
                self._apply(now)
                due = next_change(self._patterns.values(), now)
                self._changed.wait(None if due is None else (due - now) / 1000)

    def _now(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _apply(self, now: int) -> None:
        for light, pattern in self._patterns.items():
            wanted = lit(pattern, now)
            if wanted is not self._shown[light]:
                self._set(light, wanted)
                self._shown[light] = wanted

    def _set(self, light: Light, wanted: bool) -> None:
        if light in self._dimmed:
            self._dimmed[light].set(self._brightness if wanted else 0)
        else:
            self._gpio.write(self._lines[light], wanted, _what(light))

    def _release(self) -> None:
        for output in self._dimmed.values():
            try:
                output.close()
            except HardwareError:
                pass  # it is gone; there is nothing left to darken
        self._gpio.release(self._lines.values())


def _what(light: Light) -> str:
    return f"{light.value} light"
