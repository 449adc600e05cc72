"""The drawing thread. Nothing here waits for time: every step is an event, with a limit if it never comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.painter import FIRST_RETRY, LAST_RETRY, Painter, retry_delay
from firmware.phone.display.resting import DIMMED
from firmware.phone.display.screens import Idle, Message
from firmware.phone.display.views import draw
from firmware.phone.errors import HardwareError
from firmware.phone.values import Registration, RegistrationState, SwitchPosition
from tests.rig.processes import wait_until

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

    def show(self, image: Image.Image, brightness: float = 1.0) -> None:
        self.came.put(image.tobytes())
        assert self.gate.acquire(timeout=LIMIT)
        if self.bug is not None:
            raise self.bug
        super().show(image, brightness)

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
    look_every: float = LIMIT

    def __post_init__(self) -> None:
        self.painter = Painter(
            self.display,
            self.said.put,
            crash=self.crashes.put,
            pause=self._pause,
            look_every=self.look_every,
        )

    def _pause(self, seconds: float) -> bool:
        self.pauses.put(seconds)
        return self.over.get(timeout=LIMIT)

    def came_to(self, brightness: float) -> None:
        wait_until(lambda: bool(self.display.brightness == brightness), LIMIT, "the brightness")

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
    assert bench.pauses.get(timeout=LIMIT) == FIRST_RETRY
    bench.painter.show(screen("two"))
    assert bench.display.came.empty()
    bench.over.put(False)
    assert bench.let_one_through() == picture("two")
    assert bench.pauses.get(timeout=LIMIT) == 2 * FIRST_RETRY
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
    def no_font(_screen: object, _look: object) -> Image.Image:
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


def test_attempts_become_rarer_and_never_end() -> None:
    delays = [retry_delay(failures) for failures in range(1, 2000)]
    assert delays[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert set(delays[4:]) == {LAST_RETRY}


def test_a_display_that_is_pulled_out_while_nothing_changes_is_noticed() -> None:
    display, said, over = FakeDisplay(), queue.Queue[str](), queue.Queue[bool]()
    painter = Painter(
        display,
        said.put,
        crash=lambda _fault: None,
        pause=lambda _seconds: over.get(timeout=LIMIT),
        look_every=0.01,
    )
    painter.start()
    painter.show(screen("one"))
    wait_until(lambda: display.image().tobytes() == picture("one"), LIMIT, "the picture")
    display.fail("pulled out")
    assert said.get(timeout=LIMIT) == "pulled out"
    display.fail(None)
    over.put(False)
    assert said.get(timeout=LIMIT) == ""
    painter.stop()


def test_a_resting_screen_is_dim_and_any_other_bright(bench: Bench) -> None:
    idle = Idle("10:24", "Alice", Registration(RegistrationState.REGISTERED), SwitchPosition.PRIVATE)
    for shown, wanted in ((idle, 1.0), (replace(idle, resting=3), DIMMED), (idle, 1.0)):
        bench.painter.show(shown)
        bench.let_one_through()
        bench.came_to(wanted)
