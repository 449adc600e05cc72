"""A stand-in for the module ``RPi.GPIO`` at the library's boundary, with a board behind it.

Lines are joined by switches, tied to ground, held by strangers; levels follow at once, as on copper. Edges
come in a thread of the library's own, and what a callback raises is lost, as in rpi-lgpio (here it is kept).
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest


@dataclass
class _Line:
    claimed: str = ""
    pull: int = 0
    level: int = 0
    edges: int = 0
    callback: Callable[[int], None] | None = None
    seen: int = 1


class RpiGpio:
    """Has the names of the module; ``close`` to ``hold`` are the hands on the board."""

    BCM, OUT, IN, LOW, HIGH = 11, 0, 1, 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
    RISING, FALLING, BOTH = 31, 32, 33
    LINES: ClassVar[range] = range(28)

    def __init__(self) -> None:
        self.shorts = 0
        self.broken = False
        self.reads = 0
        self.raised: list[Exception] = []
        self._mode = -1
        self._chip = 7
        self._lines = {number: _Line() for number in self.LINES}
        self._held: dict[int, str] = {}
        self._joined: set[frozenset[int]] = set()
        self._grounded: set[int] = set()
        self._lock = threading.RLock()
        self._edges: queue.SimpleQueue[tuple[Callable[[int], None], int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._notify, name="fake-gpio", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._edges.put(None)
        self._thread.join()

    # hands on the board

    def close(self, one: int, other: int) -> None:
        with self._lock:
            self._joined.add(frozenset((one, other)))
            self._settle()

    def open(self, one: int, other: int) -> None:
        with self._lock:
            self._joined.discard(frozenset((one, other)))
            self._settle()

    def ground(self, line: int, yes: bool = True) -> None:
        with self._lock:
            (self._grounded.add if yes else self._grounded.discard)(line)
            self._settle()

    def edge_now(self, line: int) -> None:
        """An edge, told in this thread."""
        callback = self._lines[line].callback
        if callback:
            callback(line)

    def hold(self, line: int, holder: str) -> None:
        self._held[line] = holder

    def claimed(self) -> dict[int, str]:
        return {number: line.claimed for number, line in self._lines.items() if line.claimed}

    def driven(self, line: int) -> bool:
        return self._lines[line].claimed == "out" and bool(self._lines[line].level)

    def lose_edges(self) -> None:
        """From now on no edge is reported."""
        for line in self._lines.values():
            line.callback = None

    # what the library offers

    def setwarnings(self, value: bool) -> None:
        pass

    def setmode(self, mode: int) -> None:
        assert mode == self.BCM
        self._mode = mode

    def setup(
        self, line: int, direction: int, pull_up_down: int = PUD_OFF, initial: int | None = None
    ) -> None:
        with self._lock:
            at = self._at(line)
            if line in self._held:
                raise RuntimeError("GPIO busy")
            if direction == self.IN:
                assert initial is None
                at.claimed, at.pull, at.edges, at.callback = "in", pull_up_down, 0, None
            else:
                assert pull_up_down == self.PUD_OFF
                assert initial is not None
                at.claimed, at.pull, at.level, at.callback = "out", self.PUD_OFF, initial, None
            self._settle()
            at.seen = self._level(line)

    def add_event_detect(self, line: int, edge: int, callback: Callable[[int], None]) -> None:
        with self._lock:
            at = self._at(line)
            if at.claimed != "in":
                raise RuntimeError("You must setup() the GPIO channel as an input first")
            at.edges, at.callback, at.seen = edge, callback, self._level(line)

    def input(self, line: int) -> int:
        with self._lock:
            self.reads += 1
            if not self._at(line).claimed:
                raise RuntimeError("You must setup() the GPIO channel first")
            return self._level(line)

    def output(self, line: int, value: int) -> None:
        with self._lock:
            at = self._at(line)
            if at.claimed != "out":
                raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
            at.level = int(value)
            self._settle()

    def cleanup(self, lines: list[int]) -> None:
        with self._lock:
            for line in lines:
                self._lines[line] = _Line()
            self._settle()

    def _at(self, line: int) -> _Line:
        if self._mode != self.BCM:
            raise RuntimeError("Please set pin numbering mode")
        if self.broken:
            raise RuntimeError("unknown handle")
        if line not in self._lines:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        return self._lines[line]

    # copper

    def _net(self, line: int) -> set[int]:
        net, edge = {line}, [line]
        while edge:
            at = edge.pop()
            for pair in self._joined:
                if at in pair:
                    new = pair - net
                    net |= new
                    edge += new
        return net

    def _level(self, line: int) -> int:
        net = self._net(line)
        driven = {self._lines[each].level for each in net if self._lines[each].claimed == "out"}
        driven |= {0} if net & self._grounded else set()
        if driven == {0, 1}:
            self.shorts += 1
        if driven:
            return min(driven)
        return int(any(self._lines[each].pull == self.PUD_UP for each in net))

    def _settle(self) -> None:
        for number, line in self._lines.items():
            if line.claimed != "in":
                continue
            level = self._level(number)
            wanted = self.RISING if level else self.FALLING
            if level != line.seen and line.callback and line.edges in (wanted, self.BOTH):
                self._edges.put((line.callback, number))
            line.seen = level

    def _notify(self) -> None:
        while (edge := self._edges.get()) is not None:
            callback, line = edge
            try:
                callback(line)
            except Exception as error:  # noqa: BLE001 - the library loses them; a test asserts that there are none
                self.raised.append(error)


@pytest.fixture
def rpi_gpio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RpiGpio]:
    """``import RPi.GPIO`` gives a fake board."""
    library = RpiGpio()
    package = ModuleType("RPi")
    package.GPIO = library  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", library)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    monkeypatch.setenv("RPI_LGPIO_CHIP", "0")
    yield library
    library.end()
    assert library.raised == []
