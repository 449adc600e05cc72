"""The rig judged before it judges: two baresips and kamailio, without our phone.

What is asserted about a phone elsewhere must be true of a good path here, and must fail for a bad one: each
check is seen green and red.
"""

from __future__ import annotations

import socket
import ssl

import numpy as np
import pytest

from tests.rig import capture, certs, speech, srtp
from tests.rig.baresip import AUDIO_FORMAT
from tests.rig.lab import Kit, Lab
from tests.rig.processes import RigError, wait_until
from tests.rig.speech import GOOD
from tests.rig.tls_server import TlsServer
from tests.rig.wavefile import Samples

pytestmark = pytest.mark.live


@pytest.mark.parametrize(("codec", "encryption"), [("opus", "dtls"), ("g722", "sdes"), ("pcma", "none")])
def test_speech_passes_both_ways_and_its_score_separates_good_from_broken(
    lab: Lab, codec: str, encryption: str
) -> None:
    """Two baresips through kamailio; each recording passes for the right talker and fails damaged."""
    registrar = lab.registrar()
    form = AUDIO_FORMAT[codec]
    alice = lab.baresip("alice", codecs=[codec], encryption=encryption, says=lab.kit.near.file(*form))
    bob = lab.baresip("bob", codecs=[codec], encryption=encryption)
    wire = lab.capture(port_ranges=[alice.rtp_ports, bob.rtp_ports])
    alice.dial("102")
    bob.wait_incoming()
    alice.wait_ringing()
    bob.accept()
    alice.wait_established()
    alice.wait_heard(speech.PERIOD_S + 2)
    bob.wait_heard(speech.PERIOD_S + 2)
    alice.hangup()
    assert bob.wait_closed().reason == "Connection reset by peer"
    wire.stop()

    for talker, listener in ((lab.kit.near, bob), (lab.kit.far, alice)):
        heard = speech.read(listener.recording())
        found = speech.score(talker, heard)
        print(f"{codec} {encryption} {listener.user} hears {found}")
        assert found.passes(GOOD[codec])
        broken = speech.score(talker, with_loss(heard, 0.1))
        print(f"  with 10 % loss {broken}")
        assert not broken.passes(GOOD[codec])
    crossed = speech.score(lab.kit.far, bob.recording())
    print(f"  the wrong talker {crossed}")
    assert not crossed.passes(GOOD[codec])

    packets = wire.packets()
    keys = capture.dtls_keys(packets, alice.key_log) + srtp.from_sdp(m.body for m in registrar.messages())
    bad = capture.findings(packets, keys, words=["alice"])
    audio = [text for text, packet in bad if packet.kind == "rtp"]
    if encryption == "none":
        assert len(audio) > 100
    else:
        assert len(capture.of_kind(packets, "rtp")) > 300
        assert audio == []
    # baresip itself leaves RTCP in clear before it has keys and after the call, its SIP address in it
    assert any(text == "'sip:' in clear" and packet.kind == "rtcp" for text, packet in bad)
    with pytest.raises(AssertionError, match="clear on the wire"):
        capture.assert_nothing_clear(packets, keys)


def test_silence_noise_and_an_early_end_do_not_pass(kit: Kit) -> None:
    """What a dead, an empty or a noisy path gives is far from every threshold."""
    length = 8 * speech.RATE
    noise = np.random.default_rng(7).normal(0, 0.05, length)
    for heard in (np.zeros(length), noise, 1e-4 * noise):
        found = speech.score(kit.far, heard)
        print(found)
        assert not any(found.passes(wanted) for wanted in GOOD.values())
    with pytest.raises(AssertionError, match="are needed"):
        speech.score(kit.far, noise[: 3 * speech.RATE])


def test_secure_rtp_by_the_vectors_of_its_standards() -> None:
    """RFC 3711 B.3 (key derivation) and RFC 7714 16.1.1 (AEAD_AES_128_GCM)."""
    session = srtp.Session(
        srtp.SUITES["AES_CM_128_HMAC_SHA1_80"],
        bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6"),
        "vector",
    )
    assert session.keys[0].hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert session.keys[2].hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert session.keys[1].hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"
    gcm = srtp.Session(srtp.SUITES["AEAD_AES_128_GCM"], bytes(16), bytes(12), "vector")
    gcm.keys[0] = bytes(range(16))
    gcm.keys[2] = b"Quid pro quo"
    packet = bytes.fromhex(
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf"
        "8833899d7f27beb16a9152cf765ee4390cce"
    )
    assert gcm.open_rtp(packet) == b"Gallia est omnis divisa in partes tres"
    assert gcm.open_rtp(packet[:-1] + b"\0") is None


