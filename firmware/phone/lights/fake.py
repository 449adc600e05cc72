"""Lights without lamps: for the simulator, whose page draws them, and for tests."""

from __future__ import annotations

from firmware.phone.lights.patterns import lit
from firmware.phone.values import Light, Pattern


class FakeLights:
    """The ``Lights`` of a simulated board. ``patterns`` is what each does."""

    def __init__(self) -> None:
        self.patterns = dict.fromkeys(Light, Pattern.OFF)
        self._started = False

    def start(self) -> None:
        self._started = True

    def show(self, light: Light, pattern: Pattern) -> None:
        if self._started:
            self.patterns[light] = pattern

    def stop(self) -> None:
        self._started = False
        self.patterns = dict.fromkeys(Light, Pattern.OFF)

    def lit(self, light: Light, now: int) -> bool:
        """Whether the light is lit at ``now`` ms."""
        return lit(self.patterns[light], now)
