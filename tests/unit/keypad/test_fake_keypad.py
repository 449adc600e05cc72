"""The shipped keypad of the simulator."""

from __future__ import annotations

import pytest

from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.keypad.fake import FakeKeypad


def started(keys: str = "123456789*0#") -> tuple[FakeKeypad, list[KeyPressed | KeyReleased]]:
    events: list[KeyPressed | KeyReleased] = []
    keypad = FakeKeypad(keys)
    keypad.start(events.append)
    return keypad, events


def test_tap_presses_and_releases_in_turn() -> None:
    keypad, events = started()
    keypad.tap("1#")
    assert events == [KeyPressed("1"), KeyReleased("1"), KeyPressed("#"), KeyReleased("#")]


def test_a_key_that_is_down_is_not_pressed_twice() -> None:
    keypad, events = started()
    keypad.press("1")
    keypad.press("1")
    keypad.release("1")
    keypad.release("1")
    assert events == [KeyPressed("1"), KeyReleased("1")]


@pytest.mark.parametrize("key", ["x", "", "12", "A", "１", "\n"])
def test_a_key_that_is_not_there_is_refused(key: str) -> None:
    keypad, events = started()
    with pytest.raises(ValueError, match="has no key"):
        keypad.press(key)
    assert events == []


def test_tap_presses_nothing_when_one_key_is_not_there() -> None:
    keypad, events = started()
    with pytest.raises(ValueError, match="has no key 'x'"):
        keypad.tap(["1", "x"])
    assert events == []


def test_the_layout_of_a_board_may_be_given_as_rows() -> None:
    keypad = FakeKeypad(("123", "456"))
    with pytest.raises(ValueError, match="it has 123456"):
        keypad.press("7")
