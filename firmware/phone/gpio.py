"""The board's GPIO lines. The only importer of ``RPi.GPIO`` (on a phone that is rpi-lgpio).

Lines are numbered as the gpiochip numbers them; on a Raspberry Pi these are the BCM numbers.

The library is imported by ``open``, never before: a board without GPIO does not need it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware.phone.errors import HardwareError

log = logging.getLogger("sottovoce.gpio")

CHIP_VARIABLE, PIPE_VARIABLE = "RPI_LGPIO_CHIP", "LG_WD"
"""What rpi-lgpio and lgpio read: the number of the gpiochip; the folder of the pipe ``.lgd-nfy*``."""

REVISION_VARIABLE, REVISION = "RPI_LGPIO_REVISION", "c03114"
"""rpi-lgpio cannot be loaded where no Raspberry Pi's revision is known: on other boards, and where the unit's
sandbox hides /proc/device-tree (ProcSubset=pid). Nothing that we use depends on it."""

DEVICES = Path("/dev")

NO_GPIO = "is this a Raspberry Pi, may the daemon open /dev/gpiochip*? Without hardware: --board simulator"


class Gpio:
    """The lines of one gpiochip. One ``Gpio`` serves all drivers; each claims and releases its own lines.

    Edge callbacks come in the library's thread and do no more than set an event: what they raise is lost.
    """

    def __init__(self, runtime_dir: Path, chip: int | str | tuple[str, ...] | None = None) -> None:
        """Prepare, not open.

        Args:
            runtime_dir: writable; lgpio puts its pipe there. Not shared with another process.
            chip: label of the gpiochip, or several of which one is there (numbers change with the kernel), or
                its number. Default: what the library finds.
        """
        self._runtime_dir = runtime_dir
        self._chip = chip
        self._library: Any = None
        self._errors: tuple[type[Exception], ...] = (RuntimeError, ValueError, OSError, ImportError)

    def open(self) -> None:
        """Load the library and open the chip. May be called again. Raises ``HardwareError``."""
        if self._library is not None:
            return
        os.environ[PIPE_VARIABLE] = str(self._runtime_dir)
        try:
            with _same_working_directory():
                if self._chip is not None:
                    os.environ[CHIP_VARIABLE] = str(self._number(self._chip))
                from RPi import GPIO
        except self._errors as error:
            raise HardwareError(f"GPIO cannot be used: {_words(error)}; {NO_GPIO}") from error
        lgpio = sys.modules.get("lgpio")
        if lgpio is not None:
            self._errors += (lgpio.error,)
        try:
            GPIO.setwarnings(False)
            GPIO.setmode(GPIO.BCM)
        except self._errors as error:
            raise HardwareError(f"GPIO cannot be used: {_words(error)}; {NO_GPIO}") from error
        self._library = GPIO

    @staticmethod
    def _number(chip: int | str | tuple[str, ...]) -> int:
        """The number of the chip that has one of these labels. Raises OSError."""
        if isinstance(chip, int):
            return chip
        labels = (chip,) if isinstance(chip, str) else chip
        os.environ.setdefault(REVISION_VARIABLE, REVISION)
        there = chip_labels()
        for label in labels:
            if label in there:
                return there[label]
        known = f"there are {', '.join(there)}" if there else "none can be opened"
        raise OSError(f'no gpiochip is called "{" or ".join(labels)}" ({known})')

    def claim_input(self, line: int, what: str, on_edge: Callable[[], None] | None = None) -> None:
        """Read a line that has a pull-up; ``on_edge`` is called for each edge.

        Args:
            what: what the line is, for the message, as in "hook switch".

        Raises:
            HardwareError: the line is taken; the message names the holder.
        """
        gpio = self._library
        with self._telling(line, what):
            gpio.setup(line, gpio.IN, pull_up_down=gpio.PUD_UP)
            if on_edge:
                gpio.add_event_detect(line, gpio.BOTH, callback=lambda _line: on_edge())

    def claim_output(self, line: int, high: bool, what: str) -> None:
        """Drive a line. Raises ``HardwareError``."""
        gpio = self._library
        with self._telling(line, what):
            gpio.setup(line, gpio.OUT, initial=gpio.HIGH if high else gpio.LOW)

    def let_float(self, line: int, what: str) -> None:
        """Stop driving a line, but keep it. Raises ``HardwareError``."""
        gpio = self._library
        with self._telling(line, what):
            gpio.setup(line, gpio.IN, pull_up_down=gpio.PUD_OFF)

    def high(self, line: int, what: str) -> bool:
        """The level of a claimed line. Raises ``HardwareError``."""
        with self._telling(line, what):
            return bool(self._library.input(line))

    def write(self, line: int, high: bool, what: str) -> None:
        """Set the level of a claimed output. Raises ``HardwareError``."""
        with self._telling(line, what):
            self._library.output(line, high)

    def release(self, lines: Iterable[int]) -> None:
        """Give lines back: inputs without pull, no edges. Lines that are not ours are left alone."""
        if self._library is None:
            return
        for line in lines:
            try:
                self._library.cleanup([line])
            except self._errors as error:
                log.debug("GPIO %d was not released: %s", line, error)

    @contextmanager
    def _telling(self, line: int, what: str) -> Iterator[None]:
        if self._library is None:
            raise HardwareError(f"GPIO {line} ({what}): the chip is not open")
        try:
            yield
        except self._errors as error:
            wrong, remedy = f"failed: {_words(error)}", "check the pin in board.toml"
            if "busy" in str(error).lower():
                wrong = f"is held by {self._holder(line) or 'another program'}"
                remedy = "stop that, or its overlay in config.txt, or choose another pin in board.toml"
            raise HardwareError(f"GPIO {line} ({what}) {wrong}; {remedy}") from error

    def _holder(self, line: int) -> str:
        """Who holds the line, by the kernel's record; "" when that is unknown or nobody."""
        lgpio, chip = sys.modules.get("lgpio"), getattr(self._library, "_chip", None)
        if lgpio is None or chip is None:
            return ""
        try:
            _, _, _, _, user = lgpio.gpio_get_line_info(chip, line)
        except self._errors as error:
            log.debug("no line info for GPIO %d: %s", line, error)
            return ""
        return f'"{user}"' if user else ""


def chip_labels() -> dict[str, int]:
    """Label and number of each gpiochip that we may open."""
    import lgpio

    found: dict[str, int] = {}
    for device in sorted(DEVICES.glob("gpiochip*")):
        number = device.name.removeprefix("gpiochip")
        try:
            handle = lgpio.gpiochip_open(int(number))
        except (lgpio.error, ValueError):
            continue
        _, _, _, label = lgpio.gpio_get_chip_info(handle)
        lgpio.gpiochip_close(handle)
        found.setdefault(label, int(number))
    return found


def _words(error: Exception) -> str:
    """What the library says; lgpio puts it in quotes."""
    return str(error).strip("'")


@contextmanager
def _same_working_directory() -> Iterator[None]:
    """lgpio changes the working directory to the pipe's folder when it is loaded: change it back."""
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
    finally:
        os.fchdir(here)
        os.close(here)