def test_the_registrar_knows_who_is_there(lab: Lab) -> None:
    """Registered, un-registered, gone with the registrar, and again after its return."""
    registrar = lab.registrar(max_expires=60)
    bob = lab.baresip("bob", encryption="none")
    assert registrar.bindings("bob") == 1
    assert registrar.bindings("alice") == 0
    registrar.stop()
    registrar.start()
    assert registrar.bindings("bob") == 0
    bob.stop()
    bob.start()
    registrar.wait_registered("bob")
    bob.stop()
    registrar.wait_unregistered("bob")


@pytest.mark.parametrize(
    ("number", "reason"), [("9486", "486"), ("9503", "503"), ("102", "480"), ("199", "404")]
)
def test_every_way_of_failing_can_be_dialled(lab: Lab, number: str, reason: str) -> None:
    """Numbers that are refused, not there, unknown."""
    lab.registrar()
    alice = lab.baresip("alice", encryption="none")
    alice.dial(number)
    assert reason in alice.wait_closed().reason


def test_digits_reach_the_far_end(lab: Lab) -> None:
    """baresip sends RFC 4733 events and baresip hears them."""
    lab.registrar()
    alice, bob = lab.baresip("alice", encryption="sdes"), lab.baresip("bob", encryption="sdes", answer="auto")
    alice.dial("bob")
    alice.wait_established()
    alice.send_dtmf("12#")
    bob.wait_digits("12#")


def test_certificates_are_wrong_in_the_way_they_should_be(lab: Lab) -> None:
    """A strict client accepts the registrar's certificate and says what is wrong with each other one."""
    authority = lab.kit.authority
    elsewhere = certs.Authority.create(lab.folder / "elsewhere", "Another CA")
    past = certs.days(-1)
    late = authority.issue("late", dns=["phone.test"], ips=["127.0.0.1"], not_after=past)
    cases = (
        (lab.kit.certificate, "done"),
        (late, "certificate has expired"),
        (elsewhere.registrar(), "unable to get local issuer certificate"),
        (authority.issue("other", dns=["elsewhere.test"], ips=["127.9.9.9"]), "not valid for '127.0.0.1'"),
    )
    for certificate, outcome in cases:
        with TlsServer(certificate) as server:
            assert outcome in strict_client(server, authority)


def test_a_client_that_checks_nothing_is_found_out(lab: Lab) -> None:
    """baresip 1.0.0 talks to anyone: the server notes its INVITE, behind a certificate that nobody should
    take.
    """
    elsewhere = certs.Authority.create(lab.folder / "elsewhere", "Another CA")
    server = lab.tls_server(elsewhere.issue("other", dns=["elsewhere.test"], not_after=certs.days(-1)))
    registrar = lab.registrar()
    registrar.tls_port = server.port
    lab.baresip("alice", register=False).dial("bob")
    assert server.wait_visit().handshake == "done"
    wait_until(lambda: b"INVITE sip:bob@phone.test" in server.data, 5, "the INVITE")
    assert server.visits[0].first[:2] == b"\x16\x03"


def test_a_part_that_never_comes_up_says_so(lab: Lab) -> None:
    """A wait is bounded and names what it waited for."""
    bob = lab.baresip("bob", registrar=None)
    with pytest.raises(RigError, match="in vain for CALL_INCOMING"):
        bob.wait_incoming(0.2)


def strict_client(server: TlsServer, authority: certs.Authority) -> str:
    """``done``, or why a client that checks chain and address refuses the server."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    with socket.create_connection((server.address, server.port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=server.address):
                return "done"
        except ssl.SSLError as error:
            return str(error)


def with_loss(samples: Samples, share: float) -> Samples:
    """The same with a share of its 20 ms frames silent."""
    frame, damaged, random = speech.RATE // 50, samples.copy(), np.random.default_rng(1)
    for first in range(0, len(damaged), frame):
        if random.random() < share:
            damaged[first : first + frame] = 0
    return damaged
