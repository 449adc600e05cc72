"""The board's health by the files of the kernel: no tool, no device, no rights beyond reading.

Read are, where they are there:

- ``class/hwmon/*/in0_lcrit_alarm`` of the chip ``rpi_volt``: the supply of a Raspberry Pi was too low within
  the last 2 s (drivers/hwmon/raspberrypi-hwmon.c). A change of it wakes the thread.
- ``class/thermal/cooling_device*/cur_state`` of type ``cpufreq…``: the kernel itself slows the processor.
- ``devices/platform/soc*/*:firmware/get_throttled``, which kernels of Raspberry Pi OS have: bit 0 too little
  voltage, bits 1 and 2 slowed down (for that, or for heat), bit 3 warm; the kernel does not know of it.
- ``class/thermal/thermal_zone*/temp`` of type ``cpu…``, against the limit in board.toml.

``vcgencmd`` says the same, by a device of the firmware that would have to be opened for writing.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from pathlib import Path

from firmware.phone.clock import Clock, SystemClock
from firmware.phone.events import HealthChanged
from firmware.phone.health.base import HealthListener
from firmware.phone.health.judge import Judge, Reading

log = logging.getLogger("sottovoce.health")

SYS = Path("/sys")
LOOK_S = 10.0
"""Seconds between two looks when nothing wakes the thread."""
UNDER_VOLTAGE, SLOWED, WARM = 0x1, 0x6, 0x8
"""Bits of get_throttled."""


class Sensors:
    """The files of one board. What is missing or cannot be read says nothing."""

    def __init__(self, root: Path = SYS) -> None:
        chips = [name.parent for name in root.glob("class/hwmon/hwmon*/name") if _text(name) == "rpi_volt"]
        self.alarm = next((chip / "in0_lcrit_alarm" for chip in chips), None)
        self._firmware = next(root.glob("devices/platform/soc*/*:firmware/get_throttled"), None)
        self._cooling = [
            kind.parent / "cur_state"
            for kind in sorted(root.glob("class/thermal/cooling_device*/type"))
            if "cpufreq" in _text(kind)
        ]
        self._zones = [
            kind.parent / "temp"
            for kind in sorted(root.glob("class/thermal/thermal_zone*/type"))
            if _text(kind).startswith("cpu")
        ]

    def read(self) -> Reading:
        bits = _number(self._firmware, 16) or 0
        weak = bool(bits & UNDER_VOLTAGE)
        warm = bool(bits & WARM or (bits & SLOWED and not weak))
        degrees = [_number(zone) for zone in self._zones]
        known = [value / 1000 for value in degrees if value is not None]
        return Reading(
            weak=weak or bool(_number(self.alarm)),
            slowed=warm or any(_number(state) for state in self._cooling),
            celsius=max(known, default=None),
        )


class KernelHealth:
    """The ``BoardHealth`` of a board whose kernel knows it."""

    def __init__(
        self, throttles_at: int = 0, root: Path = SYS, look_s: float = LOOK_S, clock: Clock | None = None
    ) -> None:
        """``look_s``: seconds between two looks that nothing has called for."""
        self._throttles_at = throttles_at
        self._root = root
        self._look_s = look_s
        self._clock = clock or SystemClock()
        self._stopping = threading.Event()
        self._wake = -1
        self._thread: threading.Thread | None = None

    def start(self, post: HealthListener) -> None:
        self._stopping.clear()
        self._wake = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, args=(post,), name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._stopping.set()
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._thread = None
        os.close(self._wake)

    def _run(self, post: HealthListener) -> None:
        sensors, judge = Sensors(self._root), Judge(self._throttles_at)
        waiting = select.poll()
        waiting.register(self._wake, select.POLLIN)
        alarm = _opened(sensors.alarm)
        if alarm is not None:
            waiting.register(alarm, select.POLLPRI)
        while not self._stopping.is_set():
            if alarm is not None and not _reread(alarm):
                waiting.unregister(alarm)
                os.close(alarm)
                alarm = None
            before, reading = judge.health, sensors.read()
            health = judge.look(reading, self._clock.monotonic())
            if health != before:
                log.warning("weak supply: %s, hot: %s, now %s °C", health.weak, health.hot, reading.celsius)
                post(HealthChanged(health))
            waiting.poll(self._look_s * 1000)
        if alarm is not None:
            os.close(alarm)


def _reread(alarm: int) -> bool:
    """sysfs tells of changes to what has been read. False: it is gone, and would wake us for ever."""
    try:
        return bool(os.pread(alarm, 16, 0))
    except OSError:
        return False


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _number(file: Path | None, base: int = 10) -> int | None:
    try:
        return int(_text(file), base) if file is not None else None
    except ValueError:
        return None


def _opened(file: Path | None) -> int | None:
    try:
        return os.open(file, os.O_RDONLY) if file is not None else None
    except OSError:
        return None
