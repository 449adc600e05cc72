"""Up to four accounts: which one a call goes by, which one is called, and what the display says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Account, Config, Contact, Phone, Secret
from firmware.phone.config_types import Dial
from firmware.phone.display.words import lines
from firmware.phone.machine.rules import Rules
from firmware.phone.status import accounts
from firmware.phone.values import (
    CallId,
    EndReason,
    Hook,
    Party,
    Registration,
    RegistrationState,
    SwitchPosition,
)
from tests.unit.machine.driver import Driver

CONFIG = Config(
    account=Account("alice", "phone.test", Secret("x"), display_name="Alice", name="Home"),
    more=(
        Account("a.archer", "work.test", Secret("y"), display_name="A. Archer", name="Work", prefix="9"),
        Account("club", "club.test", Secret("z"), prefix="*8", transport="udp"),
    ),
    contacts=(Contact("Bob", "sip:bob@phone.test", 2), Contact("Boss", "sip:boss@work.test", 3)),
    dials=(
        Dial("0[1-9].", 1, "+49"),
        Dial("00.", 2, "+", account="Work"),
        Dial("[1-7]XX", at_once=True, account="Work"),
    ),
    phone=Phone(country="DE"),
)
RULES = Rules.of(CONFIG)
UP = Registration(RegistrationState.REGISTERED)


def driver() -> Driver:
    made = Driver(RULES)
    for account in range(3):
        made.happen(on.RegistrationChanged(UP, account))
    made.lift()
    made.hang_up()  # the display is awake
    return made


def placed(commands: list[do.Command]) -> tuple[int, str]:
    (call,) = [command for command in commands if isinstance(command, do.PlaceCall)]
    return call.account, call.uri


@pytest.mark.parametrize(
    ("dialled", "account", "uri"),
    [
        ("102", 0, "sip:102@phone.test"),
        ("9102", 1, "sip:102@work.test"),
        ("*8102", 2, "sip:102@club.test"),
        ("9", 0, "sip:9@phone.test"),
        ("2", 0, "sip:bob@phone.test"),
        ("3", 1, "sip:boss@work.test"),
        ("92", 1, "sip:bob@phone.test"),
        ("*31#9102", 1, "sip:102@work.test"),
        ("112", 0, "sip:112@phone.test"),
        ("9112", 1, "sip:112@work.test"),
        ("030901820", 0, "sip:+4930901820@phone.test"),
        ("9030901820", 1, "sip:+4930901820@work.test"),
        ("9004420", 1, "sip:+4420@work.test"),
        ("004420", 0, "sip:004420@phone.test"),
    ],
)
def test_keys_before_the_number_pick_the_account(dialled: str, account: int, uri: str) -> None:
    phone = driver()
    phone.lift()
    assert placed(phone.keys(dialled + "#")) == (account, uri)
    assert phone.call.account == account


def test_a_rule_of_one_account_ends_no_number_of_another() -> None:
    phone = driver()
    phone.lift()
    assert placed(phone.keys("9123")) == (1, "sip:123@work.test")
    phone = driver()
    phone.lift()
    assert not phone.keys("123")


def test_what_will_be_dialled_is_shown_before_with_account_and_identity() -> None:
    phone = driver()
    phone.lift()
    phone.keys("9030901820")
    shown = lines(phone.screen)
    assert shown[0] == "Work: +49 30 901820"
    assert "They see: A. Archer" in shown


def test_hold_0_and_7_picks_the_account_of_the_next_call_alone() -> None:
    phone = driver()
    phone.happen(on.KeyPressed("0"))
    phone.wait(1.1)
    phone.happen(on.KeyReleased("0"))
    phone.keys("7")
    assert "Next call: Work" in lines(phone.screen)
    phone.lift()
    assert lines(phone.screen)[0] == "Work: New call"
    assert placed(phone.keys("102#")) == (1, "sip:102@work.test")
    phone.hang_up()
    phone.lift()
    assert placed(phone.keys("102#")) == (0, "sip:102@phone.test")


@pytest.mark.parametrize(("key", "account"), [("A", 0), ("B", 1), ("C", 2)])
def test_a_key_of_the_fourth_column_picks_it_too(key: str, account: int) -> None:
    phone = driver()
    phone.lift()
    phone.keys(key)
    assert placed(phone.keys("102#"))[0] == account


def test_a_key_that_has_no_account_is_a_key() -> None:
    phone = driver()
    phone.lift()
    phone.keys("D")
    assert phone.state.digits == "D"
    assert phone.state.picked is None


def test_a_prefix_counts_more_than_a_key() -> None:
    phone = driver()
    phone.lift()
    phone.keys("C")
    assert placed(phone.keys("9102#"))[0] == 1


def test_an_incoming_call_shows_whom_it_is_for_and_call_back_goes_the_same_way() -> None:
    phone = driver()
    phone.happen(on.IncomingCall(CallId(2), Party("sip:carol@work.test"), account=1))
    assert "For Work" in lines(phone.screen)
    phone.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    phone.wait(31)
    phone.happen(on.KeyPressed("0"))
    phone.wait(1.1)
    phone.happen(on.KeyReleased("0"))
    assert placed(phone.keys("2"))[0] == 1


def test_redial_goes_by_the_same_account() -> None:
    phone = driver()
    phone.lift()
    phone.keys("9102#")
    phone.hang_up()
    phone.wait(31)
    phone.happen(on.KeyPressed("0"))
    phone.wait(1.1)
    phone.happen(on.KeyReleased("0"))
    assert placed(phone.keys("1")) == (1, "sip:102@work.test")


def test_one_that_is_not_registered_is_named() -> None:
    phone = driver()
    assert "Home, Work, club@club.test" in lines(phone.screen)
    phone.happen(on.RegistrationChanged(Registration(RegistrationState.FAILED, "No way"), 1))
    assert "Work: No way" in lines(phone.screen)
    assert phone.state.registration == UP
    told = accounts(RULES, phone.state)
    assert [one["registration"] for one in told] == ["registered", "failed", "registered"]
    assert [one["transport"] for one in told] == ["tls", "tls", "udp"]
    phone.happen(on.RegistrationChanged(UP, 1))
    assert "Home, Work, club@club.test" in lines(phone.screen)


def test_one_account_is_shown_as_before() -> None:
    phone = Driver(Rules.of(replace(CONFIG, more=(), dials=())))
    phone.happen(on.RegistrationChanged(UP))
    phone.lift()
    phone.hang_up()
    assert lines(phone.screen)[-1] == "Alice"
    phone.lift()
    phone.keys("A")
    assert phone.state.digits == "A"
    assert phone.state.hook is Hook.OFF


def test_private_hides_every_account() -> None:
    for number in ("102", "9802", "*8102"):
        phone = Driver(RULES, SwitchPosition.PRIVATE)
        phone.lift()
        phone.keys(number)
        assert "They see: nothing" in lines(phone.screen)
        (call,) = [c for c in phone.keys("#") if isinstance(c, do.PlaceCall)]
        assert call.exposure.private


def test_without_an_account_there_is_none_to_tell_of() -> None:
    assert accounts(Rules.of(Config()), Driver().state) == []
