"""Which incoming calls ring, with a bell or without, and which are refused with what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.loop import differences
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.screening import Policy, Ring, Screened, matches, pattern, screened
from firmware.phone.values import CallId, CallState, EndReason, Light, Party, Pattern, Trust
from tests.unit.machine.driver import ACCOUNT, Driver

NOBODY = Party("sip:anonymous@anonymous.invalid", "Anonymous", anonymous=True)
STRANGER = Party("sip:eve@phone.test", "Eve")
BOB = Party("sip:bob@phone.test", "Robert")
FORGED = replace(BOB, doubt="the signature is wrong")


def ringing(policy: Policy, peer: Party) -> tuple[Driver, list[do.Command]]:
    driver = Driver(replace(ACCOUNT, screening=policy))
    return driver, driver.happen(on.IncomingCall(CallId(2), peer))


@pytest.mark.parametrize(
    ("policy", "peer", "bell"),
    [
        (Policy(), BOB, True),
        (Policy(), STRANGER, True),
        (Policy(), NOBODY, False),
        (Policy(), FORGED, True),
        (Policy(anonymous=Ring.RING), NOBODY, True),
        (Policy(unknown=Ring.SILENT), STRANGER, False),
        (Policy(unknown=Ring.SILENT), FORGED, False),
        (Policy(unknown=Ring.SILENT), BOB, True),
        (Policy(unknown=Ring.SILENT, anonymous=Ring.RING), NOBODY, True),
        (Policy(blocked=("sip:bob@phone.test", "sip:phone.test")), BOB, True),
    ],
)
def test_bell_or_none(policy: Policy, peer: Party, bell: bool) -> None:
    """A silent call has display and light; contacts always ring."""
    driver, commands = ringing(policy, peer)
    assert commands == [do.AlertCaller(CallId(2))], "the caller hears it ringing all the same"
    assert (driver.out.bell, driver.out.ringing) == (bell, True)
    assert isinstance(driver.screen, screens.Ringing)
    assert driver.screen.silent is not bell
    wanted = (do.Ring(True),) if bell else ()
    assert differences(Outputs(), replace(driver.out, private=True, doubtful=False)) == (
        *wanted,
        do.SetLight(Light.RINGING, Pattern.FAST),
    )


@pytest.mark.parametrize(
    ("policy", "peer", "status"),
    [
        (Policy(anonymous=Ring.REFUSE), NOBODY, 433),
        (Policy(blocked=("sip:eve@phone.test",)), STRANGER, 607),
        (Policy(blocked=("sip:phone.test",)), STRANGER, 607),
        (Policy(blocked=("sip:phone.test",)), FORGED, 607),
        (Policy(blocked=("+4990*",)), Party("sip:+49-900-1@x.test"), 607),
    ],
)
@pytest.mark.parametrize("lifted", [False, True])
def test_refused(policy: Policy, peer: Party, status: int, lifted: bool) -> None:
    """At once, without a trace on display or in the counter; nor does the refused learn that we are busy."""
    driver = Driver(replace(ACCOUNT, screening=policy))
    if lifted:
        driver.lift()
    shown = driver.screen
    assert driver.happen(on.IncomingCall(CallId(2), peer)) == [do.RefuseCall(CallId(2), status)]
    driver.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    assert (driver.screen, driver.state.missed, driver.state.calls) == (shown, 0, ())


def test_blocking_does_not_touch_the_anonymous() -> None:
    """Their address says nothing, so a pattern on it cannot mean them."""
    assert screened(Policy(blocked=("sip:anonymous.invalid",)), NOBODY, False) == Screened(silent=True)


@pytest.mark.parametrize("peer", [FORGED, replace(BOB, anonymous=True)])
def test_a_contact_s_right_is_not_for_who_only_says_so(peer: Party) -> None:
    policy = Policy(unknown=Ring.SILENT, anonymous=Ring.SILENT)
    assert screened(policy, peer, contact=True) == Screened(silent=True)
    assert screened(policy, BOB, contact=True) == Screened()


def test_a_forged_contact_has_not_the_contact_s_name() -> None:
    driver, _ = ringing(Policy(), FORGED)
    assert driver.screen == screens.Ringing("Robert", "bob@phone.test", driver.state.switch, doubtful=True)
    genuine, _ = ringing(Policy(), replace(BOB, trust=Trust.VERIFIED))
    assert genuine.screen == screens.Ringing(
        "Bob", "bob@phone.test", driver.state.switch, trust=Trust.VERIFIED
    )


def test_a_silent_call_is_answered_and_missed_like_any_other() -> None:
    driver, _ = ringing(Policy(), NOBODY)
    assert driver.lift() == [do.AnswerCall(CallId(2))]
    assert not driver.out.ringing
    driver, _ = ringing(Policy(), NOBODY)
    driver.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    assert driver.state.missed == 1


def test_the_next_call_rings_again() -> None:
    driver, _ = ringing(Policy(), NOBODY)
    driver.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    driver.ring_in(4)
    assert driver.call.state is CallState.RINGING
    assert driver.out.bell


@pytest.mark.parametrize(
    ("text", "address", "blocked"),
    [
        ("sip:eve@phone.test", "sip:eve@phone.test", True),
        ("sip:eve@phone.test", "sip:EVE@phone.test", False),
        ("sip:eve@PHONE.test", "sip:eve@phone.test:5060;transport=tls", True),
        ("sip:eve@phone.test", "sip:even@phone.test", False),
        ("sip:phone.test", "sip:anybody@phone.test:5071", True),
        ("sip:phone.test", "sip:anybody@sub.phone.test", False),
        ("+49 900*", "sip:+49900123@x.test", True),
        ("+49 900*", "tel:+49-900-123", True),
        ("+49900*", "sip:+49901@x.test", False),
        ("0900*", "sip:0900123@x.test;user=phone", True),
        ("0900123", "sip:0900123@x.test", True),
        ("0900123", "sip:09001234@x.test", False),
        ("tel:+49900123", "sip:+49900123@x.test", True),
        ("+49900*", "sip:eve@+49900.test", False),
        ("sip:phone.test", "no address", False),
    ],
)
def test_patterns(text: str, address: str, blocked: bool) -> None:
    assert matches(pattern(text), address) is blocked
    assert pattern(pattern(text)) == pattern(text)


@pytest.mark.parametrize(
    "text", ["", "*", "sip:*@phone.test", "+49*00", "eve", "eve@phone.test", "https://x.test"]
)
def test_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"blocks nobody|wrong place"):
        pattern(text)


@given(st.text(max_size=80))
def test_any_address_is_blocked_or_not(address: str) -> None:
    for one in ("sip:eve@phone.test", "sip:phone.test", "+49*", "110"):
        assert matches(one, address) in (True, False)


@pytest.mark.parametrize("peer", [Party("sip:bob@phone.test", "Bob"), Party("sip:x@y.test")])
def test_calls_that_others_send_on_can_be_stopped(peer: Party) -> None:
    """Contacts' too: it is the third party that is stopped."""
    sent_on = replace(peer, sent_on=True)
    for way, status, silent in (
        (Ring.RING, None, False),
        (Ring.SILENT, None, True),
        (Ring.REFUSE, 603, False),
    ):
        policy = Policy(sent_on=way)
        assert screened(policy, sent_on, contact=True) == Screened(silent, status)
        assert screened(policy, peer, contact=True) == Screened()


def test_whom_an_emergency_service_sends_on_gets_through() -> None:
    it = Driver(replace(ACCOUNT, screening=Policy(sent_on=Ring.REFUSE)))
    call = on.IncomingCall(CallId(2), Party("sip:help@phone.test", sent_on=True))
    assert it.happen(call) == [do.RefuseCall(CallId(2), 603)]
    it.state = replace(it.state, help_at=it.now)
    it.happen(on.IncomingCall(CallId(4), call.peer))
    assert it.call.id == 4
