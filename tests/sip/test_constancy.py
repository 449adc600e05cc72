"""Packets tell nothing of what is said, or whether anything is (RFC 6562): one size and clock to the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.rig import capture
from tests.rig.capture import Packet
from tests.rig.lab import Lab

pytestmark = pytest.mark.live

STEP = {"opus": 960, "g722": 160, "pcma": 160, "pcmu": 160}
"""RTP's clock goes on by this from packet to packet of 20 ms (RFC 7587, RFC 3551)."""
QUIET_S, SPEECH_S, MUTED_S = 2.0, 2.5, 1.5
GOODBYE = 203
"""RFC 3550 section 12.1."""


@pytest.mark.parametrize("codec", list(STEP))
def test_silence_speech_and_mute_are_one_stream(lab: Lab, codec: str) -> None:
    """From the first packet to the BYE: one length, one step, 50 a second; SRTCP encrypted, BYE too."""
    lab.registrar()
    bob = lab.baresip("bob", codecs=[codec])
    cables = lab.cables()
    address = lab.address()
    wire = lab.capture(hosts=[address])
    phone = lab.phone(address=address, cables=cables)
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active", security="end-to-end", codec=codec)
    bob.wait_heard(QUIET_S)
    began = {"silence": 0.0}
    with cables.speak(lab.kit.near.file()):
        began["speech"] = time.time()
        bob.wait_heard(QUIET_S + SPEECH_S)
        phone.do("call", "mute")
        began["mute"] = time.time()
        bob.wait_heard(QUIET_S + SPEECH_S + MUTED_S)
    began["end"] = time.time()
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    wire.stop()
    packets = wire.packets()
    ours = capture.sent_by(packets, address)
    speech = capture.of_kind(ours, "rtp")
    assert len(speech) > 50 * (QUIET_S + SPEECH_S + MUTED_S) * 0.9
    sizes = {
        phase: sizes_between(speech, since, until) for (phase, since), (_, until) in pairwise(began.items())
    }
    print(f"{codec}: {sizes}")
    assert all(sum(bins.values()) > 50 for bins in sizes.values()), "a second of each"
    assert sizes["mute"].keys() == sizes["speech"].keys() == sizes["silence"].keys()
    assert len(Counter(len(packet.payload) for packet in speech)) == 1
    numbers = [int.from_bytes(packet.payload[2:4]) for packet in speech]
    clocks = [int.from_bytes(packet.payload[4:8]) for packet in speech]
    steps = {(b - a) % 2**32 for a, b in pairwise(clocks)}
    assert steps == {STEP[codec]}
    assert {(b - a) % 2**16 for a, b in pairwise(numbers)} == {1}
    pace = (speech[-1].when - speech[0].when) / (len(speech) - 1)
    assert pace == pytest.approx(0.02, rel=0.02)
    keys = capture.dtls_keys(packets, bob.key_log)
    capture.assert_nothing_clear(ours, keys, words=[])
    last = capture.rtcp_texts(capture.of_kind(ours, "rtcp")[-1:], keys)
    assert [GOODBYE in types(text) for text in last] == [True]


def sizes_between(packets: Sequence[Packet], since: float, until: float) -> Counter[int]:
    """How many packets of each size left in that time."""
    return Counter(len(packet.payload) for packet in packets if since <= packet.when < until)


def types(compound: bytes) -> list[int]:
    """The types of the packets in a compound RTCP packet (RFC 3550 section 6.1)."""
    found, at = [], 0
    while at + 4 <= len(compound):
        found.append(compound[at + 1])
        at += 4 + 4 * int.from_bytes(compound[at + 2 : at + 4])
    return found
