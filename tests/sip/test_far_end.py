"""Far ends that do what the standards allow and few telephones do, and some that do what they forbid."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.provider import Provider, header

pytestmark = pytest.mark.live


@pytest.fixture
def provider(lab: Lab) -> Provider:
    """One that the test drives."""
    return lab.add(Provider())


@pytest.fixture
def phone(lab: Lab, provider: Provider) -> Iterator[Phone]:
    """The phone behind that provider; it ends well whatever it was sent."""
    phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider")
    phone.wait_registered()
    yield phone
    assert phone.process.alive


def dial(phone: Phone, provider: Provider) -> str:
    """The INVITE that offers SDES: the first, with DTLS-SRTP alone, is refused."""
    phone.hook("up")
    phone.keys("102#")
    first = provider.wait("INVITE")
    provider.respond(first, "488 Not Acceptable Here")
    return provider.wait("INVITE")


def called(phone: Phone, provider: Provider, **offer: str) -> tuple[str, str]:
    """A call to the phone that is up: our INVITE and its 200."""
    invite = provider.invite(body=provider.description(**{"crypto": "1"} | offer))  # type: ignore[arg-type]
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    provider.ack(invite, final)
    phone.wait_call("active", security="provider")
    return invite, final


def again(provider: Provider, dialog: str, body: str) -> str:
    """A further INVITE inside the dialog; the phone's final answer, acknowledged."""
    invite = provider.inside(dialog, "INVITE", body=body)
    provider.raw(invite)
    final = provider.wait("SIP/2.0 ")
    while final.startswith("SIP/2.0 1"):
        final = provider.wait("SIP/2.0 ")
    provider.ack(invite, final)
    return final


def test_reinvites(phone: Phone, provider: Provider) -> None:
    """Another codec, another port, hold in each manner; clear media are refused, the call stays secret."""
    _, final = called(phone, provider)
    assert provider.hears(final)
    moved = again(provider, final, provider.description(crypto="1", moved=True, version=2))
    assert moved.startswith("SIP/2.0 200")
    assert provider.hears(moved, moved=True)
    pcmu = provider.description(crypto="1", codec="0 PCMU/8000", moved=True, version=3)
    other = again(provider, final, pcmu)
    assert other.startswith("SIP/2.0 200")
    assert provider.hears(other, moved=True)
    phone.wait_call("active", codec="pcmu", security="provider")
    clear = again(provider, final, provider.description(profile="RTP/AVP", moved=True, version=4))
    assert clear.startswith("SIP/2.0 488"), clear
    phone.wait_call("active", security="provider")
    assert provider.hears(other, moved=True), "the call goes on with the keys it had"
    for version, way in enumerate(("sendonly", "inactive", "recvonly"), 5):
        held = again(provider, final, provider.description(crypto="1", way=way, version=version))
        assert held.startswith("SIP/2.0 200")
        if way != "recvonly":
            phone.wait_screen("on hold")
    back = again(provider, final, provider.description(crypto="1", version=9))
    assert provider.hears(back)
    assert "on hold" not in phone.screen()
    provider.raw(provider.inside(final, "BYE"))
    phone.wait_screen("they hung up")


def test_a_digit_lasts_as_long_as_its_clock_says(phone: Phone, provider: Provider) -> None:
    """The far end's events count at 8 kHz whatever its codec: 200 ms are 1600 (RFC 4733 section 2.3.5)."""
    for codec in ("96 opus/48000/2", "9 G722/8000", "8 PCMA/8000"):
        _, final = called(phone, provider, codec=codec)
        phone.keys("5")
        events = provider.events(final, 1)
        assert {event[0] for event in events} == {5}
        assert [int.from_bytes(event[2:]) for event in events] == [*range(160, 1600, 160), 1600, 1600, 1600]
        assert [event[1] >> 7 for event in events] == [0] * 9 + [1] * 3
        phone.hook("down")
        provider.respond(provider.wait("BYE"), "200 OK")
        phone.wait_idle()


