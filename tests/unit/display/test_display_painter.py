"""The drawing thread. Nothing here waits for time: every step is an event, with a limit if it never comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PIL import Image

from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.painter import RETRY, Painter
from firmware.phone.display.screens import Message
from firmware.phone.display.views import draw
from firmware.phone.errors import HardwareError

LIMIT = 10.0
"""Seconds until a test that hangs has failed."""


class GatedDisplay(FakeDisplay):
    """Tells when a picture comes, and holds it until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.came: queue.Queue[bytes] = queue.Queue()
        self.gate = threading.Semaphore(0)
        self.closed = 0
        self.bug: Exception | None = None

    def show(self, image: Image.Image) -> None:
        self.came.put(image.tobytes())
        assert self.gate.acquire(timeout=LIMIT)
        if self.bug is not None:
            raise self.bug
        super().show(image)

    def close(self) -> None:
        self.closed += 1
        super().close()


@dataclass
class Bench:
    display: GatedDisplay = field(default_factory=GatedDisplay)
    said: queue.Queue[str] = field(default_factory=queue.Queue)
    crashes: queue.Queue[BaseException] = field(default_factory=queue.Queue)
    pauses: queue.Queue[float] = field(default_factory=queue.Queue)
    over: queue.Queue[bool] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.painter = Painter(self.display, self.said.put, crash=self.crashes.put, pause=self._pause)

    def _pause(self, seconds: float) -> bool:
        self.pauses.put(seconds)
        return self.over.get(timeout=LIMIT)

    def let_one_through(self) -> bytes:
        """The picture that came, which is then on the glass or refused."""
        came = self.display.came.get(timeout=LIMIT)
        self.display.gate.release()
        return came


@pytest.fixture
def bench() -> Iterator[Bench]:
    found = Bench()
    found.painter.start()
    yield found
    found.over.put(True)
    found.display.gate.release()
    found.painter.stop()


def screen(text: str) -> Message:
    return Message(text, "")


def picture(text: str) -> bytes:
    return draw(screen(text)).tobytes()


def test_draws_what_it_is_given(bench: Bench) -> None:
    assert bench.painter.latest() is None
    bench.painter.show(screen("one"))
    assert bench.let_one_through() == picture("one")
    bench.painter.show(screen("two"))
    assert bench.let_one_through() == picture("two")
    assert bench.painter.latest() == screen("two")


def test_show_returns_while_the_display_is_busy_and_only_the_newest_is_drawn(bench: Bench) -> None:
    bench.painter.show(screen("one"))
    first = bench.display.came.get(timeout=LIMIT)
    for text in ("two", "three", "four"):
        bench.painter.show(screen(text))
    bench.display.gate.release()
    assert first == picture("one")
    assert bench.let_one_through() == picture("four")
    assert bench.display.came.empty()


def test_the_same_screen_is_not_drawn_again(bench: Bench) -> None:
    bench.painter.show(screen("one"))
    assert bench.display.came.get(timeout=LIMIT) == picture("one")
    bench.painter.show(screen("one"))
    assert not bench.painter._waiting
    bench.painter.show(screen("two"))
    bench.display.gate.release()
    assert bench.let_one_through() == picture("two")


def test_trouble_is_told_once_retried_with_the_newest_and_its_end_told(bench: Bench) -> None:
    bench.display.fail("No display: plug it in")
    bench.painter.show(screen("one"))
    bench.let_one_through()
    assert bench.said.get(timeout=LIMIT) == "No display: plug it in"
    assert bench.pauses.get(timeout=LIMIT) == RETRY == 5.0
    bench.painter.show(screen("two"))
    assert bench.display.came.empty()
    bench.over.put(False)
    assert bench.let_one_through() == picture("two")
    assert bench.pauses.get(timeout=LIMIT) == RETRY
    bench.display.fail(None)
    bench.over.put(False)
    assert bench.let_one_through() == picture("two")
    assert bench.said.get(timeout=LIMIT) == ""
    assert bench.said.empty()


def test_second_trouble_is_told_again(bench: Bench) -> None:
    for text in ("one", "two"):
        bench.display.fail("gone")
        bench.painter.show(screen(text))
        bench.let_one_through()
        assert bench.said.get(timeout=LIMIT) == "gone"
        bench.display.fail(None)
        bench.over.put(False)
        bench.let_one_through()
        assert bench.said.get(timeout=LIMIT) == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_any_other_fault_ends_the_thread_loudly(bench: Bench) -> None:
    bench.display.bug = ZeroDivisionError("a bug")
    bench.painter.show(screen("one"))
    bench.let_one_through()
    assert isinstance(bench.crashes.get(timeout=LIMIT), ZeroDivisionError)
    bench.painter.stop()
    assert bench.display.closed == 1
    assert bench.said.empty()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_stop_may_be_called_from_crash() -> None:
    stopped: queue.Queue[bool] = queue.Queue()
    display = GatedDisplay()
    display.bug = ZeroDivisionError("a bug")
    display.gate.release()

    def crash(_fault: BaseException) -> None:
        painter.stop()
        stopped.put(True)

    painter = Painter(display, lambda _text: None, crash=crash)
    painter.start()
    painter.show(screen("one"))
    assert stopped.get(timeout=LIMIT)
    painter.stop()


def test_missing_font_is_a_trouble_and_no_crash(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_font(_screen: object) -> Image.Image:
        raise HardwareError("Install the Debian package fonts-terminus-otb.")

    monkeypatch.setattr("firmware.phone.display.painter.draw", no_font)
    bench.painter.show(screen("one"))
    assert "fonts-terminus-otb" in bench.said.get(timeout=LIMIT)
    monkeypatch.undo()
    bench.over.put(False)
    assert bench.let_one_through() == picture("one")


def test_stop_darkens_the_display_and_may_come_twice(bench: Bench) -> None:
    bench.painter.show(screen("one"))
    bench.let_one_through()
    bench.painter.stop()
    bench.painter.stop()
    assert bench.display.closed == 1
    assert bench.display.image().getbbox() is None
    assert not any(thread.name == "painter" for thread in threading.enumerate())


def test_stop_ends_a_wait_for_the_display() -> None:
    display = FakeDisplay()
    display.fail("gone")
    told: queue.Queue[str] = queue.Queue()
    painter = Painter(display, told.put, crash=lambda _fault: None)
    painter.start()
    painter.show(screen("one"))
    assert told.get(timeout=LIMIT) == "gone"
    painter.stop()
    assert not any(thread.name == "painter" for thread in threading.enumerate())


def test_stop_before_start() -> None:
    Painter(FakeDisplay(), lambda _text: None, crash=lambda _fault: None).stop()
