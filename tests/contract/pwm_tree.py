"""A stand-in for /sys/class/pwm: files, and somebody who does what the kernel does when they are written."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CHIP = "fe20c000.pwm"


class PwmTree:
    """One chip under ``root``. ``export`` makes the files of a channel, which may be written a little later
    only (udev), and ``unexport`` takes them away."""

    def __init__(self, folder: Path, channels: int = 2, name: str = CHIP) -> None:
        self.root = folder / "class-pwm"
        device = folder / "devices" / name
        device.mkdir(parents=True)
        self.chip = self.root / "pwmchip3"
        self.chip.mkdir(parents=True)
        (self.chip / "device").symlink_to(device)
        (self.chip / "npwm").write_text(str(channels))
        self._channels = channels
        self._ended = threading.Event()
        self._kernel = threading.Thread(target=self._run, name="fake-pwm", daemon=True)
        for order in ("export", "unexport"):
            (self.chip / order).write_text("")
        self._kernel.start()

    def end(self) -> None:
        self._ended.set()
        self._kernel.join()

    def brightness(self, channel: int) -> int:
        """Per cent; 0 while the channel is not enabled."""
        folder = self.chip / f"pwm{channel}"
        try:
            values = {
                name: int((folder / name).read_text() or 0) for name in ("period", "duty_cycle", "enable")
            }
        except FileNotFoundError:
            return 0
        return 100 * values["duty_cycle"] // values["period"] if values["enable"] and values["period"] else 0

    def exported(self) -> list[int]:
        return sorted(int(folder.name[3:]) for folder in self.chip.glob("pwm[0-9]*"))

    def _run(self) -> None:
        while not self._ended.is_set():
            for order in ("export", "unexport"):
                asked = (self.chip / order).read_text()
                if asked:
                    (self.chip / order).write_text("")
                    self._carry_out(order, int(asked))
            time.sleep(0.001)

    def _carry_out(self, order: str, channel: int) -> None:
        folder = self.chip / f"pwm{channel}"
        if order == "export":
            folder.mkdir()
            for name in ("period", "duty_cycle", "enable"):
                (folder / name).write_text("0")
        else:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


@pytest.fixture
def pwm_tree(tmp_path: Path) -> Iterator[PwmTree]:
    tree = PwmTree(tmp_path, channels=4)
    yield tree
    tree.end()
