"""Guest mode at the keypad, and what of the owner is in a guest's telephone: nothing, but for help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import guest as guests
from firmware.phone.config import Account, Block, Config, Contact, Privacy, Secret, Sip, Watcher
from firmware.phone.config_types import Guest
from firmware.phone.display.words import lines
from firmware.phone.machine import guest
from firmware.phone.machine.rules import Rules
from firmware.phone.period import Period
from firmware.phone.privacy import exposure
from firmware.phone.values import Registration, RegistrationState, SwitchPosition
from tests.unit.machine.driver import ACCOUNT, Driver

OWNER = Config(
    account=Account("alice", "phone.test", Secret("wonderland"), "alice-login", display_name="Alice Archer"),
    more=(Account("archer", "work.test", Secret("looking-glass"), "archer"),),
    sip=Sip(port=5071, cert_file=Path("/own.pem"), key_file=Path("/own.key")),
    contacts=(Contact("Bob", "sip:bob@phone.test", 2),),
    privacy=Privacy(
        history_hours=24, watchers=(Watcher("sip:bob@phone.test"),), blocks=(Block("sip:eve@phone.test"),)
    ),
    guest=Guest(domain="guests.test"),
)
PERSONAL = ("alice", "archer", "wonderland", "looking-glass", "phone.test", "work.test", "bob", "eve", "own.")


def held(driver: Driver, seconds: float) -> list[do.Command]:
    driver.happen(on.KeyPressed("*"))
    found = driver.wait(seconds)
    return found + driver.happen(on.KeyReleased("*"))


def asked(commands: list[do.Command]) -> list[do.Command]:
    return [one for one in commands if isinstance(one, do.BeginGuest | do.EndGuest)]


def test_one_long_key_press_begins_it_and_one_ends_it() -> None:
    driver = Driver()
    assert asked(held(driver, guest.HOLD + 0.1)) == [do.BeginGuest()]
    assert driver.state.menu is None
    assert driver.state.digits == ""
    driver = Driver(Rules.of(guests.config(OWNER)))
    assert asked(held(driver, guest.HOLD + 0.1)) == [do.EndGuest()]


def test_a_shorter_one_opens_the_menu_as_ever() -> None:
    driver = Driver()
    assert asked(held(driver, guest.HOLD - 0.2)) == []
    assert driver.state.menu is not None
    assert asked(driver.wait(20)) == []


@pytest.mark.parametrize("way", ["another key", "lifted", "a call", "locked", "in the menu", "after a digit"])
def test_it_does_not_begin_by_accident(way: str) -> None:
    driver = Driver()
    if way == "locked":
        driver.state = replace(driver.state, locked=True)
    if way == "in the menu":
        held(driver, 1.5)
    if way == "after a digit":
        driver.keys("1")
    driver.happen(on.KeyPressed("*"))
    driver.wait(2)
    match way:
        case "another key":
            driver.keys("5")
        case "lifted":
            driver.lift()
        case "a call":
            driver.ring_in()
    assert asked(driver.wait(10)) == []


def test_the_switch_counts_as_private_whatever_it_says() -> None:
    driver = Driver(Rules.of(guests.config(OWNER)), SwitchPosition.UNREADABLE)
    for position in (SwitchPosition.OPEN, SwitchPosition.PRIVATE, SwitchPosition.UNREADABLE):
        driver.happen(on.PrivacySwitched(position))
        shown = exposure(driver.state.switch)
        assert (shown.private, shown.presence, shown.cause) == (True, False, "guest")
        assert driver.out.private
    assert [c.exposure.cause for c in driver.done if isinstance(c, do.SetExposure)] == ["guest"]


def test_the_display_says_that_it_is_a_guest_s() -> None:
    driver = Driver(Rules.of(guests.config(OWNER)))
    driver.happen(on.PrivacySwitched(SwitchPosition.OPEN))
    driver.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
    shown = " ".join(lines(driver.screen))
    assert "Guest" in shown
    assert "Private" in shown


def test_nothing_of_the_owner_is_in_it_but_the_ways_to_help() -> None:
    """Every field of the configuration is looked through; the helpers are the one exception."""
    made = replace(guests.config(OWNER), helpers=(), source=None)
    text = repr(made).casefold() + (made.account.password.reveal() if made.account else "")
    assert not [word for word in PERSONAL if word in text]
    assert (made.privacy, made.sip.port, made.contacts) == (Privacy(), None, ())


def test_two_periods_have_two_names_at_the_provider() -> None:
    users = {guests.config(OWNER).account.user for _ in range(20)}  # type: ignore[union-attr]
    assert len(users) == 20
    assert not guests.config(replace(OWNER, guest=Guest())).accounts


def test_nobody_but_help_is_called_by_the_owner_s_accounts() -> None:
    """By key, prefix, address or speed dial: all goes by the guest's account."""
    rules = Rules.of(guests.config(OWNER))
    for text in ("sip:carol@phone.test", "sip:carol@work.test", "2", "030123456"):
        assert rules.plan(text).account == 0
        assert rules.plan(text).party.uri.endswith(("@phone.test", "@work.test", "@guests.test"))
    helped = rules.plan("112")
    assert (helped.account, helped.party.uri) == (1, "sip:112@phone.test")
    driver = Driver(rules)
    for key in "ABCD":
        driver.happen(on.KeyPressed(key))
        assert driver.state.picked is None
        driver.wait(20)


def test_a_guest_without_account_calls_help_all_the_same() -> None:
    driver = Driver(Rules.of(guests.config(replace(OWNER, guest=Guest()))))
    driver.happen(on.PrivacySwitched(SwitchPosition.OPEN))
    driver.lift()
    driver.keys("112")
    assert "Alice Archer (emergency)" in " ".join(lines(driver.screen))
    (call,) = [one for one in driver.keys("#") if isinstance(one, do.PlaceCall)]
    assert (call.account, call.uri, call.exposure.cause) == (1, "sip:112@phone.test", "emergency")
    assert {route.account for route in call.routes} == {1, 2}


def test_what_cannot_begin_is_said(tmp_path: Path) -> None:
    driver = Driver(ACCOUNT)
    driver.happen(on.GuestRefused("No guest mode: Permission denied"))
    assert "No guest mode" in " ".join(lines(driver.screen))


def test_a_period_is_a_folder_and_its_end_leaves_nothing(tmp_path: Path) -> None:
    period = Period(tmp_path / "guest")
    assert not period.running
    period.begin()
    (period.folder / "history").write_bytes(b"x")
    assert Period(tmp_path / "guest").running, "over a restart of the program it goes on"
    period.end()
    assert list(tmp_path.iterdir()) == []
    period.end()