def test_hold_longer_than_keys_are_waited_for(phone: Phone, provider: Provider) -> None:
    """An inactive call is not ended after the 10 s that a call without keys is given."""
    _, final = called(phone, provider)
    again(provider, final, provider.description(crypto="1", way="inactive", version=2))
    time.sleep(11)
    phone.wait_screen("on hold")
    back = again(provider, final, provider.description(crypto="1", version=3))
    assert provider.hears(back)


def test_video_and_text_are_declined(phone: Phone, provider: Provider) -> None:
    """Offered beside audio, encrypted or not, they get port 0; the call comes about."""
    for profile in ("RTP/SAVP", "RTP/AVP", "RTP/SAVPF"):
        crypto = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{provider.keys}\r\n" if "S" in profile else ""
        more = f"m=video 30000 {profile} 96\r\na=rtpmap:96 VP8/90000\r\n{crypto}"
        more += f"m=text 30002 {profile} 98\r\na=rtpmap:98 t140/1000\r\n{crypto}"
        _, final = called(phone, provider, more=more)
        assert re.search("m=video 0 ", final)
        assert re.search("m=text 0 ", final)
        phone.hook("down")
        provider.respond(provider.wait("BYE"), "200 OK")
        phone.wait_idle()


def test_early_update_and_183_without_sdp(phone: Phone, provider: Provider) -> None:
    """183 without SDP is ringing at most; an UPDATE before the answer gets 200 or a refusal, and the call."""
    invite = dial(phone, provider)
    provider.respond(invite, "183 Session Progress")
    provider.respond(invite, "183 Session Progress", body=provider.answer(invite))
    phone.wait_call("early", security="provider")
    provider.raw(provider.inside(invite, "UPDATE", body=provider.description(crypto="1", version=2)))
    updated = provider.wait("SIP/2.0 ")
    assert re.match(r"SIP/2.0 (200|488|491|504)", updated), updated
    provider.respond(invite, "200 OK")
    provider.wait("ACK")
    phone.wait_call("active", security="provider")
    assert provider.hears(updated if updated.startswith("SIP/2.0 200") else invite)


def test_reliable_provisional_responses(phone: Phone, provider: Provider) -> None:
    """100rel (RFC 3262): we acknowledge with PRACK; whoever requires it of us gets it."""
    invite = dial(phone, provider)
    reliable = {"Require": "100rel", "RSeq": "7"}
    provider.respond(invite, "183 Session Progress", body=provider.answer(invite), fields=reliable)
    prack = provider.wait("PRACK")
    assert header(prack, "RAck").startswith("7 ")
    provider.respond(prack, "200 OK")
    phone.wait_call("early", security="provider")
    provider.respond(invite, "200 OK")
    provider.wait("ACK")
    phone.wait_call("active")
    provider.raw(provider.inside(invite, "BYE"))
    phone.hook("down")
    phone.wait_idle()
    ours = provider.invite(body=provider.description(crypto="1"), fields={"Require": "100rel"})
    provider.raw(ours)
    ringing = provider.wait("SIP/2.0 180")
    assert header(ringing, "RSeq")
    fields = {"RAck": f"{header(ringing, 'RSeq')} {header(ours, 'CSeq')}"}
    provider.raw(provider.inside(ringing, "PRACK", fields=fields))
    assert provider.wait("SIP/2.0 200")
    phone.hook("up")
    provider.ack(ours, provider.wait("SIP/2.0 200"))
    phone.wait_call("active", direction="in")


