"""``python -m firmware.datakey``: what is kept, opened (``open``), closed, or made unreadable for ever.

``open`` looks first whether the keypad asks for a factory reset. Exit status: 0 done, 1 not (printed why).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from firmware.datakey import held, record, volume
from firmware.phone.board import Board, load_board
from firmware.phone.display.base import Display
from firmware.phone.errors import ConfigError, HardwareError

DISK = Path("/dev/disk/boot")
"""The partitions of the disk that was booted, by name; the first root has them linked there."""

TEXT = "In {} s all that is kept here is gone. Let go to keep it."

log = logging.getLogger("sottovoce.datakey")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.datakey", description=__doc__)
    found.add_argument("command", choices=["open", "close", "destroy"])
    found.add_argument("--disk", type=Path, default=DISK, help="a folder with the partitions by name")
    found.add_argument("--board", default="", help="whose keypad may ask for a factory reset")
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        match options.command:
            case "open":
                if options.board and _reset_asked(options.board):
                    _destroy(options.disk)
                if volume.open_it(options.disk):
                    log.info("nothing is kept here yet: a new key, an empty file system")
            case "close":
                volume.close()
            case "destroy":
                _destroy(options.disk)
    except volume.VolumeError as error:
        log.error("%s", error)
        return 1
    except OSError as error:
        log.error("%s: %s", error.filename or "the card", error.strerror)
        return 1
    return 0


def _destroy(disk: Path) -> None:
    began = time.monotonic()
    record.destroy(disk / "bootstate")
    log.warning("factory reset: the data key was destroyed in %.3f s", time.monotonic() - began)


def _reset_asked(name: str) -> bool:
    """A keypad that is not there asks for nothing: the telephone starts."""
    try:
        board = load_board(name)
        if board.keypad.kind != "gpio":
            return False
        from firmware.phone.gpio import Gpio
        from firmware.phone.keypad.gpio import GpioKeypad

        with tempfile.TemporaryDirectory(dir=os.environ.get("RUNTIME_DIRECTORY")) as folder:
            gpio = Gpio(Path(folder), board.gpio.chip)
            return held.asked(GpioKeypad(board.keypad, gpio), _teller(board))
    except (ConfigError, HardwareError) as error:
        log.error("the keypad cannot ask for a factory reset: %s", error)
        return False


def _teller(board: Board) -> Callable[[int], None]:
    """Says how many seconds are left: in the log, and on the display where it is on I2C."""
    shown: list[Display] = []
    kind = board.display.kind

    def tell(left: int) -> None:
        log.warning("* and # are held: a factory reset in %d s", left)
        if kind in ("simulated", "none") or kind.endswith("-spi"):
            return
        from firmware.phone.display.oled import I2c, OledDisplay
        from firmware.phone.display.screens import Message
        from firmware.phone.display.views import draw

        try:
            if not shown:
                bus = I2c(board.display.bus, board.display.address)
                shown.append(OledDisplay(kind, bus, rotate=board.display.rotate))
            shown[0].show(draw(Message("Erase all?", TEXT.format(left))))
        except HardwareError as error:
            log.error("%s", error)

    return tell


if __name__ == "__main__":
    sys.exit(main())
