"""Calls keyed by ZRTP (RFC 6189): with linphone, the rig's own party, ourselves; and what is offered."""

from __future__ import annotations

import pytest

from tests.rig import speech
from tests.rig.agent import Agent
from tests.rig.capture import Capture, Packet
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.secured import told
from tests.rig.speech import GOOD
from tests.rig.zrtp.party import Party
from tests.sip.test_call_baresip import JUDGED_S

pytestmark = pytest.mark.live

STRONGEST = ("AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80")
"""What both ends of ours agree upon: the first where bzrtp knows it (Debian 13), the second before."""
STRONG = (*STRONGEST, "AES_CM_128_HMAC_SHA1_80")


@pytest.mark.parametrize("calls", ["we", "they"])
def test_with_linphone_by_both_and_speech_passes(lab: Lab, calls: str) -> None:
    """Through kamailio: one SAS and one suite at both ends, speech both ways."""
    registrar = lab.registrar()
    there, here = lab.cables("bob"), lab.cables()
    bob = lab.linphone(cables=there, encryption="zrtp")
    phone = lab.phone(cables=here)
    with told(phone) as seen:
        if calls == "we":
            phone.hook("up")
            phone.keys("102#")
            bob.wait_call("IncomingReceived")
            bob.accept()
        else:
            bob.dial("alice")
            phone.wait_call("ringing", direction="in")
            phone.hook("up")
        media = seen.secured()
    theirs = bob.wait_secured()
    assert (media["keying"], media["security"]) == ("ZRTP", "end-to-end")
    assert (theirs.method, theirs.sas, theirs.suite) == ("zrtp", media["code"], media["suite"])
    assert media["suite"] in STRONG
    assert len(media["words"].split()) == 2
    assert len(registrar.requests("INVITE")) == (2 if calls == "we" else 1)
    with (
        there.speak(lab.kit.far.file()),
        here.speak(lab.kit.near.file()),
        there.listen() as bob_heard,
        here.listen() as phone_heard,
    ):
        bob_heard.wait(JUDGED_S + 1)
        phone_heard.wait(0.1)
    near = speech.score(lab.kit.near, bob_heard.samples(), 1.5)
    far = speech.score(lab.kit.far, phone_heard.samples(), 1.5)
    print(f"{media['suite']}: linphone hears {near}; the phone's ear {far}")
    assert near.passes(GOOD["opus"]), f"from the phone to linphone: {near}"
    assert far.passes(GOOD["opus"]), f"from linphone to the phone: {far}"


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_with_an_independent_party_in_both_roles(lab: Lab, role: str) -> None:
    """One that was written from RFC 6189 alone: the same SAS, in both renderings, and SRTP that opens."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=lambda: Party(role=role)))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    phone = lab.phone()
    with told(phone) as seen:
        phone.hook("up")
        phone.sotto("dial", "sip:carol@phone.test")
        media = seen.secured()
    zed.wait_keys()
    found = zed.zrtp.agreement
    assert found is not None
    assert (found.role, found.base32, found.words.lower()) == (role, media["code"], media["words"])
    assert zed.suite == media["suite"]
    zed.leg.wait_heard(0.5)
    assert zed.leg.unread == zed.leg.clear == 0


def test_among_ourselves_in_one_invite(lab: Lab) -> None:
    """Both ends prefer ZRTP to the DTLS-SRTP that the same offer has; both show one code, and its words."""
    registrar = lab.registrar()
    alice, bob = lab.phone(), lab.phone("bob")
    wire = lab.capture(of=alice)
    with told(alice) as there, told(bob) as here:
        alice.hook("up")
        alice.keys("102#")
        bob.wait_call("ringing", direction="in")
        bob.hook("up")
        ours, theirs = there.secured(), here.secured()
        assert max(len(seen.medias()) for seen in (there, here)) <= 2
    assert ours["keying"] == theirs["keying"] == "ZRTP"
    assert (ours["code"], ours["words"]) == (theirs["code"], theirs["words"])
    assert ours["suite"] == theirs["suite"]
    assert ours["suite"] in STRONGEST
    assert ours["continuity"] == theirs["continuity"] == "unknown"
    assert registrar.responses("INVITE", 488) == []
    bob.hook("down")
    alice.wait_idle()
    wire.stop()
    kinds = {packet.kind for packet in wire.packets() if packet.transport == "udp"}
    assert "zrtp" in kinds
    assert kinds <= {"zrtp", "rtp", "rtcp", "dns"}, "DTLS was spoken though ZRTP was agreed upon"


def test_who_knows_dtls_alone_gets_that_in_one_invite(lab: Lab) -> None:
    """baresip takes the offer and says nothing of ZRTP; no second INVITE, nothing rings twice."""
    registrar = lab.registrar()
    bob = lab.baresip()
    phone = lab.phone()
    with told(phone) as seen:
        phone.hook("up")
        phone.keys("102#")
        bob.wait_incoming()
        bob.accept()
        media = seen.secured()
    assert (media["keying"], media["security"]) == ("DTLS-SRTP", "end-to-end")
    assert len(registrar.requests("INVITE", received=False)) == 1


def test_linphone_answers_with_an_empty_hash_when_it_means_dtls(lab: Lab) -> None:
    """RFC 6189 knows no such attribute: it says nothing of ZRTP."""
    lab.registrar()
    bob = lab.linphone(encryption="dtls", answers=True)
    phone = lab.phone()
    with told(phone) as seen:
        phone.hook("up")
        phone.keys("102#")
        media = seen.secured()
    assert media["keying"] == "DTLS-SRTP"
    assert bob.wait_secured().method == "dtls"


def test_what_was_learned_of_a_far_end_saves_the_second_invite(lab: Lab) -> None:
    """Linphone with mandatory ZRTP refuses the first offer of the first call, before it rings."""
    registrar = lab.registrar()
    bob = lab.linphone(encryption="zrtp", answers=True)
    phone = lab.phone()
    for expected in (2, 1):
        before = len(registrar.requests("INVITE", received=False))
        with told(phone) as seen:
            phone.hook("up")
            phone.keys("102#")
            assert seen.secured()["keying"] == "ZRTP"
        assert len(registrar.requests("INVITE", received=False)) - before == expected
        mark = bob.mark()
        phone.hook("down")
        bob.wait_call("End", since=mark)
        phone.wait_idle()


def test_hold_and_return_leave_the_keys_as_they_are(lab: Lab) -> None:
    """Linphone's re-INVITEs: the same code before and after, nothing in between that is less."""
    lab.registrar()
    bob = lab.linphone(encryption="zrtp")
    phone = lab.phone()
    with told(phone) as seen:
        bob.dial("alice")
        phone.wait_call("ringing", direction="in")
        phone.hook("up")
        code = seen.secured()["code"]
        seen.forget()
        for _ in range(2):
            mark = bob.mark()
            bob.pause()
            bob.wait_call("Paused", since=mark)
            phone.wait_screen("on hold")
            bob.resume()
            bob.wait_call("StreamsRunning", since=mark)
            phone.wait_call("active", security="end-to-end", code=code)
        assert all((media["code"], media["keying"]) == (code, "ZRTP") for media in seen.medias())
    phone.keys("7")
    bob.wait_digits("7")


