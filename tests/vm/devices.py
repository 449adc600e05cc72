"""The hands of a test on the devices of the virtual machine: wires, the I2C bus, the ends of sound cables."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware.phone.gpio import REVISION
from tests.unit.display.controller import Controller
from tests.vm.session import INSIDE

GPIO = Path("/sys/devices/platform/gpio-wires.0")
WITNESS = Path("/dev/i2c-witness")
SOUND = Path("/proc/asound")


def inside() -> bool:
    """Whether this is the virtual machine."""
    return INSIDE in os.environ


def drivers(*elsewhere: Any, kernel: Sequence[str]) -> list[Any]:
    """By what a fixture of the contract suite is parametrised: ``kernel`` in the virtual machine."""
    return list(kernel if inside() else elsewhere)


def results() -> Path:
    """Where pictures and figures go."""
    return Path(os.environ[INSIDE])


class Bench:
    """The wires of the GPIO chip; the names are those of ``tests.contract.rpi_gpio.RpiGpio``."""

    def __init__(self) -> None:
        (chip,) = (path.name for path in GPIO.glob("gpiochip*") if path.name[8:].isdigit())
        self.chip = int(chip.removeprefix("gpiochip"))
        self.clear()

    def close(self, one: int, other: int) -> None:
        self._wire(f"join {one} {other}")

    def open(self, one: int, other: int) -> None:
        self._wire(f"part {one} {other}")

    def ground(self, line: int, yes: bool = True) -> None:
        self._wire(f"{'ground' if yes else 'free'} {line}")

    def supply(self, line: int, yes: bool = True) -> None:
        self._wire(f"{'supply' if yes else 'free'} {line}")

    def clear(self) -> None:
        self._wire("clear")

    def driven(self, line: int) -> bool:
        """Whether a driver holds the line high."""
        return self._line(line)[1:3] == ["out", "1"]

    def claimed(self, line: int) -> bool:
        """Whether a driver drives the line or pulls it up."""
        return self._line(line)[1] == "out" or self._line(line)[3] != "none"

    @property
    def shorts(self) -> int:
        """How often outputs have fought since ``clear``."""
        return int((GPIO / "shorts").read_text())

    def _line(self, line: int) -> list[str]:
        return (GPIO / "lines").read_text().splitlines()[line].split()

    def _wire(self, command: str) -> None:
        (GPIO / "wire").write_text(command)


@dataclass(frozen=True)
class Written:
    """One message on the I2C bus."""

    when: float
    """Monotonic seconds at its end."""
    address: int
    took_s: float
    octets: bytes


NOBODY = 0xFFFF
HEADER = struct.Struct("<QHHI")
"""What is before the octets of a message in the record: ``struct entry`` of kernel/i2c_witness.c."""


class Witness:
    """The other side of /dev/i2c-1."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A display's address on it, fast and without faults; the record is empty."""
        self._controller: Controller | None = None
        self._place = 0
        for command in ("plug 3c", "fail 0", "clock 0", "forget"):
            self.tell(command)

    def tell(self, command: str) -> None:
        """One command of tests/vm/kernel/i2c_witness.c."""
        WITNESS.write_text(command)
        if command == "forget":
            self._place = 0

    def plug(self, there: bool) -> None:
        """Put the module in or pull it out; it forgets its settings."""
        self.tell("plug 3c" if there else "pull")

    def written(self, since: int = 0) -> Iterator[Written]:
        """All messages after ``since`` octets of the record; one without octets: the power went or came."""
        with WITNESS.open("rb", buffering=0) as witness:
            witness.seek(since)
            record = witness.readall()
        place = 0
        while place < len(record):
            when, address, length, took = HEADER.unpack_from(record, place)
            place += HEADER.size
            yield Written(when / 1e9, address, took / 1e6, record[place : place + length])
            place += length

    def glass(self, kind: str = "ssd1306") -> Image.Image:
        """What a display of that kind shows now. Only what is new on the bus since the last look is read."""
        if self._controller is None or self._controller.kind != kind:
            self._controller, self._place = Controller(kind), 0
        for message in self.written(self._place):
            self._place += HEADER.size + len(message.octets)
            if message.address == NOBODY:
                self._controller.power_cycle()
            else:
                self._controller.receive(list(message.octets))
        return self._controller.glass()


def sounding(card: str, stream: str = "p") -> int:
    """How many PCMs of a card are open for playback (``p``) or capture (``c``) by the phone's side."""
    status = (SOUND / card / f"pcm0{stream}" / "sub0" / "status").read_text()
    return int(status.strip() != "closed")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The GPIO chip without a wire; drivers take it as the header's."""
    made = Bench()
    monkeypatch.setenv("RPI_LGPIO_CHIP", str(made.chip))
    monkeypatch.setenv("RPI_LGPIO_REVISION", REVISION)
    yield made
    made.clear()


@pytest.fixture
def witness() -> Iterator[Witness]:
    """The I2C bus as ``Witness.reset`` makes it."""
    made = Witness()
    yield made
    made.reset()


CARDS = {"Handset": 0, "Ringer": 1}


@contextmanager
def rebind(card: str) -> Iterator[None]:
    """A sound card that is not there for as long as the block lasts, as a handset pulled out of its socket.

    The kernel lets go of it when the last PCM is closed, so whoever unbinds it waits for that.
    """
    driver, device = Path("/sys/bus/platform/drivers/snd_aloop"), f"snd_aloop.{CARDS[card]}"
    pulling = threading.Thread(target=(driver / "unbind").write_text, args=(device,), daemon=True)
    pulling.start()
    try:
        yield
    finally:
        pulling.join(30)
        assert not pulling.is_alive(), f"the card {card} is still in use"
        (driver / "bind").write_text(device)
