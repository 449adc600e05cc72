"""Codes before a number, emergency numbers, and what they make of what the called party sees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.machine import emergency, starcodes
from firmware.phone.machine.starcodes import Presentation
from firmware.phone.privacy import Exposure, exposure
from firmware.phone.values import KEYS, SwitchPosition
from tests.unit.machine.driver import ACCOUNT, Driver

PRIVATE, OPEN, UNREADABLE = SwitchPosition.PRIVATE, SwitchPosition.OPEN, SwitchPosition.UNREADABLE
HIDDEN = Exposure(identity=False, presence=True, cause="star code")
EVERY_CODE = [
    (country, code, asks)
    for country in ["", "DE", *starcodes.CODES]
    for code, asks in starcodes.codes(country).items()
]
EVERY_NUMBER = [
    (country, number)
    for country in ["", *emergency.NUMBERS]
    for number in sorted(emergency.EVERYWHERE | emergency.NUMBERS.get(country, frozenset()))
]


def phone(country: str = "", switch: SwitchPosition = OPEN) -> Driver:
    driver = Driver(replace(ACCOUNT, country=country), switch)
    driver.lift()
    return driver


def dialling(driver: Driver) -> screens.Dialling:
    assert isinstance(driver.screen, screens.Dialling)
    return driver.screen


def placed(commands: list[do.Command]) -> do.PlaceCall:
    (command,) = commands
    assert isinstance(command, do.PlaceCall)
    return command


@pytest.mark.parametrize(("country", "code", "asks"), EVERY_CODE)
@pytest.mark.parametrize("switch", SwitchPosition)
def test_each_code_with_a_number(country: str, code: str, asks: Presentation, switch: SwitchPosition) -> None:
    driver = phone(country, switch)
    assert driver.keys(code + "0301234") == [], "nothing in a code dials"
    screen = dialling(driver)
    restricted = asks is Presentation.RESTRICT
    private = restricted or switch is not OPEN
    assert screen.digits == "0301234", "the number without the code"
    assert screen.they_see == ("nothing" if private else "Alice")
    in_vain = not restricted and switch is not OPEN
    assert screen.notice == ("Switch is on private" if in_vain else "")
    command = placed(driver.keys("#"))
    assert command.uri == "sip:0301234@phone.test"
    assert command.exposure == (HIDDEN if restricted and switch is OPEN else exposure(switch))
    assert isinstance(driver.screen, screens.Calling)
    assert driver.screen.they_see == screen.they_see
    driver.hang_up()
    driver.wait(31)
    driver.lift()
    assert placed(driver.keys("0301234#")).exposure == exposure(switch), "for one call only"


@pytest.mark.parametrize(("country", "code", "asks"), EVERY_CODE)
def test_a_code_alone_calls_nobody_and_is_forgotten(country: str, code: str, asks: Presentation) -> None:
    driver = phone(country)
    assert driver.keys(code) == []
    assert driver.wait(20) == [], "it waits for the number"
    assert dialling(driver).digits == ""
    assert dialling(driver).they_see == ("nothing" if asks is Presentation.RESTRICT else "Alice")
    driver.hang_up()
    assert driver.state.digits == ""
    driver.lift()
    assert dialling(driver).they_see == "Alice"
    assert placed(driver.keys("0301234#")).exposure == exposure(OPEN)


def test_hash_after_a_code_alone_calls_nobody() -> None:
    driver = phone("US")
    assert driver.keys("*67#") == []
    assert driver.state.live is None
    assert driver.state.calls == ()


def test_a_code_before_the_handset_is_lifted() -> None:
    driver = Driver()
    driver.keys("*31#1002")
    assert placed(driver.lift()).exposure == HIDDEN


def test_a_code_with_the_digit_timeout() -> None:
    driver = phone()
    driver.keys("*31#1002")
    assert placed(driver.wait(4.1)).exposure == HIDDEN


def test_a_code_with_a_speed_dial() -> None:
    driver = phone()
    driver.keys("*31#2")
    assert dialling(driver).target == "Bob"
    command = placed(driver.keys("#"))
    assert (command.uri, command.exposure) == ("sip:bob@phone.test", HIDDEN)


def test_of_several_codes_the_closed_one_wins() -> None:
    for digits in ("#31#*31#1002", "*31##31#1002", "*82*671002", "1470*31#1002"):
        driver = phone("GB")
        driver.keys(digits)
        command = placed(driver.keys("#"))
        assert (command.uri, command.exposure) == ("sip:1002@phone.test", HIDDEN)


def test_national_codes_work_in_their_country_alone() -> None:
    assert starcodes.split("GB", "1410301234").restricted
    assert starcodes.split("DE", "1410301234") == starcodes.Dialled(None, "1410301234")


def test_the_shorter_code_is_not_taken_for_the_longer() -> None:
    assert starcodes.split("IT", "*67#1002").number == "1002"
    assert starcodes.split("IT", "*671002").number == "1002"


@given(st.text(KEYS, max_size=32), st.sampled_from(["", *starcodes.CODES]))
def test_any_keys_are_taken_apart(keys: str, country: str) -> None:
    dialled = starcodes.split(country, keys)
    assert keys.endswith(dialled.number)
    assert starcodes.split(country, dialled.number).presentation is None, "no code is left"
    if keys.startswith("*31#"):
        assert dialled.restricted


# --- emergency calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("country", "number"), EVERY_NUMBER)
@pytest.mark.parametrize("switch", SwitchPosition)
def test_an_emergency_service_is_told_who_calls(country: str, number: str, switch: SwitchPosition) -> None:
    driver = phone(country, switch)
    driver.keys(number)
    assert dialling(driver).they_see == "Alice (emergency)", "said before the call"
    command = placed(driver.keys("#"))
    assert command.uri == f"sip:{number}@phone.test"
    assert command.exposure == Exposure(identity=True, presence=switch is OPEN, cause="emergency")
    assert isinstance(driver.screen, screens.Calling)
    assert driver.screen.they_see == "Alice (emergency)"


@pytest.mark.parametrize("code", ["*31#", "*67", "#31#"])
def test_no_code_hides_the_caller_from_an_emergency_service(code: str) -> None:
    driver = phone("DE", PRIVATE)
    driver.keys(code + "110")
    assert dialling(driver).they_see == "Alice (emergency)"
    assert dialling(driver).notice == "Hang up to stop"
    assert placed(driver.keys("#")).exposure.cause == "emergency"


@pytest.mark.parametrize("digits", ["1120", "0112", "11", "1", "9110", "110", "*112"])
def test_only_the_exact_number(digits: str) -> None:
    driver = phone("FR", PRIVATE)
    driver.keys(digits)
    assert dialling(driver).they_see == "nothing"
    assert placed(driver.keys("#")).exposure == exposure(PRIVATE)


def test_an_emergency_number_comes_before_a_speed_dial() -> None:
    driver = Driver(replace(ACCOUNT, country="FR", contacts=(replace(ACCOUNT.contacts[0], speed_dial=15),)))
    driver.lift()
    assert placed(driver.keys("15#")).uri == "sip:15@phone.test"


def test_112_and_911_everywhere() -> None:
    for country in ["", "XX", *emergency.NUMBERS]:
        assert emergency.is_emergency(country, "112")
        assert emergency.is_emergency(country, "911")


def test_the_socket_says_what_a_call_is() -> None:
    driver = Driver(switch=OPEN)
    command = placed(driver.happen(on.DialAsked("sip:1002@phone.test", restricted=True)))
    assert command.exposure == HIDDEN
    driver.hang_up()
    driver = Driver(switch=PRIVATE)
    command = placed(driver.happen(on.DialAsked("sip:112@phone.test", emergency=True)))
    assert command.exposure.identity


def test_plan() -> None:
    rules = replace(ACCOUNT, country="GB")
    assert rules.plan("141 1002".replace(" ", "")).restricted
    assert rules.plan("*31#bob").party.uri == "sip:bob@phone.test"
    assert rules.plan("999").emergency
    assert not rules.plan("sip:999@phone.test").emergency, "only dialled digits"
    with pytest.raises(ValueError, match="number is missing after the code"):
        rules.plan("*31#")


# --- the policy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", SwitchPosition)
@pytest.mark.parametrize("restricted", [False, True])
def test_exposure(position: SwitchPosition, restricted: bool) -> None:
    found = exposure(position, restricted=restricted)
    assert found.identity == (position is OPEN and not restricted)
    assert found.presence == (position is OPEN)
    help_ = exposure(position, restricted=restricted, emergency=True)
    assert (help_.identity, help_.presence, help_.cause) == (True, position is OPEN, "emergency")


def test_cause() -> None:
    assert exposure(OPEN, restricted=True).cause == "star code"
    assert exposure(PRIVATE, restricted=True).cause == "switch"
    assert exposure(UNREADABLE, restricted=True).cause == "unreadable"
