"""Updates as the user meets them: notices, keys, wishes, and that no number is ever spoilt by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.language.catalogue import language
from firmware.phone.machine import updates as machine
from firmware.phone.machine.state import State
from firmware.phone.machine.updates import MOST_DAYS, SETTLE, WISH_LIMIT, About, busy, standing
from firmware.phone.risks import risks
from firmware.phone.updates import (
    KnownFlaw,
    News,
    Offered,
    Stage,
    Updates,
    Want,
    Wish,
    as_json,
    parse,
    wish_json,
)
from firmware.phone.values import CallState, EndReason, Hook
from tests.unit.machine.driver import ACCOUNT, Driver

OFFER = Offered("1.3.0", False, 1000, "Calls are answered sooner.", "At night, 2 to 5 h")
KNOWN = Updates(
    "1.2.0",
    server=True,
    offer=OFFER,
    supported_until=date(2031, 12, 31),
    asked=datetime(2026, 11, 23, tzinfo=UTC),
    told=True,
)


def told(updates: Updates = KNOWN) -> Driver:
    """A telephone that the updater has told of ``updates`` some time ago."""
    it = Driver()
    it.happen(on.UpdaterTold(updates))
    it.wait(5)
    return it


def notice(it: Driver) -> screens.Notice:
    assert isinstance(it.screen, screens.Notice), it.screen
    return it.screen


# --- the notice before -------------------------------------------------------------------------------


def test_the_display_says_that_an_update_comes_and_when() -> None:
    shown = notice(told())
    assert shown.title == "Update 1.3.0"
    assert shown.text == "At night, 2 to 5 h. Calls are answered sooner."
    assert shown.keys == "1 now 2 tomorrow # ok"
    assert not shown.grave
    security = notice(told(replace(KNOWN, offer=replace(OFFER, security=True))))
    assert (security.title, security.grave) == ("Security update 1.3.0", True)


@pytest.mark.parametrize(("key", "want", "days"), [("1", Want.INSTALL, 0), ("2", Want.POSTPONE, 1)])
def test_a_key_is_a_wish_once_it_has_stayed_alone(key: str, want: Want, days: int) -> None:
    it = told()
    assert not it.keys(key)
    assert not it.happen(on.KeyReleased(key))
    assert notice(it).keys in ("Now …", "Tomorrow …")
    assert not it.wait(SETTLE - 0.1)
    assert it.wait(0.2) == [do.WakeUpdater()]
    assert it.state.wish == Wish(1, want, days)
    assert it.state.digits == ""
    assert not isinstance(it.screen, screens.Notice)


def test_hash_leaves_it_as_planned() -> None:
    it = told()
    it.keys("#")
    assert not it.wait(SETTLE + 0.1)
    assert it.state.wish is None
    assert isinstance(it.screen, screens.Idle)
    assert it.screen.notice == "Update 1.3.0: menu 6"
    it.happen(on.UpdaterTold(KNOWN))
    assert isinstance(it.screen, screens.Idle)
    it.happen(on.UpdaterTold(replace(KNOWN, offer=replace(OFFER, version="1.4.0"))))
    assert notice(it).title == "Update 1.4.0"


@pytest.mark.parametrize("number", ["112", "110", "1", "2", "21", "#31#5", "*31#2"])
def test_no_number_is_spoilt(number: str) -> None:
    """Dialled with the handset down while the notice stands, then lifted: it is called as it was dialled."""
    it = told()
    for key in number:
        it.keys(key)
        it.happen(on.KeyReleased(key))
        it.wait(0.5)
        it.happen(on.Tick())  # of some other deadline
    it.lift()
    assert it.state.wish is None
    if len(number) > 1:
        assert it.state.live is not None or it.state.calls
        dialled = it.state.calls[-1].peer
        assert number.split("#")[-1] in (dialled.label, dialled.uri) or dialled.label == "Bob"


def test_emergency_number_dialled_over_the_notice() -> None:
    it = told()
    it.rules = replace(ACCOUNT, country="DE")
    commands: list[do.Command] = []
    for key in "112":
        commands += it.keys(key)
        it.wait(0.7)
    commands += it.lift()
    placed = [command for command in commands if isinstance(command, do.PlaceCall)]
    assert [command.uri for command in placed] == ["sip:112@phone.test"]
    assert it.state.wish is None


def test_a_key_that_was_pressed_before_the_notice_was_not_meant_for_it() -> None:
    it = Driver()
    it.keys("1")
    it.happen(on.UpdaterTold(KNOWN))
    it.wait(5)
    assert isinstance(it.screen, screens.Dialling)
    assert it.state.wish is None
    it = Driver()
    it.happen(on.UpdaterTold(KNOWN))
    it.wait(0.9)
    it.keys("1")
    it.wait(5)
    assert it.state.wish is None


@pytest.mark.parametrize("key", ["3", "0", "*"])
def test_other_keys_dial(key: str) -> None:
    it = told()
    it.keys(key)
    assert isinstance(it.screen, screens.Dialling)


def test_a_call_takes_the_display_and_gives_it_back() -> None:
    it = told()
    it.ring_in()
    assert isinstance(it.screen, screens.Ringing)
    it.happen(on.CallFailed(it.call.id, EndReason.MISSED))
    it.wait(6)
    assert notice(it)


def test_a_watcher_is_asked_about_first() -> None:
    it = told()
    assert standing(it.state, it.now) is About.OFFER
    it.lift()
    assert standing(it.state, it.now) is None


@pytest.mark.parametrize(
    "updates",
    [
        replace(KNOWN, offer=None),
        replace(KNOWN, stage=Stage.FETCHING),
        replace(KNOWN, postponed_until=datetime(2026, 11, 25, tzinfo=UTC)),
        Updates(),
    ],
)
def test_nothing_to_say(updates: Updates) -> None:
    assert not isinstance(told(updates).screen, screens.Notice)


# --- while and after ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "percent", "words"),
    [
        (Stage.FETCHING, 24, "Update: 24 %"),
        (Stage.WRITING, 76, "Update: 76 %"),
        (Stage.WAITING, 0, "Update waits for quiet"),
        (Stage.RESTARTING, 100, "Restarting …"),
        (Stage.PROVING, 0, "Trying the update …"),
    ],
)
def test_how_far_it_is(stage: Stage, percent: int, words: str) -> None:
    it = told(replace(KNOWN, stage=stage, percent=percent))
    assert isinstance(it.screen, screens.Idle)
    assert it.screen.notice == words


def test_what_changed_is_shown_until_it_was_seen() -> None:
    new = Updates("1.3.0", server=True, news=News.UPDATED, news_version="1.3.0", notes="Faster.", told=True)
    it = told(new)
    assert (notice(it).title, notice(it).text) == ("Now 1.3.0", "Faster.")
    it.keys("#")
    assert it.wait(SETTLE + 0.1) == [do.WakeUpdater()]
    assert it.state.wish == Wish(1, Want.SEEN)
    assert isinstance(it.screen, screens.Idle)
    it.happen(on.UpdaterTold(replace(new, news=News.NONE, answered=1)))
    assert it.state.wish is None
    assert isinstance(it.screen, screens.Idle)


def test_a_version_that_fell_back_is_named_with_the_reason() -> None:
    back = Updates(
        "1.2.0",
        server=True,
        news=News.BACK,
        news_version="1.3.0",
        result="1.3.0 did not work (call to itself: the tone was not heard); 1.2.0 runs again",
        told=True,
    )
    it = told(back)
    shown = notice(it)
    assert shown.title == "Update undone"
    assert shown.text == ("1.3.0 did not work here; 1.2.0 is back. Call to itself: the tone was not heard")
    assert shown.grave
    assert "update-undone" in {risk.name for risk in risks(it.rules, it.state, date(2026, 11, 23))}


def test_a_fall_back_is_said_before_an_offer() -> None:
    assert notice(told(replace(KNOWN, news=News.BACK, news_version="1.2.5"))).title == "Update undone"


# --- wishes ------------------------------------------------------------------------------------------


def test_a_wish_stands_until_it_is_answered() -> None:
    it = told()
    assert it.happen(on.UpdateWished(Want.CHECK)) == [do.WakeUpdater()]
    it.happen(on.UpdaterTold(KNOWN))
    assert it.state.wish == Wish(1, Want.CHECK)
    assert isinstance(it.screen, screens.Idle)
    assert it.screen.notice == "Looking for updates …"
    it.happen(on.UpdateWished(Want.POSTPONE, 500))
    assert it.state.wish == Wish(2, Want.POSTPONE, MOST_DAYS)
    it.happen(on.UpdaterTold(replace(KNOWN, answered=1)))
    assert it.state.wish is not None
    it.happen(on.UpdaterTold(replace(KNOWN, answered=2)))
    assert it.state.wish is None


def test_a_wish_that_nobody_takes_is_forgotten() -> None:
    it = told()
    it.happen(on.UpdateWished(Want.INSTALL))
    it.wait(WISH_LIMIT - 10)
    it.happen(on.UpdaterTold(replace(KNOWN, stage=Stage.FETCHING)))
    it.wait(WISH_LIMIT - 10)
    assert it.state.wish is not None
    it.wait(20)
    assert it.state.wish is None


def test_an_update_that_waits_hears_when_the_telephone_is_left_alone() -> None:
    it = told(replace(KNOWN, stage=Stage.WAITING))
    assert do.WakeUpdater() not in it.lift()
    it.wait(3)
    assert do.WakeUpdater() in it.hang_up()
    other = told()
    other.lift()
    assert do.WakeUpdater() not in other.hang_up()


@pytest.mark.parametrize("what", ["lift", "digits", "menu", "call"])
def test_in_use(what: str) -> None:
    it = Driver()
    it.wait(100)
    assert not busy(it.state)
    match what:
        case "lift":
            it.lift()
        case "digits":
            it.keys("3")
        case "menu":
            it.happen(on.KeyPressed("*"))
            it.wait(1.1)
            assert it.state.menu is not None
        case "call":
            it.ring_in()
            assert it.call.state is CallState.RINGING
    assert busy(it.state)
    assert it.state.busy_at == it.now if what != "menu" else it.now - it.state.busy_at < 1


def test_since_when_it_is_quiet() -> None:
    it = Driver()
    it.lift()
    it.wait(50)
    it.hang_up()
    end = it.now
    it.wait(300)
    assert it.state.hook is Hook.ON
    assert it.state.busy_at == end


# --- the menu and the risks --------------------------------------------------------------------------


def test_the_menu_has_all_of_it_and_installs() -> None:
    flaw = KnownFlaw("SV-1", "Calls can be heard.")
    it = told(replace(KNOWN, affected=(flaw,), result="1.2.0 is the newest version", notes="Old news."))
    it.happen(on.KeyPressed("*"))
    it.wait(1.1)
    it.happen(on.KeyReleased("*"))
    it.keys("6")
    found = " ".join(machine.lines(it.state, date(2026, 11, 23)))
    for words in (
        "Update 1.3.0: At night",
        "Press 1",
        "affected: Calls can be heard.",
        "until 2031-12-31",
        "Old news",
    ):
        assert words in found
    assert isinstance(it.screen, screens.Pages)
    assert it.keys("1") == [do.WakeUpdater()]
    assert it.state.wish == Wish(1, Want.INSTALL)
    assert it.state.menu is None


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        (Updates(), "has not spoken"),
        (replace(KNOWN, server=False, offer=None), "No update server is set"),
        (replace(KNOWN, mode="off", offer=None), "switched off"),
        (replace(KNOWN, supported_until=date(2026, 11, 22)), "Security updates ended on 2026-11-22."),
        (replace(KNOWN, supported_until=date(2026, 11, 23)), "Security updates until 2026-11-23."),
        (replace(KNOWN, postponed_until=datetime(2026, 11, 25, 12, tzinfo=UTC)), "Put off until 2026-11-25"),
    ],
)
def test_what_the_menu_says(updates: Updates, words: str) -> None:
    assert words in " ".join(machine.lines(State(updates=updates), date(2026, 11, 23)))


@pytest.mark.parametrize(
    ("updates", "name"),
    [
        (Updates(), "no-updates"),
        (replace(KNOWN, server=False), "no-updates"),
        (replace(KNOWN, mode="off"), "no-updates"),
        (replace(KNOWN, affected=(KnownFlaw("a", "b"),)), "known-flaw"),
        (replace(KNOWN, supported_until=date(2026, 11, 22)), "support-ended"),
        (replace(KNOWN, supported_until=date(2027, 1, 22)), "support-ends"),
        (KNOWN, ""),
    ],
)
def test_risks_of_updates(updates: Updates, name: str) -> None:
    names = {"no-updates", "known-flaw", "support-ended", "support-ends", "update-undone"}
    found = {risk.name for risk in risks(ACCOUNT, State(updates=updates), date(2026, 11, 23))} & names
    assert found == ({name} if name else set())


# --- what the updater says ---------------------------------------------------------------------------


def test_its_word_is_read_as_it_was_said() -> None:
    full = replace(
        KNOWN,
        affected=(KnownFlaw("a", "b"),),
        postponed_until=datetime.now(UTC) + timedelta(days=1),
        news=News.BACK,
        stage=Stage.WRITING,
    )
    assert parse(as_json(full)) == full
    assert parse(as_json(Updates())) == Updates(told=True)
    assert wish_json(Wish(3, Want.POSTPONE, 2)) == {"number": 3, "want": "postpone", "days": 2}
    assert wish_json(None) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"version": 1},
        {"version": "x" * 21},
        {"stage": "dial"},
        {"percent": 101},
        {"percent": True},
        {"percent": -1},
        {"offer": {"version": "1.0.0"}},
        {"offer": []},
        {"offer": {"version": "1", "security": 0, "octets": 1, "notes": "", "when": ""}},
        {"affected": [{"id": "a", "text": "b", "more": "c"}]},
        {"affected": [{"id": "a", "text": "b"}] * 21},
        {"affected": {}},
        {"supported_until": "tomorrow"},
        {"asked": "2026-11-23T12:00:00"},
        {"notes": "x" * 4001},
        {"result": None},
        {"news": 3},
        {"server": "yes"},
        {"more": 1},
    ],
)
def test_anything_else_is_refused(lie: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r": | exactly "):
        parse(as_json(KNOWN) | lie)


@pytest.mark.parametrize("told", [None, [], "x", {}])
def test_no_table_is_refused(told: Any) -> None:
    with pytest.raises(ValueError, match="exactly"):
        parse(told)


@pytest.mark.parametrize(
    ("when", "german"),
    [
        ("At night, 2 to 5 h", "Nachts, 2 bis 5 Uhr"),
        ("From 2026-11-24 on, at night, 2 to 5 h", "Ab 24.11.2026 nachts, 2 bis 5 Uhr"),
        ("When you say so", "Wenn Sie es sagen"),
        ("From 2026-99-24 on, at night, 2 to 5 h", "From 2026-99-24 on, at night, 2 to 5 h"),
        ("Never", "Never"),
    ],
)
def test_when_it_is_installed_is_said_in_the_language(when: str, german: str) -> None:
    offer = Offered("1.3.0", False, 1, "Notes.", when)
    found = machine.lines(State(updates=replace(KNOWN, offer=offer)), date(2026, 11, 23))
    assert found[0] == f"Update 1.3.0: {when}."
    assert language("de").say(found[0]) == f"Update 1.3.0: {german}."
