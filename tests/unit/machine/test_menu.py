"""The menu: how it opens and closes, and what its pages say. Calls that end are handed to the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Account, Config, Contact, Privacy, Secret, Watcher
from firmware.phone.display import screens
from firmware.phone.display.paging import paged, wrapped
from firmware.phone.machine import menu
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Menu, State
from firmware.phone.presence import Grant
from firmware.phone.updates import Noticed, Updates
from firmware.phone.values import CallId, CallRecord, Direction, EndReason, Hook, Party, SwitchPosition
from tests.unit.machine.driver import Driver

BOB = Contact("Bob", "sip:bob@phone.test", 2)
CONFIG = Config(
    account=Account("alice", "phone.test", Secret("x"), display_name="Alice Archer"),
    contacts=(BOB,),
    privacy=Privacy(
        24,
        watchers=(
            Watcher(BOB.uri, "in-call", date(2027, 1, 31)),
            Watcher("sip:old@phone.test", until=date(2026, 11, 22)),
        ),
    ),
)
RULES = Rules.of(CONFIG, (("sottovoce", "9.8.7"), ("pjsua2", "2.17")))
WALL = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def driver() -> Driver:
    return Driver(RULES)


def hold_star(it: Driver) -> None:
    it.happen(on.KeyPressed("*"))
    it.wait(1.1)
    it.happen(on.KeyReleased("*"))


def opened(keys: str = "") -> Driver:
    it = driver()
    hold_star(it)
    it.keys(keys)
    return it


def shown(it: Driver) -> screens.Pages:
    assert isinstance(it.screen, screens.Pages), it.screen
    return it.screen


def text(item: str, state: State, rules: Rules = RULES) -> str:
    """All pages of an item in one line."""
    state = replace(state, menu=Menu(item))
    first = menu.pages(rules, state, 0.0, WALL)
    pages = [menu.pages(rules, replace(state, menu=Menu(item, n)), 0.0, WALL) for n in range(first.of)]
    return " ".join(line for page in pages for line in page.lines)


def test_the_star_held_for_a_second_opens_the_menu() -> None:
    it = driver()
    it.happen(on.KeyPressed("*"))
    it.wait(0.9)
    assert isinstance(it.screen, screens.Dialling)
    it.wait(0.2)
    assert shown(it).lines == ("1 What they see", "2 Who watches me", "3 What is stored", "4 Risks")
    it.happen(on.KeyReleased("*"))
    assert shown(it).title == "Menu"
    assert it.state.digits == ""


def test_a_short_star_is_a_digit() -> None:
    it = driver()
    it.happen(on.KeyPressed("*"), on.KeyReleased("*"))
    it.wait(2)
    assert it.state.digits == "*"
    it.keys("31")
    assert it.state.digits == "*31"


@pytest.mark.parametrize("before", ["1", "*", "12"])
def test_a_star_behind_other_digits_is_a_digit(before: str) -> None:
    it = driver()
    it.happen(*(event for key in before for event in (on.KeyPressed(key), on.KeyReleased(key))))
    it.happen(on.KeyPressed("*"))
    it.wait(2)
    assert it.state.menu is None
    assert it.state.digits == before + "*"


def test_another_key_while_the_star_is_down_is_dialling() -> None:
    it = driver()
    it.happen(on.KeyPressed("*"), on.KeyPressed("3"))
    it.wait(2)
    assert it.state.menu is None
    assert it.state.digits == "*3"


def test_the_star_with_the_handset_lifted_or_in_a_call_opens_nothing() -> None:
    it = driver()
    it.lift()
    hold_star(it)
    assert it.state.menu is None
    it.hang_up()
    it.ring_in()
    hold_star(it)
    assert it.state.menu is None


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ("1", "They see"),
        ("2", "Watchers"),
        ("3", "Stored"),
        ("4", "Risks"),
        ("5", "About"),
        ("6", "Updates"),
        ("7", "Calls"),
    ],
)
def test_a_digit_chooses_and_hash_goes_back(item: str, title: str) -> None:
    it = opened(item)
    assert shown(it).title == title
    it.keys("#")
    assert shown(it).title == "Menu"
    it.keys("#")
    assert isinstance(it.screen, screens.Idle)
    assert it.state.digits == ""


def test_there_is_no_call_list_where_no_history_is_kept() -> None:
    rules = Rules.of(replace(CONFIG, privacy=Privacy()))
    assert "Calls" not in " ".join(menu.pages(rules, State(menu=Menu(page=1)), 0.0, WALL).lines)
    it = Driver(rules)
    hold_star(it)
    it.keys("7")
    assert shown(it).title == "Menu"


def test_pages_turn_round_and_round() -> None:
    it = opened("4")
    last = shown(it).of
    it.keys("2")
    assert shown(it).page == last
    it.keys("8")
    assert shown(it).page == 1
    it.keys("0")
    assert shown(it).page == 2
    it.keys("0" * last)
    assert shown(it).page == 2


def test_it_closes_when_left_alone() -> None:
    it = opened("1")
    it.wait(20)
    it.keys("8")
    it.wait(29)
    assert shown(it)
    it.wait(1.1)
    assert isinstance(it.screen, screens.Idle)


def test_a_call_and_the_handset_close_it() -> None:
    it = opened("3")
    it.ring_in()
    assert isinstance(it.screen, screens.Ringing)
    it.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    it.wait(10)
    assert isinstance(it.screen, screens.Idle)
    it = opened("3")
    it.lift()
    assert it.screen == screens.Dialling("", "", "Alice Archer", lifted=True)
    it.hang_up()
    assert isinstance(it.screen, screens.Idle)
    it = opened("3")
    it.happen(on.DialAsked("sip:bob@phone.test"))
    assert isinstance(it.screen, screens.Calling)


def test_keys_in_the_menu_dial_nothing() -> None:
    it = opened("1234567890*8#AB")
    assert it.state.digits == ""
    assert not any(isinstance(command, do.PlaceCall) for command in it.done)


# --- erasing ----------------------------------------------------------------------------------------


def test_erasing_is_asked_first() -> None:
    it = driver()
    it.state = replace(it.state, missed=4, grants=(Grant("sip:eve@phone.test"),))
    hold_star(it)
    assert it.keys("3*") == []
    assert shown(it).lines == ("All calls, watchers,", "contacts, place?", "* erase", "# keep")
    assert it.keys("*") == [do.Wipe(), do.KeepGrants(())]
    assert shown(it).lines[0] == "Erased."
    assert (it.state.missed, it.state.grants) == (0, ())


@pytest.mark.parametrize("key", "#0123456789")
def test_any_other_key_keeps(key: str) -> None:
    it = opened("3*")
    assert it.keys(key) == []
    assert shown(it).title == "Stored"
    assert it.keys("*") == [], "it is asked again"


@pytest.mark.parametrize("item", ["1", "2", "4", "5", "6", "7", ""])
def test_the_star_erases_nowhere_else(item: str) -> None:
    assert do.Wipe() not in opened(item + "***").done


def test_an_erasure_that_failed_is_said() -> None:
    it = opened("3**")
    it.happen(on.StoreChanged(trouble="Not erased: Read-only file system"))
    assert shown(it).lines[0] == "Not erased: Read-only"
    assert "Erased." not in shown(it).lines


def test_a_wipe_keeps_a_call_in_progress() -> None:
    it = driver()
    it.happen(on.DialAsked("sip:bob@phone.test"))
    it.happen(on.WipeAsked())
    assert it.call.peer.name == "Bob"


# --- what is said -----------------------------------------------------------------------------------


def test_what_they_see_follows_the_switch() -> None:
    assert "Alice Archer alice@phone.test" in text("1", State(switch=SwitchPosition.OPEN))
    for position in (SwitchPosition.PRIVATE, SwitchPosition.UNREADABLE):
        said = text("1", State(switch=position))
        assert "lice" not in said
        assert said.count("nothing") == 2
    assert "cannot be read" in text("1", State())


def test_who_watches_is_who_was_granted_and_is_not_over() -> None:
    state = State(switch=SwitchPosition.OPEN, grants=(Grant("sip:carol@phone.test"),))
    said = text("2", state)
    assert "Bob: open, closed, in a call, until 2027-01-31" in said
    assert "carol@phone.test: open or closed, no end" in said
    assert "old" not in said
    assert "they see nothing" not in said
    assert "they see nothing now" in text("2", replace(state, switch=SwitchPosition.PRIVATE))
    assert "Nobody" in text("2", State(), Rules())


def test_stored_counts_what_is_there() -> None:
    record = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob", 1_800_000_000, 83)
    said = text("3", State(missed=7, history=(record, record)))
    assert "Missed calls: 7" in said
    assert "Call history: 2 (24 hours" in said
    assert "never kept" in text("3", State(), Rules())


def test_about_names_versions_licence_and_protocols() -> None:
    said = text("5", State())
    for word in ("Sottovoce 9.8.7", "pjsua2 2.17", "GPL-3.0-or-later", "RFC 3261", "TLS", "opus"):
        assert word in said


def test_calls_kept_are_listed_the_last_first() -> None:
    at = int(WALL.timestamp())
    early = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob", at - 7200, 83)
    late = CallRecord(Direction.OUT, "sip:+4930901820@phone.test;x=y", "", at, 0)
    said = text("7", State(history=(early, late)))
    assert said == "23.11. 12:00 to +4930901820@phone.tes t, 0:00 23.11. 10:00 from Bob, 1:23"
    assert text("7", State()) == "No calls."


# --- setting ----------------------------------------------------------------------------------------


def test_words_stay_whole_where_they_can() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("abcdefghij k", 4) == ["abcd", "efgh", "ij k"]
    assert wrapped("  ", 4) == []


def test_a_paragraph_that_fits_on_one_page_is_on_one() -> None:
    four = "word word word word"
    assert paged(["a", " ".join([four] * 4), "b"]) == [("a",), (four,) * 4, ("b",)]
    assert paged(["a", " ".join([four] * 2), "b"]) == [("a", four, four, "b")]
    assert paged([]) == [()]
    assert [len(page) for page in paged(["word " * 40])] == [4, 4, 2]


def test_hostile_text_stays_on_its_page() -> None:
    (page,) = paged(["\u202eevil\n\x1b[2J name"])
    assert page == ("evil [2J name",)


# --- the history --------------------------------------------------------------------------------------


def ended(rules: Rules) -> list[do.Command]:
    it = Driver(rules)
    it.lift()
    it.keys("2#")
    it.happen(on.CallAnswered(it.call.id))
    it.wait(83)
    it.happen(on.CallFailed(it.call.id, EndReason.PEER_HUNG_UP))
    it.hang_up()
    it.ring_in()
    it.happen(on.CallFailed(CallId(2), EndReason.MISSED), on.CallFailed(CallId(2), EndReason.MISSED))
    it.wait(60)
    return [command for command in it.done if isinstance(command, do.Remember)]


def test_each_call_that_ends_is_remembered_once() -> None:
    bob = Party("sip:bob@phone.test", "Bob")
    assert ended(RULES) == [do.Remember(Direction.OUT, bob, 83), do.Remember(Direction.IN, bob, 0)]


def test_without_a_history_nothing_is_remembered() -> None:
    assert ended(replace(RULES, config=replace(CONFIG, privacy=Privacy()))) == []


def test_the_store_is_asked_to_look_in_time() -> None:
    it = driver()
    record = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob", 1, 1)
    it.happen(on.StoreChanged((record,), (), 90.0))
    assert it.wait(59) == []
    assert it.wait(1.1) == [do.Expire()]
    it.happen(on.StoreChanged((record,), (), 30.0))
    assert it.wait(29) == []
    assert it.wait(1.1) == [do.Expire()]
    it.happen(on.StoreChanged())
    assert it.wait(300) == []
    it.happen(on.StoreChanged(trouble="Not erased: Read-only file system"))
    assert it.wait(121).count(do.Expire()) == 2


def test_trouble_of_the_disk_is_on_the_display() -> None:
    it = driver()
    it.happen(on.StoreChanged(trouble="Call not kept: No space left on device"))
    assert isinstance(it.screen, screens.Idle)
    assert it.screen.notice.startswith("Call not kept")
    assert it.state.hook is Hook.ON


def test_a_key_leads_from_the_risks_to_the_remedy_of_the_heaviest() -> None:
    it = opened("4")
    said = text("4", it.state)
    assert said.count("Press *") == 1
    assert said.index("Slide the privacy switch") < said.index("Press *: go there")
    it.keys("*")
    assert it.state.menu is not None
    assert it.state.menu.item == "1"
    told = Updates(
        "0.1.0", server=True, told=True, notices=(Noticed("SV-1", DAY, "It rings.", "Unplug it.", True),)
    )
    it = opened("4")
    it.state = replace(it.state, updates=told)
    said = text("4", it.state)
    assert said.index("affected: yes") < said.index("Press *: go there") < said.index("Slide the privacy")
    it.keys("*")
    assert it.state.menu is not None
    assert it.state.menu.item == "6"
    assert "affected: yes" in text("6", it.state)


def test_where_no_remedy_is_at_the_keypad_the_key_stays() -> None:
    it = Driver(Rules(domain="phone.test", identity="Alice"), SwitchPosition.PRIVATE)
    hold_star(it)
    it.keys("4*")
    assert it.state.menu is not None
    assert it.state.menu.item == "4"


DAY = date(2026, 11, 24)
