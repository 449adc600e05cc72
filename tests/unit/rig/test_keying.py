"""The rig's keyings and its leg against themselves before they judge others, and what proxies write."""

from __future__ import annotations

import itertools
import os
import socket
import struct

import numpy as np
import pytest

from tests.rig import ports, speech, srtp
from tests.rig.keying import Dtls, Identity, Keying, NoKeys, Sdes, Zrtp
from tests.rig.leg import Leg, alaw
from tests.rig.mitm_rewrites import in_clear, other_fingerprints, other_hash, stripped, without_hash
from tests.rig.processes import RigError, wait_until
from tests.rig.sip_socket import cut, sized
from tests.rig.zrtp.party import Party

NOISE = bytes(range(256)) * 5


def rtp(number: int, payload: bytes = b"speech") -> bytes:
    return struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, 160 * number & 0xFFFFFFFF, 7) + payload


@pytest.mark.parametrize("name", srtp.SUITES)
def test_what_is_protected_opens_with_the_same_keys_alone(name: str) -> None:
    """Over the wrap of the sequence number, and with neither other keys nor a bit changed."""
    suite = srtp.SUITES[name]
    key, salt = os.urandom(suite.key), os.urandom(suite.salt)
    ours, theirs = (srtp.Session(suite, key, salt, "test") for _ in range(2))
    other = srtp.Session(suite, os.urandom(suite.key), salt, "test")
    for number in range(65530, 65545):
        packet = ours.protect_rtp(rtp(number))
        assert packet[12:18] != b"speech"
        assert theirs.open_rtp(packet[:-1] + bytes([packet[-1] ^ 1])) is None
        assert other.open_rtp(packet) is None
        assert theirs.open_rtp(packet) == b"speech"
    assert theirs._highest == {7: 65544}


def pairs(name: str) -> tuple[Keying, Keying]:
    """Two ends that will agree."""
    if name == "zrtp":
        return Zrtp(Party()), Zrtp(Party())
    if name == "sdes":
        one, two = Sdes(), Sdes()
        one.learn(two.line())
        two.learn(one.line())
        return one, two
    if name == "none":
        return NoKeys(), NoKeys()
    one_identity, two_identity = Identity(), Identity()
    client = Dtls(one_identity, active=True, peer=two_identity.fingerprint, suites=[name])
    return client, Dtls(two_identity, active=False, peer=one_identity.fingerprint)


@pytest.mark.parametrize(
    "name", ["zrtp", "sdes", "none", "AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"]
)
def test_two_legs_hear_each_other(name: str) -> None:
    """With each keying and each suite of DTLS-SRTP."""
    one, two = pairs(name)
    with Leg(one) as near, Leg(two) as far:
        near.begin((ports.LOOPBACK, far.port))
        far.begin((ports.LOOPBACK, near.port))
        if name != "none":
            near.wait_keys()
            far.wait_keys()
        near.say(NOISE)
        far.wait_heard(0.2)
        assert (far.unread, bool(far.clear)) == (0, name == "none")
        assert not near.heard
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(rtp(1), (ports.LOOPBACK, near.port))
        wait_until(lambda: near.heard or near.unread, 2, "a packet in clear")
        assert bool(near.unread) is (name != "none"), (
            "what has no protection is not heard where there is some"
        )


def test_a_certificate_that_was_not_promised_is_refused() -> None:
    """By either end."""
    right, wrong = Identity(), Identity()
    for active in (True, False):
        with (
            Leg(Dtls(right, active=active, peer=wrong.fingerprint)) as near,
            Leg(Dtls(right, active=not active)) as far,
        ):
            near.begin((ports.LOOPBACK, far.port))
            far.begin((ports.LOOPBACK, near.port))
            with pytest.raises(RigError, match="certificate"):
                near.wait_keys()


def test_a_law_and_lost_packets() -> None:
    """Zero, full scale and both signs of G.711; what did not come is silent, and wraps do not matter."""
    found = alaw(bytes([0xD5, 0x55, 0xAA, 0x2A]))
    assert np.allclose(found * 32768, [8, -8, 32256, -32256])
    with Leg() as leg:
        leg.heard = [rtp(number, b"\xaa" * 160) for number in (65534, 65535, 0, 2)]
        samples = leg.samples()
    assert len(samples) == 5 * 160 * speech.RATE // 8000
    quiet = samples[int(3.3 * 320) : int(3.7 * 320)]
    assert np.abs(quiet).max() < 0.1
    assert samples[320] > 0.5


def test_short_measure_tells_a_voice_from_silence_and_another(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """From silence, noise, and another voice."""
    folder = tmp_path_factory.mktemp("voices")
    near, far = speech.Talker(folder, "near"), speech.Talker(folder, "far")
    heard = np.roll(far.original(), -4711)[: 4 * speech.RATE]
    noise = np.random.default_rng(3).normal(0, 0.05, 4 * speech.RATE)
    assert speech.intelligible(far, heard) > 0.95
    for other in (noise, np.zeros(4 * speech.RATE)):
        assert speech.intelligible(far, other) < 0.5
    assert speech.intelligible(near, heard) < 0.5
    with pytest.raises(AssertionError, match="needed"):
        speech.intelligible(far, heard[: speech.RATE])


OFFER = (
    "v=0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 8\r\na=setup:actpass\r\na=fingerprint:sha-256 AB:CD\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xyz\r\na=zrtp-hash:1.10 abcd\r\na=sendrecv\r\n"
)


def test_rewrites() -> None:
    """Each changes what it says and nothing else."""
    assert stripped(OFFER) == "v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"
    assert in_clear(OFFER) == OFFER.replace("UDP/TLS/RTP/SAVP", "RTP/AVP")
    assert without_hash(OFFER) == OFFER.replace("a=zrtp-hash:1.10 abcd\r\n", "")
    for change, gone in ((other_hash, "1.10 abcd\r"), (other_fingerprints, "AB:CD\r")):
        changed = change(OFFER)
        assert gone not in changed
        assert len(changed.splitlines()) == len(OFFER.splitlines())


def test_messages_in_a_stream() -> None:
    """Whole ones are cut off whatever pieces they come in, and a changed body has its own length."""
    message = sized("INVITE sip:x SIP/2.0\r\nl: 3\r\nTo: <sip:x>\r\n\r\nhello")
    assert "Content-Length: 5" in message
    assert "l: 3" not in message
    stream, found, waiting = (2 * message).encode(), [], b""
    for first, last in itertools.pairwise([*range(0, len(stream), 7), len(stream)]):
        waiting += stream[first:last]
        text, waiting = cut(waiting)
        found += [text] if text else []
    assert found == [message, message]
    assert waiting == b""