def test_session_timers(phone: Phone, provider: Provider) -> None:
    """RFC 4028: 90 s is agreed to in both roles, 10 s is too small."""
    timer = {"Supported": "timer", "Session-Expires": "90;refresher=uas", "Min-SE": "90"}
    invite = provider.invite(body=provider.description(crypto="1"), fields=timer)
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    assert header(final, "Session-Expires").startswith("90")
    provider.ack(invite, final)
    provider.raw(provider.inside(final, "BYE"))
    phone.hook("down")
    phone.wait_idle()
    small = provider.invite(
        body=provider.description(crypto="1"), fields={"Supported": "timer", "Session-Expires": "10"}
    )
    provider.raw(small)
    assert provider.wait("SIP/2.0 4").startswith("SIP/2.0 422")
    ours = dial(phone, provider)
    fields = {"Require": "timer", "Session-Expires": "90;refresher=uac"}
    provider.respond(ours, "200 OK", body=provider.answer(ours), fields=fields)
    provider.wait("ACK")
    phone.wait_call("active", security="provider")


def test_forked_answers(phone: Phone, provider: Provider) -> None:
    """Two phones ring with media; a third, of which nothing was heard, answers, with keys of its own."""
    invite = dial(phone, provider)
    provider.respond(invite, "183 Session Progress", tag="one", body=provider.answer(invite))
    phone.wait_call("early")
    pcmu = provider.answer(invite, codec="0 PCMU/8000")
    provider.respond(invite, "183 Session Progress", tag="two", body=pcmu)
    provider.respond(invite, "180 Ringing", tag="one")
    provider.respond(invite, "200 OK", tag="three", body=pcmu)
    ack = provider.wait("ACK")
    assert ";tag=three" in header(ack, "To")
    phone.wait_call("active", security="provider", codec="pcmu")
    assert provider.hears(invite)
    phone.hook("down")
    assert ";tag=three" in header(provider.wait("BYE"), "To")


def test_the_stream_is_cut_anywhere(phone: Phone, provider: Provider) -> None:
    """CRLF between messages, a message in many segments, several in one."""
    provider.raw("\r\n\r\n")
    provider.raw("\r\n")
    invite = provider.invite(body=provider.description(crypto="1"))
    for first in range(0, len(invite), 100):
        provider.raw(invite[first : first + 100])
        time.sleep(0.01)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    provider.ack(invite, final)
    asked = provider.inside(final, "UPDATE"), provider.inside(final, "UPDATE"), provider.inside(final, "BYE")
    provider.raw("".join(asked))
    for _ in asked:
        assert provider.wait("SIP/2.0 200")
    phone.wait_screen("they hung up")


def test_strange_refusals(phone: Phone, provider: Provider) -> None:
    """A redirection is not followed, a realm that is not our provider's gets no digest, and it is said."""
    fields = {"Contact": "<sip:premium@elsewhere.invalid>", "Require": "unknown"}
    fields["WWW-Authenticate"] = 'Digest realm="elsewhere.invalid", nonce="1", algorithm=MD5'
    for number, status in enumerate(
        ("302 Moved Temporarily", "401 Unauthorized", "421 Extension Required"), 1
    ):
        phone.hook("up")
        phone.keys("102#")
        provider.respond(provider.wait("INVITE"), status, fields=fields)
        phone.wait_idle()
        assert len([text for text in provider.got if text.startswith("INVITE")]) == number
        assert phone.status()["calls"][-1]["reason"]
        phone.hook("down")
    assert "elsewhere" not in "".join(provider.got)


def test_many_codecs_and_a_long_contact(phone: Phone, provider: Provider) -> None:
    """An offer of forty codecs and a Contact of 500 characters."""
    body = provider.description(crypto="1")
    numbers = [str(number) for number in range(96, 127) if number != 101]
    body = body.replace(" 8 101\r\n", " " + " ".join(numbers) + " 8 101\r\n")
    body += "".join(f"a=rtpmap:{number} SPEEX-{number}/8000\r\n" for number in numbers)
    contact = f"<sip:{'b' * 480}@127.0.0.1:{provider.port};transport=tcp>"
    invite = provider.invite(body=body, fields={"Contact": contact})
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    provider.ack(invite, final)
    phone.wait_call("active", codec="pcma", security="provider")
    assert provider.hears(final)
    phone.hook("down")
    assert "b" * 480 in provider.wait("BYE").split("\r\n")[0]
