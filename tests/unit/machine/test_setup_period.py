"""The page for setting up, as the keypad and the display know it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import guest as guests
from firmware.phone.config import Config
from firmware.phone.display import screens, views
from firmware.phone.machine import guest, menu, setup
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Lock
from firmware.phone.values import Hook, SettingUp
from firmware.phone.watch import told
from tests.unit.machine.driver import Driver

CODE, FINGERPRINT = "12345678", "AB12" * 16
URL = "https://192.168.1.20/"


def chosen() -> Driver:
    """A telephone whose menu's item was chosen."""
    phone = Driver()
    phone.happen(on.KeyPressed("*"))
    phone.wait(menu.HOLD + 0.1)
    phone.happen(on.KeyReleased("*"))
    assert [type(command) for command in phone.keys("**3")] == [do.BeginSetup]
    return phone


def opened() -> Driver:
    phone = chosen()
    phone.happen(on.SetupBegun(CODE, "192.168.1.20"))
    phone.happen(on.SetupReady(URL, FINGERPRINT))
    return phone


def shown(phone: Driver) -> str:
    return " ".join(views.lines(phone.screen))


def test_nothing_is_open_until_the_keypad_opens_it() -> None:
    phone = Driver()
    for event in (
        on.SetupBegun(CODE, "192.168.1.20"),
        on.SetupReady(URL, FINGERPRINT),
        on.SetupTried(CODE, "x"),
        on.SetupOver("y"),
        on.Tick(),
    ):
        assert phone.happen(event) == []
    assert phone.state.setup is None


def test_a_locked_keypad_does_not_open_it() -> None:
    phone = Driver()
    phone.state = replace(phone.state, locked=True, lock=Lock("hash"))
    phone.happen(on.KeyPressed("*"))
    phone.wait(2)
    phone.happen(on.KeyReleased("*"))
    assert shown(phone).startswith("Unlock PIN:"), "it says so"
    phone.keys("**3")
    assert phone.state.setup is None
    assert not any(isinstance(command, do.BeginSetup) for command in phone.done)


def test_a_guest_is_told_that_it_cannot_be_opened() -> None:
    phone = Driver(Rules.of(guests.config(Config())))
    phone.happen(on.KeyPressed("*"))
    phone.wait(menu.HOLD + 0.1)
    phone.happen(on.KeyReleased("*"))
    assert phone.keys(setup.ITEM) == []
    assert phone.state.setup is None
    assert "Not in guest mode" in shown(phone)


def test_it_is_over_when_a_guest_period_begins() -> None:
    """The owner's telephone answers it no more, and who is in is not to wait for that."""
    phone = opened()
    phone.happen(on.SetupTried(CODE, "session"))
    phone.keys("#")
    while phone.state.menu is not None:
        phone.keys("#")
    phone.happen(on.KeyPressed("*"))
    done = phone.wait(guest.HOLD + 0.1)
    kinds = [type(one) for one in done if isinstance(one, do.EndSetup | do.BeginGuest)]
    assert kinds == [do.EndSetup, do.BeginGuest]
    assert phone.state.setup is None


def test_the_display_shows_where_it_is_the_code_and_the_fingerprint() -> None:
    phone = chosen()
    assert "Starting" in shown(phone)
    phone.happen(on.SetupBegun(CODE, "192.168.1.20"))
    assert CODE[:4] not in shown(phone), "nobody can use it yet"
    phone.happen(on.SetupReady(URL, FINGERPRINT))
    assert isinstance(phone.screen, screens.OpenPage)
    assert shown(phone) == f"{URL} Code 1234 5678 15 min"
    every = []
    for _ in range(5):
        phone.keys("8")
        every.append(shown(phone))
    assert f"{URL} Code: 1234 5678" in every[0]
    assert any("AB12 AB12 AB12 AB12" in page for page in every)


def test_it_stays_on_the_display_while_somebody_types() -> None:
    phone = opened()
    phone.wait(menu.LEFT_ALONE * 3)
    assert isinstance(phone.screen, screens.OpenPage)
    assert "14 min" in shown(phone)
    phone.keys("#")
    assert phone.state.setup is not None, "# goes back, the page stays open"
    phone.keys("###")
    assert "Set-up page is open" in shown(phone)


