"""One output of a PWM chip of the board, by the kernel's files (Documentation/ABI/testing/sysfs-class-pwm).

The hardware keeps the brightness: nothing runs while a light is lit. PWM in software would wake the processor
some hundred times a second, and flicker.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from firmware.phone.errors import HardwareError

ROOT = Path("/sys/class/pwm")
PERIOD_NS = 1_000_000
"""1 kHz: no eye sees it, and no LED is too slow for it."""
RIGHTS_S = 1.0
"""How long udev may take to give us a channel that has just been exported."""


class PwmOutput:
    """Dark when opened. Each method raises ``HardwareError``."""

    def __init__(self, chip: str, channel: int, root: Path = ROOT) -> None:
        """Prepare, not open.

        Args:
            chip: name of the device, such as "fe20c000.pwm"; numbers change from start to start.
        """
        self._chip, self._channel, self._root = chip, channel, root
        self._folder: Path | None = None

    def open(self) -> None:
        chip = self._found()
        folder = chip / f"pwm{self._channel}"
        if not folder.exists():
            self._write(chip / "export", self._channel)
        self._folder = folder
        end = time.monotonic() + RIGHTS_S
        while not os.access(folder / "enable", os.W_OK) and time.monotonic() < end:
            time.sleep(0.01)
        try:
            (folder / "duty_cycle").write_text("0")  # a longer one may be left there, and forbids the period
        except OSError:
            pass  # refused as long as there is no period
        self._write(folder / "period", PERIOD_NS)
        self.set(0)
        self._write(folder / "enable", 1)

    def set(self, percent: int) -> None:
        """Brightness from 0 to 100."""
        if self._folder is None:
            raise HardwareError(f"{self._name}: is not open")
        self._write(self._folder / "duty_cycle", PERIOD_NS * percent // 100)

    def close(self) -> None:
        """Dark, and given back. May be called twice."""
        if self._folder is None:
            return
        folder, self._folder = self._folder, None
        self._write(folder / "duty_cycle", 0)
        self._write(folder / "enable", 0)
        self._write(folder.parent / "unexport", self._channel)

    @property
    def _name(self) -> str:
        return f"PWM {self._chip} channel {self._channel}"

    def _found(self) -> Path:
        there = {(chip / "device").resolve().name: chip for chip in sorted(self._root.glob("pwmchip*"))}
        chip = there.get(self._chip)
        if chip is None:
            known = f"there are {', '.join(there)}" if there else "there is none"
            raise HardwareError(f"{self._name}: no such chip ({known}); add its overlay to config.txt")
        return chip

    def _write(self, file: Path, value: int) -> None:
        try:
            file.write_text(str(value))
        except OSError as error:
            raise HardwareError(
                f"{self._name}: {file.name} cannot be set ({error.strerror}); see systemd/README.md on PWM"
            ) from error