def test_nothing_leaves_in_clear_before_there_are_keys(lab: Lab) -> None:
    """From the answer on the phone sends ZRTP and SRTP, and takes no RTP in clear."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=Party))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    here = lab.cables()
    phone = lab.phone(cables=here)
    wire = lab.capture(of=phone)
    with told(phone) as seen, here.speak(lab.kit.near.file()):
        phone.hook("up")
        phone.sotto("dial", "sip:carol@phone.test")
        seen.secured()
        zed.wait_keys()
        zed.leg.wait_heard(1)
    assert zed.leg.clear == 0
    phone.hook("down")
    zed.wait_state("over")
    wire.stop()
    sent = [
        packet for packet in wire.packets() if packet.transport == "udp" and packet.source[0] == phone.address
    ]
    first_rtp = next(at for at, packet in enumerate(sent) if packet.kind in ("rtp", "rtcp"))
    assert {packet.kind for packet in sent[:first_rtp]} == {"zrtp"}


def test_a_plain_phone_is_refused_and_hears_nothing(lab: Lab) -> None:
    """It answers our second offer in clear: the call ends, nothing was sent; that offer rings it no more."""
    registrar = lab.registrar()
    bob = lab.baresip(encryption="none")
    phone = lab.phone()
    wire = lab.capture(of=phone)
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_screen("No common encryption")
    phone.hook("down")
    phone.wait_idle()
    mark, before = bob.mark(), len(registrar.requests("INVITE", received=False))
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("No common encryption")
    phone.hook("down")
    assert len(registrar.requests("INVITE", received=False)) - before == 1
    assert not [event for event in bob.events[mark:] if event.get("type") == "CALL_INCOMING"]
    wire.stop()
    sent = [
        packet for packet in wire.packets() if packet.transport == "udp" and packet.source[0] == phone.address
    ]
    assert {packet.kind for packet in sent} <= {"zrtp"}


def media_of(phone: Phone, wire: Capture) -> list[Packet]:
    """What it sent over UDP."""
    return [
        packet for packet in wire.packets() if packet.transport == "udp" and packet.source[0] == phone.address
    ]
