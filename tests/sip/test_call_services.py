"""Forwarding, message waiting, colleagues' lamps, 100rel and session timers, on the wire."""

from __future__ import annotations

import re
import time

import pytest

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.rig.provider import Provider, header

pytestmark = pytest.mark.live

SUMMARY = "Messages-Waiting: yes\r\nMessage-Account: sip:alice@phone.test\r\nVoice-Message: 2/8 (0/2)\r\n"

RINGS = (
    '<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="full" '
    'entity="sip:bob@phone.test"><dialog id="d" call-id="their-call" local-tag="L1" remote-tag="R1" '
    'direction="recipient"><state>early</state></dialog></dialog-info>'
)

BOB = '\n[[contact]]\nname = "Bob"\nuri = "sip:bob@phone.test"\nspeed_dial = 5\nbusy_lamp = true\n'


@pytest.fixture
def provider(lab: Lab) -> Provider:
    """One that the test drives."""
    return lab.add(Provider())


def started(lab: Lab, provider: Provider, extra: str) -> Phone:
    phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider", extra=extra)
    phone.wait_registered()
    return phone


def notify(provider: Provider, subscribe: str, event: str, kind: str, body: str) -> str:
    """Accept a SUBSCRIBE and send its NOTIFY; the phone's answer."""
    provider.respond(subscribe, "200 OK", fields={"Expires": "600"})
    fields = {"Event": event, "Subscription-State": "active;expires=600", "Content-Type": kind}
    dialog = "INVITE" + subscribe.removeprefix("SUBSCRIBE")  # who began it is where that looks
    provider.raw(provider.inside(dialog, "NOTIFY", body=body, fields=fields))
    return provider.wait("SIP/2.0 ")


@pytest.mark.parametrize("switch", ["private", "open"])
def test_messages_wait(lab: Lab, provider: Provider, switch: str) -> None:
    """RFC 3842: the provider is asked under our address, as by REGISTER; light, status and display tell."""
    phone = started(lab, provider, '[phone]\nmessages = true\nmailbox = "0800"\n')
    phone.privacy(switch)
    subscribe = provider.wait("SUBSCRIBE")
    assert header(subscribe, "From").startswith("<sip:alice@phone.test>")
    assert not header(subscribe, "Authorization")
    answer = notify(provider, subscribe, "message-summary", "application/simple-message-summary", SUMMARY)
    assert answer.startswith("SIP/2.0 200")
    phone.wait_screen("2 new messages")
    assert phone.status()["messages"] == {"waiting": True, "new": 2, "old": 8}
    phone.do("sim", "key", "1", "--hold", "1.2")
    invite = provider.wait("INVITE")
    assert invite.startswith("INVITE sip:0800@phone.test")
    assert ("alice" in header(invite, "From")) is (switch == "open")


def test_a_colleagues_call_is_picked_up(lab: Lab, provider: Provider) -> None:
    """RFC 4235: asked with the switch on open alone; the INVITE replaces the early dialog (RFC 3891)."""
    phone = started(lab, provider, BOB)
    time.sleep(1)
    assert provider.none("SUBSCRIBE"), "in private nobody learns that we ask"
    phone.privacy("open")
    subscribe = provider.wait("SUBSCRIBE")
    assert header(subscribe, "Event") == "dialog"
    answer = notify(provider, subscribe, "dialog", "application/dialog-info+xml", RINGS)
    assert answer.startswith("SIP/2.0 200")
    phone.wait_screen("rings at bob")
    assert phone.status()["lamps"] == {"sip:bob@phone.test": "ringing"}
    phone.do("sim", "key", "5", "--hold", "1.2")
    invite = provider.wait("INVITE")
    assert header(invite, "Replaces") == "their-call;to-tag=L1;from-tag=R1;early-only"
    assert header(invite, "Require") == "replaces"
    phone.hook("up")
    phone.hook("down")
    phone.privacy("private")
    phone.wait_status(lambda s: not s["lamps"], 5, "a dark lamp")


@pytest.mark.parametrize("switch", ["private", "open"])
def test_a_forwarded_caller_learns_the_other_address_and_nothing_else(
    lab: Lab, provider: Provider, switch: str
) -> None:
    phone = started(lab, provider, '[phone]\nforward_always = "sip:carol@phone.test"\n')
    phone.privacy(switch)
    phone.wait_screen("forwarded: carol")
    provider.raw(provider.invite(body=provider.description(crypto="1")))
    final = provider.wait("SIP/2.0 302")
    contacts = re.findall(r"(?im)^Contact: (.*)\r$", final)
    assert contacts == ["<sip:carol@phone.test>"]
    told = final.replace(f"To: {header(final, 'To')}", "")
    assert "alice" not in told
    assert not re.search(r"(?im)^(Diversion|History-Info|Reason|Server|User-Agent|Call-Info):", final)
    phone.wait_screen("call forwarded")
    assert phone.status()["missed"] == 1


def test_reliable_provisional_answers_and_a_session_timer(lab: Lab, provider: Provider) -> None:
    """RFC 3262: a 183 with RSeq gets PRACK. RFC 4028: we offer a timer, and refresh when it is ours."""
    phone = started(lab, provider, "")
    phone.hook("up")
    phone.keys("102#")
    provider.respond(provider.wait("INVITE"), "488 Not Acceptable Here")
    invite = provider.wait("INVITE")
    assert header(invite, "Session-Expires").startswith("1800")
    assert {"100rel", "timer"} <= {word.strip() for word in header(invite, "Supported").split(",")}
    provider.respond(invite, "180 Ringing", fields={"Require": "100rel", "RSeq": "1"})
    prack = provider.wait("PRACK")
    assert header(prack, "RAck") == f"1 {header(invite, 'CSeq')}"
    provider.respond(prack, "200 OK")
    phone.wait_call("ringing", direction="out")
    timer = {"Session-Expires": "90;refresher=uac", "Require": "timer"}
    provider.respond(invite, "200 OK", body=provider.answer(invite), fields=timer)
    phone.wait_call("active", security="provider")
    seen = len(provider.got)
    wait_until(
        lambda: [text for text in provider.got[seen:] if text.startswith(("UPDATE", "INVITE"))],
        55,
        "our refresh after 45 s",
        every=0.5,
    )


def test_another_codec_by_our_own_re_invite(lab: Lab, provider: Provider) -> None:
    """Hold and resume are offers of ours; the answer to the second takes another codec: speech goes on."""
    phone = started(lab, provider, "")
    phone.hook("up")
    phone.keys("102#")
    provider.respond(provider.wait("INVITE"), "488 Not Acceptable Here")
    invite = provider.wait("INVITE")
    provider.respond(invite, "200 OK", body=provider.answer(invite))
    phone.wait_call("active", security="provider", codec="pcma")
    for feature, state, codec in (("hold", "held", "8 PCMA/8000"), ("resume", "active", "0 PCMU/8000")):
        phone.do("call", feature)
        again = provider.wait("INVITE")
        assert ("a=sendonly" in again) is (feature == "hold")
        answer = provider.answer(again, codec=codec)
        provider.respond(again, "200 OK", body=answer)
        phone.wait_call(state, security="provider")
        assert provider.hears(again)
    phone.wait_call("active", codec="pcmu")
