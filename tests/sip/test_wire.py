"""What an eavesdropper sees of our phone's calls: nothing but TLS, DTLS and authentic SRTP, from the first
octet.
"""

from __future__ import annotations

import re
import socket
import time

import pytest

from tests.rig import capture, ports, scan, srtp
from tests.rig.baresip import Baresip
from tests.rig.capture import Capture
from tests.rig.certs import DOMAIN
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone

pytestmark = pytest.mark.live

SECURE_PROFILES = {"RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"}

SENDER_REPORT = 200
NTP_EPOCH = 2_208_988_800
"""RFC 3550 section 6.4.1; seconds from 1900 to 1970."""


@pytest.mark.parametrize("encryption", ["dtls", "sdes"])
@pytest.mark.parametrize("way", ["out", "in"])
def test_nothing_is_clear_at_any_moment(lab: Lab, encryption: str, way: str) -> None:
    """Registration, call, digits, hang-up and un-registration: every packet of the phone is judged by the
    keys.
    """
    registrar = lab.registrar()
    address = lab.address()
    wire = lab.capture(hosts=[address])
    bob = lab.baresip("bob", encryption=encryption, codecs=["pcma"])
    phone = lab.phone(address=address, encryption="provider" if encryption == "sdes" else "end-to-end")
    if way == "out":
        phone.hook("up")
        phone.keys("102#")
        bob.wait_incoming()
        bob.accept()
    else:
        bob.dial("alice")
        phone.wait_call("ringing")
        phone.hook("up")
    phone.wait_call("active", security="end-to-end" if encryption == "dtls" else "provider")
    phone.keys("5")
    bob.wait_digits("5")
    bob.wait_heard(6.5)  # past the first RTCP report of either end
    phone.hook("down")
    bob.wait_closed()
    phone.stop()
    registrar.wait_unregistered("alice")
    judge(lab, wire, registrar, bob, phone)


def test_no_port_is_open_that_nobody_needs(lab: Lab) -> None:
    """Without a port in the configuration nothing listens; calls come in over the phone's own connection."""
    lab.registrar()
    bob = lab.baresip("bob")
    phone = lab.phone(listens=False)
    assert scan.sockets(phone.process.pid) == []
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    assert not [where for where in scan.sockets(phone.process.pid) if where.startswith("tcp")]
    phone.do("hangup")
    phone.wait_idle()


def judge(lab: Lab, wire: Capture, registrar: Registrar, bob: Baresip, phone: Phone) -> None:
    """All packets of the phone, and all SIP of the phone as kamailio decrypted it."""
    wire.stop()
    packets = wire.packets()
    keys = capture.dtls_keys(packets, bob.key_log) + srtp.from_sdp(m.body for m in registrar.messages())
    ours = capture.sent_by(packets, phone.address)
    assert len(capture.of_kind(ours, "rtp")) > 200, "there is audio to judge"
    assert len(capture.of_kind(ours, "rtcp")) > 0, "there is RTCP to judge"
    capture.assert_nothing_clear(ours, keys, words=names())

    allowed = {(ports.LOOPBACK, registrar.tls_port)}
    first, count = bob.rtp_ports
    allowed |= {(ports.LOOPBACK, port) for port in range(first, first + count)}
    strangers = {packet.target for packet in ours} - allowed
    assert not strangers, f"packets to nobody's knowledge: {strangers}"

    messages = registrar.messages(lambda message: message.source.startswith(f"{phone.address}:"))
    assert messages, "kamailio saw the phone's SIP"
    assert {message.transport for message in messages} == {"tls"}
    for message in messages:
        judge_message(message)
    reports = capture.rtcp_texts(ours, keys)
    clocks = [int.from_bytes(report[8:12]) - NTP_EPOCH for report in reports if report[1] == SENDER_REPORT]
    assert clocks, "there are sender reports"
    assert min(abs(clock - time.time()) for clock in clocks) > 86_400, "they tell the time of our clock"
    for text in reports:
        assert not [name for name in names() if name.encode() in text], f"a name in RTCP: {text!r}"


def judge_message(message: Message) -> None:
    """Secure profiles alone, no text stream, and nothing that names the machine."""
    for line in message.body.splitlines():
        if line.startswith("m="):
            kind, _, profile = line[2:].split(" ")[:3]
            assert kind == "audio", f"{line} in\n{message}"
            assert profile in SECURE_PROFILES, f"{line} in\n{message}"
    host = socket.gethostname()
    assert not re.search(rf"\b{re.escape(host)}\b", message.text), f"the host's name in\n{message}"
    assert "root" not in message.text, f"the machine's user in\n{message}"


def names() -> list[str]:
    """What no packet and no RTCP item may hold: the people of the call, their provider, and the machine.

    A ClientHello names the provider's host where that is known by name (SNI), but not the domain behind it.
    """
    return ["alice", "Alice", "bob@", DOMAIN, *([socket.gethostname()] if long_name() else [])]


def long_name() -> bool:
    """Whether the machine's name is long enough not to turn up by chance."""
    return len(socket.gethostname()) >= 4


def test_a_far_end_that_answers_in_clear_gets_nothing(
    lab: Lab,
) -> None:
    """A downgrade in the answer ends the call with words, and not one RTP packet is sent."""
    port = ports.block(4)
    lab.registrar(udp=True, routes={"105": f"sip:far@127.0.0.1:{port};transport=udp"})
    address = lab.address()
    wire = lab.capture(hosts=[address])
    phone = lab.phone(address=address, encryption="provider")
    far = lab.sipp("clear_answer.xml", port=port)
    phone.hook("up")
    phone.keys("105#")
    phone.wait_screen("encryption")
    assert far.wait(10) == 0
    wire.stop()
    assert capture.of_kind(capture.sent_by(wire.packets(), address), "rtp", "rtcp", "other") == []


def test_a_caller_who_offers_clear_media_is_refused(lab: Lab) -> None:
    """488, and the phone does not even ring."""
    registrar = lab.registrar(udp=True)
    phone = lab.phone()
    far = lab.sipp(
        "clear_offer.xml", port=ports.block(4), target=f"127.0.0.1:{registrar.port}", service="alice"
    )
    assert far.wait(12) == 0
    assert not registrar.responses("INVITE", 180)
    phone.wait_idle()
