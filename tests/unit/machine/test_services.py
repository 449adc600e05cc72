"""Redial, call-back, speed dial, do not disturb, forwarding, the mailbox and colleagues' telephones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config, Contact
from firmware.phone.config_types import Phone as PhoneOptions
from firmware.phone.display.words import lines
from firmware.phone.values import (
    CallId,
    EndReason,
    Lamp,
    Light,
    Messages,
    Party,
    Pattern,
    Registration,
    RegistrationState,
    SwitchPosition,
)
from tests.unit.machine.driver import ACCOUNT, BOB, Driver
from tests.unit.machine.test_several import function, tap

RINGS = "a-call;to-tag=1;from-tag=2;early-only"
ANNA = Contact("Anna", "sip:anna@phone.test", 5, busy_lamp=True)


def phone(**options: object) -> Driver:
    config = Config(phone=PhoneOptions(**options))  # type: ignore[arg-type]
    it = Driver(replace(ACCOUNT, contacts=(BOB, ANNA), config=config, country="DE"))
    it.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
    return it


def hold(it: Driver, key: str) -> list[do.Command]:
    done = it.happen(on.KeyPressed(key))
    done += it.wait(1.1)
    return done + it.happen(on.KeyReleased(key))


def placed(done: list[do.Command]) -> list[do.PlaceCall]:
    return [command for command in done if isinstance(command, do.PlaceCall)]


def test_redial_for_some_minutes_and_after_a_wipe_no_more() -> None:
    it = phone()
    it.lift()
    tap(it, "31#")
    it.hang_up()
    assert [call.uri for call in placed(function(it, "1"))] == ["sip:31@phone.test"]
    it.hang_up()
    it.wait(601)
    assert placed(function(it, "1")) == []
    it.lift()
    tap(it, "31#")
    it.hang_up()
    it.happen(on.WipeAsked())
    assert placed(function(it, "1")) == []


def test_redial_hides_who_calls_where_the_call_did() -> None:
    it = phone()
    it.lift()
    tap(it, "*31#31#")
    it.hang_up()
    (again,) = placed(function(it, "1"))
    assert again.exposure.private


def test_the_last_caller_is_called_back_but_nobody_who_hides_or_lies() -> None:
    for party in (Party("sip:anonymous@anonymous.invalid", anonymous=True), Party(BOB.uri, doubt="forged")):
        it = phone()
        it.happen(on.IncomingCall(CallId(2), party), on.CallFailed(CallId(2), EndReason.MISSED))
        assert placed(function(it, "2")) == []
    it = phone()
    it.ring_in(2)
    it.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    assert [call.uri for call in placed(function(it, "2"))] == [BOB.uri]


def test_nothing_is_remembered_where_that_is_off() -> None:
    it = phone(redial_minutes=0)
    it.lift()
    tap(it, "31#")
    it.hang_up()
    it.ring_in(2)
    assert (it.state.dialled, it.state.caller) == (None, None)


def test_a_long_digit_calls_its_contact_a_short_one_is_a_digit() -> None:
    it = phone(mailbox="0800")
    assert [call.uri for call in placed(hold(it, "2"))] == [BOB.uri]
    it.hang_up()
    it.happen(on.HangUpAsked())
    it.wait(31)
    assert [call.uri for call in placed(hold(it, "1"))] == ["sip:0800@phone.test"]
    it.happen(on.HangUpAsked())
    it.wait(31)
    assert placed(hold(it, "7")) == []
    assert it.state.digits == "7"


def test_do_not_disturb_is_busy_to_callers_and_said() -> None:
    it = phone()
    function(it, "3")
    it.wait(6)
    assert "Do not disturb" in lines(it.screen)
    assert it.ring_in(2) == [do.RefuseCall(CallId(2), 486)]
    assert (it.state.missed, it.out.ringing) == (1, False)
    it.lift()
    tap(it, "#26#")
    it.hang_up()
    assert it.ring_in(4) == [do.AlertCaller(CallId(4))]


def test_after_an_emergency_call_everybody_rings_for_half_an_hour() -> None:
    it = phone(forward_always="31")
    function(it, "3")
    it.lift()
    tap(it, "112#")
    it.hang_up()
    assert it.ring_in(2) == [do.AlertCaller(CallId(2))]
    it.happen(on.HangUpAsked())
    it.wait(1801)
    assert it.ring_in(4) == [do.ForwardCall(CallId(4), "sip:31@phone.test")]


@pytest.mark.parametrize("text", ["31", "sip:31@phone.test"])
def test_always_forwards_with_302_and_says_so(text: str) -> None:
    it = phone(forward_always=text)
    assert "Forwarded: 31" in lines(it.screen)
    assert it.ring_in(2) == [do.ForwardCall(CallId(2), "sip:31@phone.test")]
    assert "Call forwarded" in lines(it.screen)
    function(it, "4")
    assert it.ring_in(4) == [do.AlertCaller(CallId(4))]


def test_busy_and_no_answer() -> None:
    it = phone(forward_busy="31", forward_no_answer="32", forward_after=10)
    it.ring_in(2)
    assert it.wait(10.1) == [do.ForwardCall(CallId(2), "sip:32@phone.test")]
    it.lift()
    assert it.ring_in(4) == [do.ForwardCall(CallId(4), "sip:31@phone.test")]


def test_the_codes_of_the_fixed_network() -> None:
    it = phone()
    it.lift()
    tap(it, "*21*31#")
    assert it.ring_in(2) == [do.ForwardCall(CallId(2), "sip:31@phone.test")]
    tap(it, "#21#")
    it.hang_up()
    assert it.ring_in(4) == [do.AlertCaller(CallId(4))]
    it = phone()
    it.lift()
    tap(it, "*67*31#")
    assert it.ring_in(2) == [do.ForwardCall(CallId(2), "sip:31@phone.test")], "busy: the handset is lifted"
    assert placed(tap(it, "*6731#")), "without the second star it hides who calls, as before"


def test_messages_light_display_and_one_key() -> None:
    it = phone(mailbox="0800")
    it.happen(on.MessagesChanged(Messages(True, 2, 1)))
    assert it.out.lights[Light.MESSAGE] is Pattern.SLOW
    assert "2 new messages: hold 1" in lines(it.screen)
    it.happen(on.MessagesChanged(Messages(False, 0, 3)))
    assert it.out.lights[Light.MESSAGE] is Pattern.OFF


def test_a_colleague_is_asked_only_while_the_switch_is_open() -> None:
    it = phone()
    assert it.out.lamps == (ANNA.uri,)
    it.happen(on.LampChanged(ANNA.uri, Lamp.RINGING, RINGS))
    assert it.state.lamps
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    assert not it.out.lamps
    assert not it.state.lamps
    it.happen(on.LampChanged(ANNA.uri, Lamp.RINGING, RINGS), on.LampChanged(BOB.uri, Lamp.BUSY))
    assert not it.state.lamps


@pytest.mark.parametrize("keys", ["function", "long"])
def test_a_call_that_rings_at_a_colleagues_is_taken(keys: str) -> None:
    it = phone()
    it.happen(on.LampChanged(ANNA.uri, Lamp.RINGING, RINGS))
    assert "Hold 0: rings at Anna" in lines(it.screen)
    (call,) = placed(function(it, "6") if keys == "function" else hold(it, "5"))
    assert (call.uri, call.replaces) == (ANNA.uri, RINGS)