def test_a_call_comes_first() -> None:
    phone = opened()
    phone.ring_in()
    assert isinstance(phone.screen, screens.Ringing)
    assert phone.state.setup is not None


def test_it_ends_by_time() -> None:
    phone = opened()
    begun = phone.now
    done = phone.wait(setup.PERIOD - 1)
    assert do.EndSetup() not in done
    assert do.EndSetup() in phone.wait(2)
    assert phone.state.setup is None
    assert phone.now - begun > setup.PERIOD
    assert setup.TIME_OVER in shown(phone)


def test_it_ends_by_a_key() -> None:
    phone = opened()
    assert phone.keys("*") == [do.EndSetup()]
    assert phone.state.setup is None
    assert phone.happen(on.SetupTried(CODE, "x")) == []


def test_a_program_that_does_not_come_up_is_told() -> None:
    phone = chosen()
    phone.happen(on.SetupBegun(CODE, "192.168.1.20"))
    assert do.EndSetup() in phone.wait(setup.START_LIMIT + 1)
    assert "did not start" in shown(phone)


def test_no_address_no_page() -> None:
    phone = chosen()
    assert phone.happen(on.SetupOver("No network address: look at the cable.")) == [do.EndSetup()]
    assert "No network address" in shown(phone)


def test_the_right_code_counts_once() -> None:
    phone = opened()
    (kept,) = phone.happen(on.SetupTried(CODE, "s1"))
    assert isinstance(kept, do.KeepSetup)
    assert (kept.setup.session, kept.setup.code) == ("s1", "")
    assert phone.happen(on.SetupTried(CODE, "s2")) == []
    assert phone.happen(on.SetupTried("", "s3")) == []
    assert phone.state.setup is not None
    assert phone.state.setup.session == "s1"
    assert "Somebody is in" in shown(phone)


def test_wrong_codes_wait_and_then_end_it() -> None:
    phone = opened()
    for n in range(1, setup.MOST_WRONG):
        phone.happen(on.SetupTried("0", "x"))
        assert phone.state.setup is not None
        assert phone.state.setup.wrong == n
        phone.happen(on.SetupTried(CODE, "x"))
        assert not phone.state.setup.session, "too soon"
        phone.now += 2.0 ** (n - 1)
    assert phone.happen(on.SetupTried("0", "x")) == [do.EndSetup()]
    assert phone.state.setup is None
    assert "5 wrong codes. Was it you?" in shown(phone)


@pytest.mark.parametrize("code", ["", " ", CODE[:-1], CODE + "0", "１２３４５６７８", "é"])
def test_only_the_code_itself_is_right(code: str) -> None:
    phone = opened()
    phone.happen(on.SetupTried(code, "x"))
    assert phone.state.setup is not None
    assert not phone.state.setup.session


def test_nobody_is_in_before_the_certificate_is_shown() -> None:
    phone = chosen()
    phone.happen(on.SetupBegun(CODE, "192.168.1.20"))
    phone.happen(on.SetupTried(CODE, "x"))
    assert phone.state.setup is not None
    assert not phone.state.setup.session


def test_a_start_anew_goes_on_for_who_was_in_and_no_longer() -> None:
    phone = opened()
    phone.happen(on.SetupTried(CODE, "s1"))
    kept = phone.state.setup
    assert kept is not None
    other = Driver()
    other.now = phone.now + 30
    assert other.happen(on.SetupResumed(kept)) == []
    assert other.state.setup == kept
    for wrong in (
        dataclasses.replace(kept, session=""),
        dataclasses.replace(kept, until=other.now - 1),
        dataclasses.replace(kept, until=other.now + setup.PERIOD + 1),
        SettingUp(0.0),
    ):
        fresh = Driver()
        fresh.now = other.now
        assert fresh.happen(on.SetupResumed(wrong)) == [do.EndSetup()]
        assert fresh.state.setup is None


def test_who_watches_events_is_told_no_code() -> None:
    phone = opened()
    for event in (
        on.SetupBegun(CODE, "h"),
        on.SetupTried(CODE, "s1"),
        on.SetupResumed(SettingUp(1.0, CODE, session="s1")),
    ):
        assert CODE not in str(told(event))
        assert "s1" not in str(told(event))
    assert phone.state.hook is Hook.ON
