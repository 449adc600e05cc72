"""Help can be called from every state of the telephone, in every country: 9 states, 4 national tables.

Each call leaves within a second of the last key (or of lifting the handset), by the keys alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display.words import lines
from firmware.phone.machine import helping
from firmware.phone.machine.emergency import EVERYWHERE, NUMBERS
from firmware.phone.machine.rules import Line
from firmware.phone.values import (
    CallId,
    CallState,
    Feature,
    Hook,
    Media,
    Registration,
    RegistrationState,
    Security,
    SwitchPosition,
)
from tests.unit.machine.driver import ACCOUNT, Driver

COUNTRIES = ["DE", "GB", "IT", "AU"]
NOW = 1.0
"""Seconds within which the call leaves."""

WORK = Line("Work", "work.test", "tls", "A. Archer", prefix="9")


def dialled(driver: Driver, number: str) -> list[do.Command]:
    driver.lift()
    return driver.keys(number + "#")


def idle(driver: Driver, number: str) -> list[do.Command]:
    return dialled(driver, number)


def ringing(driver: Driver, number: str) -> list[do.Command]:
    """Typed while it rings; lifting the handset calls help, not the caller."""
    driver.ring_in()
    driver.keys(number)
    return driver.lift()


def in_a_call(driver: Driver, number: str) -> list[do.Command]:
    talks(driver)
    driver.happen(on.KeyPressed("0"))
    driver.wait(1.1)
    driver.happen(on.KeyReleased("0"))
    driver.keys("9")
    return driver.keys(number + "#")


def second_call(driver: Driver, number: str) -> list[do.Command]:
    """One is held, the other one spoken with."""
    talks(driver)
    driver.happen(on.FeatureAsked(Feature.HOLD))
    driver.keys("31#")
    answered(driver)
    driver.happen(on.KeyPressed("0"))
    driver.wait(1.1)
    driver.happen(on.KeyReleased("0"))
    driver.keys("9")
    return driver.keys(number + "#")


def do_not_disturb(driver: Driver, number: str) -> list[do.Command]:
    driver.lift()
    driver.keys("*26#")
    driver.hang_up()
    assert driver.state.undisturbed
    return dialled(driver, number)


def not_registered(driver: Driver, number: str) -> list[do.Command]:
    for account in (0, 1):
        failed = Registration(RegistrationState.FAILED, "The server does not answer")
        driver.happen(on.RegistrationChanged(failed, account))
    return dialled(driver, number)


def private(driver: Driver, number: str) -> list[do.Command]:
    driver.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    return dialled(driver, number)


def locked(driver: Driver, number: str) -> list[do.Command]:
    """With a PIN; the same number is dialled as on a telephone that is open."""
    driver.state = replace(driver.state, locked=True)
    assert not [c for c in driver.happen(on.DialAsked("sip:bob@phone.test")) if isinstance(c, do.PlaceCall)]
    return dialled(driver, number)


def as_guest(driver: Driver, number: str) -> list[do.Command]:
    """In guest mode, without an account for guests: by the owner's accounts, who tell who calls."""
    rules = driver.rules
    driver.rules = replace(
        rules, domain="", identity="Guest", contacts=(), more=(), guest=True, helpers=rules.lines
    )
    driver.happen(on.PrivacySwitched(SwitchPosition.OPEN))
    assert driver.state.switch is SwitchPosition.GUEST
    return dialled(driver, number)


def unreadable(driver: Driver, number: str) -> list[do.Command]:
    """The switch is broken, and the display too; a star code asks to hide the caller."""
    driver.happen(on.PrivacySwitched(SwitchPosition.UNREADABLE), on.DisplayChanged("it does not answer"))
    driver.lift()
    return driver.keys(f"*31#{number}#")


STATES: dict[str, Callable[[Driver, str], list[do.Command]]] = {
    "idle": idle,
    "ringing": ringing,
    "in a call": in_a_call,
    "second call in progress": second_call,
    "do not disturb": do_not_disturb,
    "not registered": not_registered,
    "privacy switch on": private,
    "locked": locked,
    "guest mode": as_guest,
}


def talks(driver: Driver) -> None:
    driver.lift()
    driver.keys("2#")
    answered(driver)


def answered(driver: Driver) -> None:
    call = driver.call.id
    driver.happen(on.CallAnswered(call), on.MediaChanged(call, Media(Security.END_TO_END)))


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("state", list(STATES))
def test_help_is_called_from_every_state(state: str, country: str) -> None:
    for number in sorted(EVERYWHERE | NUMBERS[country]):
        driver = Driver(replace(ACCOUNT, country=country, label="Home", more=(WORK,)))
        driver.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
        started, before = time.perf_counter(), driver.now
        way = STATES[state]
        found = [c for c in way(driver, number) if isinstance(c, do.PlaceCall)]
        assert len(found) == 1, (state, number)
        (call,) = found
        assert driver.now - before <= 2 * 1.1 + 0.1, "nothing but holding 0 takes its time"
        assert time.perf_counter() - started < NOW
        assert call.uri.partition("@")[0] == f"sip:{number}"
        assert call.exposure.identity
        assert call.exposure.cause == "emergency"
        assert call.levels[0] is Security.END_TO_END
        assert call.levels[-1] is Security.CLEAR
        every = {n for n, line in enumerate(driver.rules.every) if line.domain}
        assert len(every) == 2
        assert {route.account for route in call.routes} == every
        unheld = [one for one in driver.state.lives if one.unheld]
        assert [one.id for one in unheld] == [call.call_id]
        assert driver.state.waiting is None
        assert "(emergency)" in " ".join(lines(driver.screen))


