"""Who is stuck, how soon it is noticed, and what a call is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.phone.machine.protection import Protection
from firmware.phone.machine.state import Call, State
from firmware.phone.restarts import KILLED, Restarts
from firmware.phone.values import CallId, CallState, Direction, Party
from firmware.phone.watchdog import LAST_S, LOOK_S, STUCK_S, SUSPECT_S, Watchdog, spared


class Ended(Exception):
    """The process would be over."""


class Bed:
    """A watchdog with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.state = State()
        self.told: list[tuple[str, bool]] = []
        self.dog = Watchdog(
            lambda: self.now, lambda: self.state, lambda *said: self.told.append(said), self.end
        )

    def end(self, why: str) -> None:
        raise Ended(why)

    def looks(self, seconds: float, every: float = SUSPECT_S) -> Iterable[float]:
        """Look until so many seconds are over."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += every
            self.dog.look()
            yield self.now


def call(state: CallState = CallState.ACTIVE, *, emergency: bool = False) -> Call:
    protection = Protection(emergency=emergency)
    return Call(CallId(1), Direction.OUT, Party("sip:b@p.test"), state, 0.0, protection=protection)


def noticed_after(bed: Bed, hang: Callable[[], None]) -> float:
    """Seconds from the hang, which comes at the worst moment, to the end."""
    hang()
    began = bed.now
    bed.now += LOOK_S
    bed.dog.look()
    ends(bed, 10, "stuck")
    return bed.now - began


def ends(bed: Bed, seconds: float, why: str) -> None:
    """It must end within so many seconds."""
    looks = bed.looks(seconds)
    with pytest.raises(Ended, match=why):
        list(looks)


def test_work_that_hangs_is_noticed_within_five_seconds() -> None:
    bed = Bed()
    pulse = bed.dog.pulse("the display")
    bed.dog.look()
    assert STUCK_S < noticed_after(bed, pulse.begin) <= 5.0


def test_a_thread_that_does_not_answer_is_noticed_within_five_seconds() -> None:
    """It answered, then hangs: the next question comes a whole look later."""
    bed = Bed()
    answers: list[Callable[[], None]] = []
    bed.dog.asked("the SIP engine", answers.append)
    bed.dog.look()
    answers.pop()()
    assert STUCK_S < noticed_after(bed, lambda: None) <= 5.0


def test_work_that_goes_on_is_left_alone() -> None:
    bed = Bed()
    pulse = bed.dog.pulse("the display")
    bed.dog.asked("loop", lambda answer: answer())
    for _ in bed.looks(60):
        with pulse.working():
            bed.now += 1.0
        pulse.begin()
    assert bed.told == []


def test_rest_is_no_trouble() -> None:
    bed = Bed()
    bed.dog.pulse("the keypad")
    for _ in bed.looks(600):
        pass


def test_a_clock_that_jumps_is_one_look() -> None:
    """A starved machine wakes up, and the watchdog first: the others get their time."""
    bed = Bed()
    pulse = bed.dog.pulse("the display")
    pulse.begin()
    bed.dog.look()
    bed.now += 100
    bed.dog.look()
    bed.now += SUSPECT_S
    bed.dog.look()
    pulse.end()
    for _ in bed.looks(10):
        pass


def test_a_call_outlives_a_stuck_display_and_is_told_so_once() -> None:
    bed = Bed()
    pulse = bed.dog.pulse("the display")
    bed.state = State(calls=(call(),))
    pulse.begin()
    for _ in bed.looks(60):
        pass
    assert bed.told == [("the display", True)]
    bed.state = State(calls=(call(CallState.ENDED),))
    ends(bed, 1, "the display is stuck")


def test_what_goes_on_by_itself_is_told() -> None:
    bed = Bed()
    pulse = bed.dog.pulse("the keypad")
    bed.state = State(calls=(call(),))
    pulse.begin()
    for _ in bed.looks(6):
        pass
    pulse.end()
    bed.dog.look()
    assert bed.told == [("the keypad", True), ("the keypad", False)]


@pytest.mark.parametrize(
    ("name", "patient", "calls", "wanted"),
    [
        ("the display", True, (), False),
        ("the display", True, (call(),), True),
        ("the display", True, (call(CallState.ENDED),), False),
        ("the switches", False, (call(),), False),
        ("the SIP engine", False, (call(),), False),
        ("the switches", False, (call(emergency=True),), True),
        ("the SIP engine", False, (call(emergency=True),), True),
        ("the SIP engine", False, (call(CallState.HELD), call(emergency=True)), True),
        ("loop", False, (call(emergency=True),), False),
    ],
)
def test_what_a_call_is_worth(name: str, patient: bool, calls: tuple[Call, ...], wanted: bool) -> None:
    numbered = tuple(replace(one, id=CallId(n)) for n, one in enumerate(calls))
    assert spared(name, patient, State(calls=numbered)) is wanted


def test_the_end_is_watched_too() -> None:
    bed = Bed()
    bed.dog.asked("loop", lambda answer: None)
    bed.dog.look()
    bed.dog.last()
    ends(bed, LAST_S + SUSPECT_S, "in time")
    assert math.isclose(bed.now, LAST_S, abs_tol=2 * SUSPECT_S)


def test_a_run_that_ended_by_itself_is_told_by_the_next(tmp_path: Path) -> None:
    socket = tmp_path / "control.sock"
    first = Restarts(socket)
    assert first.begin() == (0, "")
    second = Restarts(socket)
    assert second.begin() == (1, KILLED), "nothing was said: kill -9"
    second.failed("the SIP engine is stuck")
    third = Restarts(socket)
    assert third.begin() == (2, "the SIP engine is stuck")
    third.end()
    assert Restarts(socket).begin() == (0, ""), "it stopped as it was told to"


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"restarts": "x", "reason": ""}', b"[" * 4000, b"\xff"])
def test_a_note_that_was_cut_off_is_a_restart(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "control.run").write_bytes(junk)
    assert Restarts(tmp_path / "control.sock").begin() == (1, KILLED)


def test_where_nothing_can_be_written_the_phone_works_all_the_same(tmp_path: Path) -> None:
    restarts = Restarts(tmp_path / "missing" / "control.sock")
    assert restarts.begin() == (0, "")
    restarts.failed("why")
    restarts.end()
