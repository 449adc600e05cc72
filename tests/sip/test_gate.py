"""Requests that nobody asked for: who may ring the phone, and what the others get to see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.stranger import Response, Stranger

pytestmark = pytest.mark.live

OPENERS = {
    "Call-Info": "<sip:x@127.0.0.1>;answer-after=0",
    "Alert-Info": "<http://127.0.0.1/ring>;info=alert-autoanswer",
    "Answer-Mode": "Auto",
    "Priv-Answer-Mode": "Auto",
}
"""Header fields that make other telephones answer by themselves."""

PLAIN = {"via", "from", "to", "call-id", "cseq", "content-length"}
"""The fields that every response has (RFC 3261 section 8.2.6.2), and no others."""


def by_its_contact(registrar: Registrar) -> str:
    """The URI under which the registrar knows alice's phone."""
    return registrar.contacts("alice")[0].split(";")[0]


def positions(phone: Phone) -> Iterator[str]:
    """One position of the privacy switch after the other."""
    for position in ("open", "private", "broken"):
        phone.privacy(position)
        yield position


def silent(phone: Phone) -> None:
    """The phone knows of no call."""
    assert phone.status()["calls"] == []


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_call_that_does_not_come_through_the_registrar(lab: Lab, transport: str) -> None:
    """403 without a word more, and no ring: neither for our address nor for the Contact that it should not
    know.
    """
    registrar = lab.registrar(tcp=True, udp=True)
    phone = lab.phone(transport=transport)
    eve = lab.add(Stranger(transport, (phone.address, phone.sip_port)))
    for uri in ("sip:alice@phone.test", by_its_contact(registrar), f"sip:{phone.address}"):
        for method in (
            "INVITE",
            "OPTIONS",
            "SUBSCRIBE",
            "MESSAGE",
            "NOTIFY",
            "REFER",
            "BYE",
            "CANCEL",
            "UPDATE",
        ):
            refusal = eve.ask(method, uri)
            assert (refusal.status, refusal.body) == (403, ""), f"{method} {uri}\n{refusal.text}"
            assert set(refusal.names()) == PLAIN
    assert eve.ask("INVITE", "sip:alice@phone.test", to_tag="guessed").status == 403
    assert eve.ask("INVITE", "sip:alice@phone.test", OPENERS).status == 403
    silent(phone)
    bob = lab.baresip("bob", transport="tcp" if transport == "tcp" else "udp")
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")


def test_over_udp_the_address_alone_is_not_enough(lab: Lab) -> None:
    """One who sends as the registrar's address must know the random Contact as well."""
    registrar = lab.registrar(udp=True)
    phone = lab.phone(transport="udp")
    contact = by_its_contact(registrar)
    registrar.stop()
    forger = lab.add(Stranger("udp", (phone.address, phone.sip_port), registrar.port))
    for uri in ("sip:alice@phone.test", f"sip:alice@{phone.address}:{phone.sip_port}"):
        assert forger.ask("INVITE", uri).status == 403
    silent(phone)
    assert forger.ask("INVITE", contact).status == 180, "and this is what the registrar itself would send"
    phone.wait_call("ringing", direction="in")


def test_over_tcp_the_address_alone_is_not_enough(lab: Lab) -> None:
    """One who connects from the registrar's very address and port has not been connected to by us."""
    registrar = lab.registrar(tcp=True)
    phone = lab.phone(transport="tcp")
    contact = by_its_contact(registrar)
    registrar.stop()
    forger = lab.add(Stranger("tcp", (phone.address, phone.sip_port), registrar.port))
    for uri in ("sip:alice@phone.test", contact):
        assert forger.ask("INVITE", uri).status == 403
    silent(phone)


def test_without_an_account_a_direct_call_rings(lab: Lab) -> None:
    """Nobody stands between: any caller rings, nobody answers for the person, whatever the caller asks."""
    phone = lab.phone(account=False, transport="tcp", registrar=None)
    eve = lab.add(Stranger("tcp", (phone.address, phone.sip_port)))
    uri = f"sip:{phone.address}:{phone.sip_port}"
    ringing = eve.ask("INVITE", uri, OPENERS)
    assert ringing.status == 180
    phone.wait_call("ringing", direction="in")
    assert re.search("<sip:[0-9a-f]{16}@", ringing.header("Contact"))
    assert ringing.header("Privacy") == "id"
    assert not {"server", "warning", "alert-info", "call-info"} & set(ringing.names())


def test_options_say_nothing_in_any_state(lab: Lab) -> None:
    """480 without body and capabilities: idle or in a call, open or private, the same field for field."""
    registrar = lab.registrar(udp=True)
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone()
    prober = lab.add(Stranger("udp", (registrar.address, registrar.port)))
    seen: list[Response] = []
    for _ in positions(phone):
        seen.append(prober.ask("OPTIONS", "sip:alice@phone.test", {"Accept": "application/sdp"}))
    phone.hook("up")
    seen.append(prober.ask("OPTIONS", "sip:alice@phone.test"))
    phone.keys("102#")
    phone.wait_call("active")
    seen.append(prober.ask("OPTIONS", "sip:alice@phone.test"))
    bob.hangup()
    assert {(answer.status, answer.body) for answer in seen} == {(480, "")}
    assert {tuple(answer.names()) for answer in seen} == {tuple(sorted(PLAIN))}


def test_what_nobody_asked_for(lab: Lab) -> None:
    """Through the registrar: 481 or 405 by the method, and 481 for a call that is to replace another one."""
    registrar = lab.registrar(udp=True)
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    invite = registrar.requests("INVITE")[0]
    answer = registrar.responses("INVITE", 200)[0]
    call, ours = invite.header("Call-ID"), invite.header("From").partition(";tag=")[2]
    theirs = answer.header("To").partition(";tag=")[2]
    eve = lab.add(Stranger("udp", (registrar.address, registrar.port)))
    alice = "sip:alice@phone.test"
    assert (
        eve.ask("NOTIFY", alice, {"Event": "message-summary", "Subscription-State": "active"}).status == 481
    )
    assert eve.ask("MESSAGE", alice).status == 405
    assert eve.ask("REFER", alice, {"Refer-To": "<sip:mallory@phone.test>"}).status == 405
    assert "INVITE" in eve.ask("MESSAGE", alice).header("Allow")
    for claim, early in (
        ("nobody;to-tag=1;from-tag=2", 481),
        (f"{call};to-tag={ours};from-tag={theirs}", 486),  # it is up (RFC 3891 section 3)
    ):
        assert eve.ask("INVITE", alice, {"Replaces": claim}).status == 481, "nobody vouches for eve"
        assert eve.ask("INVITE", alice, {"Replaces": f"{claim};early-only"}).status == early
    (only,) = phone.status()["calls"]
    assert only["state"] == "active"
    assert not [event for event in bob.events if event["type"] == "CALL_CLOSED"]


def test_a_far_end_that_transfers_us(lab: Lab) -> None:
    """REFER in a call: the phone calls nobody by itself; without its user's word the transfer fails."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    bob.wait_established()
    bob.command("transfer", "sip:carol@phone.test")
    phone.wait_screen("wants to connect you")
    time.sleep(2)
    assert len(registrar.requests("INVITE")) == 1
    phone.hook("down")
    registrar.wait_message(
        lambda message: message.method == "NOTIFY" and "SIP/2.0 603" in message.body,
        8,
        "the phone to decline",
    )
    assert len(registrar.requests("INVITE")) == 1