@pytest.mark.parametrize("country", COUNTRIES)
def test_without_the_last_key_it_is_counted_down(country: str) -> None:
    """The display counts, and the call leaves when it is done: at most a second after the last number."""
    for number in sorted(EVERYWHERE | NUMBERS[country]):
        driver = Driver(replace(ACCOUNT, country=country, digit_timeout=30.0))
        driver.lift()
        driver.keys(number)
        seen = []
        placed: list[do.Command] = []
        while not placed:
            assert driver.now < 100 + helping.COUNTDOWN + NOW
            seen += [line for line in lines(driver.screen) if "Calls in" in line]
            placed = [c for c in driver.wait(0.5) if isinstance(c, do.PlaceCall)]
        assert list(dict.fromkeys(seen)) == [f"Calls in {left} s" for left in (3, 2, 1)]


def test_a_broken_switch_and_display_and_a_code_that_hides_change_nothing() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    (call,) = [c for c in unreadable(driver, "112") if isinstance(c, do.PlaceCall)]
    assert call.exposure.cause == "emergency"


def test_in_a_locked_telephone_what_is_typed_while_it_rings_counts_too() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.state = replace(driver.state, locked=True)
    driver.ring_in()
    driver.keys("112")
    assert [c for c in driver.lift() if isinstance(c, do.PlaceCall)]


def test_who_hangs_up_in_time_has_called_nobody() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.lift()
    driver.keys("112")
    driver.wait(helping.COUNTDOWN - 0.1)
    driver.hang_up()
    driver.wait(60)
    assert not [command for command in driver.done if isinstance(command, do.PlaceCall)]


def test_one_key_more_and_it_is_another_number() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.lift()
    driver.keys("112")
    driver.wait(2)
    driver.keys("4")
    assert "Calls in" not in " ".join(lines(driver.screen))
    driver.wait(5)
    (call,) = [command for command in driver.done if isinstance(command, do.PlaceCall)]
    assert call.exposure.cause == "switch"


def test_digits_typed_while_it_rings_that_are_no_emergency_number_do_nothing() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.ring_in()
    driver.keys("12")
    assert driver.state.digits != "12"
    driver.lift()
    assert driver.call.answering


def test_the_volume_of_the_ringer_stays_where_no_number_has_begun() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.ring_in()
    before = driver.state.volumes.ringer
    driver.keys("8")
    assert driver.state.volumes.ringer == before - 1
    assert not driver.state.digits


def test_who_rings_beside_is_told_busy() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.ring_in(2)
    driver.keys("112")
    found = driver.lift()
    assert do.RefuseCall(CallId(2), 486) in found
    assert driver.state.missed == 1


def test_keys_typed_before_the_telephone_rang_count() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"))
    driver.keys("11")
    driver.ring_in()
    driver.keys("0")
    (call,) = [command for command in driver.lift() if isinstance(command, do.PlaceCall)]
    assert call.uri == "sip:110@phone.test"


def test_identity_is_shown_for_this_call_alone() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"), SwitchPosition.PRIVATE)
    dialled(driver, "112")
    assert driver.state.call(driver.call.id).exposure.identity  # type: ignore[union-attr]
    driver.hang_up()
    assert "They saw Alice. Private again." in lines(driver.screen)
    driver.wait(31)
    dialled(driver, "2")
    assert driver.call.exposure.private


# --- every account, every transport ------------------------------------------------------------------


def test_the_registered_account_is_tried_first_then_all_others_by_every_transport() -> None:
    driver = Driver(replace(ACCOUNT, country="DE", label="Home", more=(WORK,)))
    driver.happen(on.RegistrationChanged(Registration(RegistrationState.FAILED, "x"), 0))
    driver.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED), 1))
    (call,) = [command for command in dialled(driver, "112") if isinstance(command, do.PlaceCall)]
    tried = [(call.account, "")] + [(route.account, route.transport) for route in call.routes]
    assert tried == [(1, ""), (0, ""), (1, "tcp"), (0, "tcp"), (1, "udp"), (0, "udp")]
    assert call.uri == "sip:112@work.test"
    assert [route.uri for route in call.routes][:2] == ["sip:112@phone.test", "sip:112@work.test"]
    assert driver.state.call(call.call_id).account == 1  # type: ignore[union-attr]


def test_the_service_is_called_by_its_name_where_the_account_says_so() -> None:
    driver = Driver(replace(ACCOUNT, country="DE", urn=True))
    (call,) = [command for command in dialled(driver, "110") if isinstance(command, do.PlaceCall)]
    assert call.uri == "urn:service:sos.police"
    assert call.routes[0].uri == "sip:110@phone.test"
    assert "110" in " ".join(lines(driver.screen))


def test_a_number_of_which_nobody_knows_the_service_goes_as_digits() -> None:
    driver = Driver(replace(ACCOUNT, country="CN", urn=True))
    (call,) = [command for command in dialled(driver, "122") if isinstance(command, do.PlaceCall)]
    assert call.uri == "sip:122@phone.test"


def test_the_display_says_by_which_account_it_goes_out_now() -> None:
    driver = Driver(replace(ACCOUNT, country="DE", label="Home", more=(WORK,)))
    dialled(driver, "112")
    assert any("Home" in line for line in lines(driver.screen))
    driver.happen(on.CallRerouted(driver.call.id, 1))
    shown = " ".join(lines(driver.screen))
    assert "Work" in shown
    assert "A. Archer (emergency)" in shown
    assert driver.call.state is CallState.DIALING


def test_a_late_word_of_another_way_changes_nothing_in_a_call_that_is_over() -> None:
    driver = Driver(replace(ACCOUNT, country="DE", more=(WORK,)))
    dialled(driver, "112")
    call = driver.call.id
    driver.hang_up()
    driver.happen(on.CallRerouted(call, 1))
    assert driver.state.live is None
    assert driver.state.hook is Hook.ON
