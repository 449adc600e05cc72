"""A stand-in for /sys on a Raspberry Pi: the files that tell of voltage and temperature."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class SysTree:
    """``alarm`` to ``cooling`` are the hands. All files but get_throttled (Raspberry Pi OS alone)."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "sys"
        for chip, name in ((0, "cpu_thermal"), (2, "rpi_volt")):
            self._write(f"class/hwmon/hwmon{chip}/name", name)
        self.alarm(False)
        self._write("class/thermal/thermal_zone0/type", "cpu-thermal")
        self._write("class/thermal/thermal_zone1/type", "gpu-thermal")
        self._write("class/thermal/thermal_zone1/temp", "99000")
        self.degrees(50)
        self._write("class/thermal/cooling_device0/type", "pwm-fan")
        self._write("class/thermal/cooling_device0/cur_state", "3")
        self._write("class/thermal/cooling_device1/type", "cpufreq-cpu0")
        self.cooling(0)

    def alarm(self, weak: bool) -> None:
        self._write("class/hwmon/hwmon2/in0_lcrit_alarm", str(int(weak)))

    def degrees(self, celsius: float) -> None:
        self._write("class/thermal/thermal_zone0/temp", str(int(celsius * 1000)))

    def cooling(self, state: int) -> None:
        self._write("class/thermal/cooling_device1/cur_state", str(state))

    def throttled(self, bits: str) -> None:
        self._write("devices/platform/soc/soc:firmware/get_throttled", bits)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def _write(self, name: str, text: str) -> None:
        """In place: the driver keeps one of these files open."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("r+" if file.exists() else "w") as opened:
            opened.write(text + "\n")
            opened.truncate()
