"""The keypad lock: what a locked telephone still does, and what it does for nobody without the PIN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import pin as pins
from firmware.phone.book.entries import Book, Entry, Source
from firmware.phone.config import Config, Phone
from firmware.phone.display import screens, words
from firmware.phone.machine import locking
from firmware.phone.machine.asked import LOCKED, why_not
from firmware.phone.machine.calls import ONLY_HELP
from firmware.phone.machine.state import Lock, Recent
from firmware.phone.machine.step import step
from firmware.phone.values import (
    CallId,
    CallState,
    Feature,
    Hook,
    KeptLock,
    Lamp,
    Media,
    Party,
    PinFor,
    Security,
    SubscriptionId,
)
from tests.unit.machine.driver import ACCOUNT, BOB, Driver

PIN, HASH = "4711", "$argon2id$stands-for-4711"


def driver(after: int = 0) -> Driver:
    return Driver(replace(ACCOUNT, country="DE", config=Config(phone=Phone(lock_after=after))))


def locked(wrong: int = 0) -> Driver:
    """A telephone that starts with a PIN."""
    it = driver()
    it.happen(on.StoreChanged(loaded=True, lock=KeptLock(HASH, wrong)))
    return it


def told(it: Driver, commands: list[do.Command]) -> list[do.Command]:
    """What store and hashing answer to ``commands``; returns what that leads to."""
    done: list[do.Command] = []
    for command in commands:
        match command:
            case do.KeepLock(lock):
                done += it.happen(on.LockKept(lock.wrong, kept=True))
            case do.CheckPin(digits, kept):
                done += it.happen(on.PinChecked(kept == f"$argon2id$stands-for-{digits}"))
            case do.MakePin(digits):
                done += it.happen(on.PinMade(f"$argon2id$stands-for-{digits}"))
    return done + (told(it, done) if done else [])


def typed(it: Driver, keys: str) -> list[do.Command]:
    commands = it.keys(keys)
    return commands + told(it, commands)


def said(it: Driver) -> str:
    return " ".join(words.lines(it.screen))


def hold(it: Driver, key: str) -> None:
    it.happen(on.KeyPressed(key))
    it.wait(1.1)
    it.happen(on.KeyReleased(key))


# --- locking and unlocking ---------------------------------------------------------------------------


def test_a_telephone_with_a_pin_starts_locked_and_says_how_to_unlock() -> None:
    it = locked()
    assert it.state.locked
    assert "Locked: * unlocks" in said(it)


def test_without_a_pin_it_is_open() -> None:
    it = driver()
    it.happen(on.StoreChanged(loaded=True))
    assert not it.state.locked


def test_the_pin_unlocks() -> None:
    it = locked()
    typed(it, f"*{PIN}#")
    assert not it.state.locked
    assert "Locked" not in said(it)
    assert it.done[-1] == do.KeepLock(KeptLock(HASH, 0))


def test_a_wrong_pin_is_counted_on_the_disk_before_it_is_compared() -> None:
    it = locked()
    assert it.keys("*1234#") == [do.KeepLock(KeptLock(HASH, 1))]
    assert "Checking" in said(it)
    assert it.happen(on.LockKept(1, kept=True)) == [do.CheckPin("1234", HASH)]
    it.happen(on.PinChecked(right=False))
    assert it.state.locked
    assert "Wrong PIN" in said(it)


def test_keys_while_it_is_compared_change_nothing() -> None:
    it = locked()
    it.keys("*1234#")
    before = it.state
    assert it.keys("*99#") == []
    assert it.state.lock.typing == before.lock.typing


def test_the_wait_grows_and_is_counted_down() -> None:
    it = locked()
    for _ in range(pins.FREE):
        assert it.now >= it.state.lock.wait_until
        typed(it, "1234#" if it.state.lock.typing else "*1234#")
    assert "Wait 30 seconds" in said(it)
    it.wait(10.5)
    assert "Wait 20 seconds" in said(it)
    assert typed(it, f"{PIN}#") == [], "not even the right one is taken now"
    assert it.state.locked
    it.wait(5)
    it.keys("4")
    it.wait(15)
    it.keys("*" if it.state.lock.typing and it.state.lock.typing.digits else "")
    it.state = replace(it.state, lock=replace(it.state.lock, typing=None))
    typed(it, "*1234#")
    assert "Wait 60 seconds" in said(it)


def test_waits_double_up_to_an_hour() -> None:
    waits = [pins.wait(wrong) for wrong in range(pins.FREE, pins.FREE + 9)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pins.wait(10**9) == 3600
    assert [pins.wait(wrong) for wrong in range(pins.FREE)] == [0, 0, 0]


def test_a_restart_begins_the_wait_anew() -> None:
    it = locked(wrong=5)
    assert typed(it, f"*{PIN}#") == []
    assert "Wait 120 seconds" in said(it)
    it.wait(121)
    typed(it, f"*{PIN}#")
    assert not it.state.locked


def test_a_try_that_the_disk_did_not_count_costs_the_longest_wait() -> None:
    it = locked()
    it.keys("*1234#")
    assert it.happen(on.LockKept(1, kept=False)) == [do.CheckPin("1234", HASH)]
    it.happen(on.PinChecked(right=False))
    assert "Wait 3600 seconds" in said(it)


def test_too_short_a_pin_is_no_try() -> None:
    it = locked()
    assert it.keys("*12#") == []
    assert it.state.lock.wrong == 0
    assert "4 to 8 digits" in said(it)


def test_hash_held_at_rest_locks() -> None:
    it = locked()
    typed(it, f"*{PIN}#")
    hold(it, "#")
    assert it.state.locked
    assert it.state.digits == ""


def test_hash_held_without_a_pin_says_where_one_is_made() -> None:
    it = driver()
    hold(it, "#")
    assert not it.state.locked
    assert locking.NO_PIN in said(it)


def test_it_locks_after_the_idle_time_that_is_configured_and_never_in_use() -> None:
    it = driver(after=5)
    it.state = replace(it.state, lock=Lock(HASH), busy_at=it.now)
    it.lift()
    it.wait(600)
    assert not it.state.locked
    it.hang_up()
    it.wait(299)
    assert not it.state.locked
    it.wait(2)
    assert it.state.locked


def test_a_pin_left_half_typed_is_dropped() -> None:
    it = locked()
    it.keys("*47")
    it.wait(21)
    assert it.state.lock.typing is None
    it.keys("*47")
    it.keys("***")
    assert it.state.lock.typing is None, "* takes back, and goes back behind the first digit"


# --- a PIN -------------------------------------------------------------------------------------------


def new_pin(it: Driver, first: str, second: str) -> None:
    it.state = locking.typing(it.state, PinFor.NEW, it.now)
    typed(it, f"{first}#{second}#")


def test_a_new_pin_is_typed_twice() -> None:
    it = driver()
    new_pin(it, "4711", "4711")
    assert it.state.lock.pin == HASH
    assert it.done[-1] == do.KeepLock(KeptLock(HASH, 0))
    assert not it.state.locked
    assert "PIN set" in said(it)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("4711", "4712", "Not the same PIN"),
        ("1111", "", "Too easy to guess"),
        ("1234", "", "Too easy to guess"),
        ("9876", "", "Too easy to guess"),
        ("471", "", "4 to 8 digits"),
    ],
)
def test_what_is_no_pin_is_refused_in_words(first: str, second: str, words: str) -> None:
    it = driver()
    it.state = locking.typing(it.state, PinFor.NEW, it.now)
    typed(it, f"{first}#" + (f"{second}#" if second else ""))
    assert it.state.lock.pin == ""
    assert words in said(it)


def test_an_emergency_number_is_no_pin() -> None:
    it = driver()
    it.rules = replace(it.rules, country="IN")
    it.state = locking.typing(it.state, PinFor.NEW, it.now)
    typed(it, "2611#")
    assert "Emergency number" in said(it)


def test_changing_and_removing_ask_for_the_old_one() -> None:
    it = locked()
    typed(it, f"*{PIN}#")
    for purpose in (PinFor.CHANGE, PinFor.REMOVE):
        it.state = locking.typing(it.state, purpose, it.now)
        typed(it, "9999#")
        assert it.state.lock.pin == HASH
        assert it.state.lock.wrong == 1
        typed(it, f"{PIN}#")
        assert it.state.lock.wrong == 0
        if purpose is PinFor.CHANGE:
            assert "New PIN" in said(it)
            it.keys("#")
    assert it.state.lock == Lock(typing=None, wait_until=0.0)


def test_a_damaged_pin_is_said() -> None:
    it = driver()
    it.happen(on.StoreChanged(loaded=True, lock_lost=True))
    assert "PIN lost: set a new one" in said(it)
    new_pin(it, PIN, PIN)
    it.wait(10)
    assert "PIN lost" not in said(it)


# --- what is closed ----------------------------------------------------------------------------------


def placed(it: Driver) -> list[do.PlaceCall]:
    return [command for command in it.done if isinstance(command, do.PlaceCall)]


@pytest.mark.parametrize("number", ["2", "030901820", "1120", "#31#030901820"])
def test_no_number_is_dialled(number: str) -> None:
    it = locked()
    it.lift()
    it.keys(number + "#")
    it.wait(10)
    assert placed(it) == []


def test_the_display_names_nobody_by_what_is_typed() -> None:
    it = locked()
    entries = (Entry("Bob Baker", ("+4930901820",)),)
    it.state = replace(it.state, book=Book([Source("people.vcf", entries)]))
    for digits in ("2", "262"):
        it.lift()
        it.keys(digits)
        assert "Bob" not in said(it)
        assert ONLY_HELP in said(it)
        it.hang_up()


@pytest.mark.parametrize("key", "0123456789")
def test_no_long_key_does_anything(key: str) -> None:
    it = locked()
    lamp = on.LampChanged(BOB.uri, Lamp.RINGING, "a;to-tag=1")
    bob = Recent(Party(BOB.uri), it.now)
    it.state = replace(it.state, dialled=bob, caller=bob, lamps=(lamp,))
    hold(it, key)
    it.keys("123456")
    it.wait(20)
    assert placed(it) == []
    assert not it.state.undisturbed
    assert "Bob" not in said(it)


@pytest.mark.parametrize("code", ["#21#", "#26#", "#61#"])
def test_codes_switch_nothing(code: str) -> None:
    it = locked()
    it.state = replace(it.state, undisturbed=True)
    it.keys(code)
    assert (it.state.undisturbed, it.state.forwards) == (True, ())


def test_there_is_no_menu() -> None:
    it = locked()
    hold(it, "*")
    assert it.state.menu is None
    assert isinstance(it.screen, screens.Pages)
    assert it.screen.title == "Unlock"


def test_nobody_is_let_watch() -> None:
    it = locked()
    it.happen(on.DayChanged(it.wall.date()))
    it.happen(on.WatcherAsked(SubscriptionId(1), "sip:carol@phone.test", "presence"))
    it.wait(2)
    it.keys("1")
    assert it.state.grants == ()
    assert "carol" not in said(it)


@pytest.mark.parametrize(
    "event",
    [
        on.DialAsked("sip:bob@phone.test"),
        on.WipeAsked(),
        on.PlaceTyped(None),
        on.PullAsked(),
    ],
)
def test_the_socket_can_do_no_more_than_the_keys(event: on.Event) -> None:
    assert why_not(locked().state, event) == LOCKED
    assert why_not(driver().state, event) == ""


# --- what is not -------------------------------------------------------------------------------------


def test_calls_come_in_and_are_answered_but_lead_nowhere_else() -> None:
    it = locked()
    it.ring_in()
    assert it.out.bell
    assert do.AnswerCall(CallId(2)) in it.lift()
    it.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), Media(Security.END_TO_END)))
    it.wait(1)
    assert it.out.voice
    assert it.keys("1") == [do.SendDigit(CallId(2), "1")]
    hold(it, "0")
    assert "transfer" not in said(it)
    it.keys("2")
    assert it.call.state is CallState.HELD
    it.keys("030901820#")
    assert placed(it) == []
    assert why_not(it.state, on.FeatureAsked(Feature.TRANSFER, "sip:carol@phone.test")) == LOCKED
    it.hang_up()
    assert it.state.locked


def test_a_far_end_sends_nobody_elsewhere() -> None:
    it = locked()
    it.ring_in()
    it.lift()
    it.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), Media(Security.END_TO_END)))
    it.happen(on.TransferAsked(CallId(2), 7, "sip:premium@phone.test"))
    it.wait(2)
    it.keys("1")
    assert placed(it) == []


@pytest.mark.parametrize("before", ["", "*", "*47", "*4711#"])
def test_an_emergency_call_goes_out(before: str) -> None:
    it = locked()
    it.keys(before)
    it.lift()
    it.keys("110#")
    assert [call.exposure.cause for call in placed(it)] == ["emergency"]
    assert it.state.locked


@pytest.mark.parametrize("lifts_first", [True, False])
def test_an_emergency_number_typed_for_a_pin_goes_out(lifts_first: bool) -> None:
    it = locked()
    if lifts_first:
        it.lift()
        it.keys("*110#")
        it.wait(5)
    else:
        it.keys("*110#")
        assert "Lift to call" in said(it)
        it.lift()
        it.wait(5)
    assert [call.exposure.cause for call in placed(it)] == ["emergency"]
    assert it.state.lock.wrong == 0


def test_a_caller_while_the_pin_is_compared_is_answered_and_the_lock_opens() -> None:
    it = locked()
    it.keys(f"*{PIN}#")
    it.ring_in()
    assert isinstance(it.screen, screens.Ringing)
    it.happen(on.LockKept(1, kept=True), on.PinChecked(right=True))
    assert not it.state.locked
    assert it.call.waits


def test_the_state_is_locked_until_the_right_pin_whatever_is_pressed() -> None:
    it = locked()
    for keys in ("0*#", "*#*#", "**21*030901820#", "*0000#" * 3, "##", "*5#"):
        for key in keys:
            it.state, commands = step(it.rules, it.state, on.KeyPressed(key), it.now)
            told(it, list(commands))
        assert it.state.locked
    assert it.state.hook is Hook.ON
