"""Real-time text in a call: typed by the keys, shown while it is spoken, forgotten afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config, Phone
from firmware.phone.config_types import Accessibility
from firmware.phone.display import screens, words
from firmware.phone.machine import multitap
from firmware.phone.machine.rules import Rules
from firmware.phone.sip.t140 import ERASE, NEW_LINE
from firmware.phone.values import CallId, EndReason, Media, Security
from tests.unit.machine.driver import BOB, Driver

RULES = Rules(
    domain="phone.test",
    identity="Alice",
    contacts=(BOB,),
    config=Config(accessibility=Accessibility(text=True)),
)


def in_call(rules: Rules = RULES, *, text: bool = True) -> Driver:
    it = Driver(rules)
    it.ring_in()
    it.lift()
    it.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), Media(Security.END_TO_END)))
    if text:
        it.happen(on.TextChanged(CallId(2), up=True))
    return it


def typing(rules: Rules = RULES) -> Driver:
    it = in_call(rules)
    hold_0(it)
    it.keys("6")
    return it


def hold_0(it: Driver) -> list[do.Command]:
    found = it.happen(on.KeyPressed("0"))
    found += it.wait(1.1)
    return found + it.happen(on.KeyReleased("0"))


def tap(it: Driver, keys: str) -> str:
    """What is sent when these keys are pressed, with a second's rest at each blank."""
    found: list[do.Command] = []
    for key in keys:
        if key == " ":
            found += it.wait(1.1)
        else:
            found += it.happen(on.KeyPressed(key), on.KeyReleased(key))
    assert not [one for one in found if isinstance(one, do.SendDigit)]
    return "".join(one.text for one in found if isinstance(one, do.SendText))


def test_text_is_offered_only_where_it_is_switched_on() -> None:
    assert in_call().out.text
    assert not Driver().out.text


def test_letters_by_pressing_several_times() -> None:
    it = typing()
    assert tap(it, "44 33 555 555 666 0 ") == "hello "
    assert tap(it, "96667775553 ") == "world"
    assert it.call.ours == "hello world"


def test_a_letter_leaves_after_a_second_or_with_the_next_key() -> None:
    it = typing()
    assert tap(it, "2") == ""
    assert tap(it, "3") == "a"
    assert tap(it, " ") == "d"


def test_the_star_erases_and_the_hash_begins_a_line() -> None:
    it = typing()
    assert tap(it, "22*") == ""
    assert tap(it, "2 3 *") == f"ad{ERASE}"
    assert it.call.ours == "a"
    assert tap(it, "**") == ERASE
    assert tap(it, "2#") == f"a{NEW_LINE}"


def test_the_letter_that_is_being_chosen_is_shown_before_it_leaves() -> None:
    it = typing()
    tap(it, "22")
    assert isinstance(it.screen, screens.Texting)
    assert it.screen.ours == "b"
    assert it.call.ours == ""


def test_the_keys_are_digits_again() -> None:
    it = typing()
    hold_0(it)
    it.keys("6")
    assert do.SendDigit(CallId(2), "5") in it.keys("5")


def test_a_long_zero_opens_the_functions_and_types_no_blank() -> None:
    it = typing()
    assert not [one for one in hold_0(it) if isinstance(one, do.SendText | do.SendDigit)]
    assert it.state.functions_at is not None
    it.keys("#")
    assert not [one for one in it.wait(3) if isinstance(one, do.SendText)]


def test_what_they_type_is_shown_while_the_keys_are_digits() -> None:
    it = in_call()
    assert isinstance(it.screen, screens.InCall)
    it.happen(on.TextReceived(CallId(2), "Hel"), on.TextReceived(CallId(2), "lo\u2028you"))
    assert isinstance(it.screen, screens.Texting)
    assert it.screen.theirs == ("Hello", "you")
    assert "Hold 0, then 6: type" in words.lines(it.screen)
    assert do.SendDigit(CallId(2), "5") in it.keys("5")


def test_without_text_there_is_nothing_to_type() -> None:
    it = in_call(text=False)
    hold_0(it)
    assert "6 type" not in " ".join(words.lines(it.screen))
    it.keys("6")
    assert it.state.tapping is None


def test_text_that_goes_away_gives_the_keys_back() -> None:
    it = typing()
    tap(it, "2")
    it.happen(on.TextChanged(CallId(2), up=False))
    assert it.state.tapping is None
    assert isinstance(it.screen, screens.InCall)
    assert do.SendDigit(CallId(2), "5") in it.keys("5")


def test_it_is_forgotten_when_the_call_is_over() -> None:
    it = typing()
    tap(it, "2 ")
    it.happen(on.TextReceived(CallId(2), "mandarin"))
    it.happen(on.CallFailed(CallId(2), EndReason.PEER_HUNG_UP))
    assert "mandarin" not in repr(it.state)
    assert all((call.ours, call.theirs, call.text) == ("", "", False) for call in it.state.calls)
    it.happen(on.TextReceived(CallId(2), "late"))
    assert "late" not in repr(it.state)


def test_a_held_call_is_not_typed_in() -> None:
    it = typing()
    hold_0(it)
    it.keys("2")
    assert it.state.tapping is None


def test_little_of_it_is_kept() -> None:
    it = in_call()
    it.happen(on.TextReceived(CallId(2), "x" * 10_000))
    assert len(it.call.theirs) == 200


def test_where_something_stands_against_the_call_the_keys_answer_that() -> None:
    it = typing()
    it.happen(on.MediaChanged(CallId(2), Media(Security.NONE, bare=True)))
    assert not [one for one in it.keys("22") if isinstance(one, do.SendText)]


@pytest.mark.parametrize(
    ("language", "keys", "letter"), [("de", "22222", "ä"), ("ru", "2", "а"), ("el", "777", "σ")]
)
def test_the_letters_of_the_language(language: str, keys: str, letter: str) -> None:
    config = replace(RULES.config, phone=Phone(language=language))
    it = typing(replace(RULES, config=config))
    assert tap(it, f"{keys} ") == letter


def test_every_key_has_letters_and_no_letter_two_places() -> None:
    for language in ("en", *multitap._MORE, *multitap._INSTEAD):
        found = multitap.letters(language)
        assert set(found) == set("0123456789")
        everything = "".join(found.values())
        assert len(everything) == len(set(everything)), language


def test_it_is_switched_on_in_the_menu() -> None:
    it = Driver(replace(RULES, config=Config()))
    it.happen(on.KeyPressed("*"))
    it.wait(1.1)
    it.keys("**"[:1])
    it.keys("5")
    page = " ".join(words.lines(it.screen))
    while "Text in calls" not in page:
        it.keys("0")
        page = " ".join(words.lines(it.screen))
    key = page.split(" Text in calls")[0][-1]
    it.keys(key + "8")
    assert dict(it.state.settings) == {"accessibility.text": True}
    assert it.out.text


def test_a_zero_that_is_still_down_with_the_next_key_is_no_tone() -> None:
    it = typing()
    found = it.happen(on.KeyPressed("0"), on.KeyPressed("2"), on.KeyReleased("0"), on.KeyReleased("2"))
    found += it.wait(1.1)
    assert found == [do.SendText(CallId(2), " "), do.SendText(CallId(2), "a")]
