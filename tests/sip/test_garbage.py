"""Ten thousand packets of garbage a second on the media port, as from the far end itself: the call goes on.

RTP, RTCP, STUN, DTLS and ZRTP, random, cut, changed by a bit, and replayed. A minute of it, as the makers of
the phone let it run before a release, with ``GARBAGE_SECONDS=60``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.rig import garbage, speech
from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.zrtp.party import Party

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

SECONDS = int(os.environ.get("GARBAGE_SECONDS", "12"))
GROWTH_KB = 4096
"""What the process may have grown by, in kB: a leak of one small packet in ten would be more."""


def memory_kb(phone: Phone) -> int:
    """Resident memory of the phone."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{phone.process.pid}/status").read_text())
    assert found
    return int(found[1])


def files(phone: Phone) -> int:
    """How many descriptors the phone has open."""
    return len(list(Path(f"/proc/{phone.process.pid}/fd").iterdir()))


@pytest.mark.parametrize("encryption", ["dtls", "sdes"])
def test_a_call_goes_on_under_garbage(lab: Lab, encryption: str) -> None:
    """Speech by PESQ and STOI both ways in the middle of it, the same keys after it, nothing leaked."""
    lab.registrar()
    bob = lab.baresip("bob", encryption=encryption, codecs=["pcma"])
    cables = lab.cables()
    address = lab.address()
    wire = lab.capture(hosts=[address])
    level = "provider" if encryption == "sdes" else "end-to-end"
    phone = lab.phone(address=address, cables=cables, encryption=level)
    with cables.speak(lab.kit.near.file()):
        phone.hook("up")
        phone.keys("102#")
        bob.wait_incoming()
        bob.accept()
        phone.wait_call("active", security=level)
        bob.wait_heard(1)
        before = phone.wait_call("active", security=level)
        wire.stop()
        sent = [packet for packet in wire.packets() if packet.target[0] == address]
        port = next(packet.target[1] for packet in sent if packet.kind == "rtp")
        with garbage.throw(lab.folder, sent, port, SECONDS) as thrower:
            try:
                bob.wait_heard(2.5)
                kilobytes, descriptors = memory_kb(phone), files(phone)
                with cables.listen() as heard:
                    heard.wait(speech.PERIOD_S + 1.5)
                thrown, _ = thrower.communicate(timeout=SECONDS + 30)
            finally:
                thrower.kill()
        assert int(thrown) >= SECONDS * garbage.RATE
        assert speech.score(lab.kit.far, heard.samples()).passes(speech.GOOD["pcma"])
        assert speech.score(lab.kit.near, bob.recording(), 1.5).passes(speech.GOOD["pcma"])
        after = phone.wait_call("active", security=level)
        assert after["suite"] == before["suite"]
        assert memory_kb(phone) - kilobytes < GROWTH_KB
        assert files(phone) == descriptors
    mark = bob.mark()
    phone.keys("7")
    bob.wait_digits("7", since=mark)
    phone.hook("down")
    assert bob.wait_closed(since=mark).reason == "Connection reset by peer"
    phone.wait_idle()


def test_a_call_with_keys_of_zrtp_goes_on_under_garbage(lab: Lab) -> None:
    """The same with the independent party: its own ZRTP packets, cut, changed and replayed, are among it."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=Party))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    cables = lab.cables()
    address = lab.address()
    wire = lab.capture(hosts=[address])
    phone = lab.phone(address=address, cables=cables)
    with cables.speak(lab.kit.near.file()):
        phone.hook("up")
        phone.sotto("dial", "sip:carol@phone.test")
        before = phone.wait_call("active", security="end-to-end")
        zed.wait_keys()
        zed.speak()
        zed.leg.wait_heard(0.5)
        wire.stop()
        sent = [packet for packet in wire.packets() if packet.target[0] == address]
        assert any(packet.kind == "zrtp" for packet in sent)
        port = next(packet.target[1] for packet in sent if packet.kind == "rtp")
        with garbage.throw(lab.folder, sent, port, SECONDS) as thrower:
            try:
                zed.leg.wait_heard(2.5)
                kilobytes, descriptors = memory_kb(phone), files(phone)
                with cables.listen() as heard:
                    heard.wait(speech.PERIOD_S + 1.5)
                thrown, _ = thrower.communicate(timeout=SECONDS + 30)
            finally:
                thrower.kill()
        assert int(thrown) >= SECONDS * garbage.RATE
        assert speech.score(lab.kit.far, heard.samples()).passes(speech.GOOD["pcma"])
        after = phone.wait_call("active", security="end-to-end")
        assert (after["suite"], after["code"]) == (before["suite"], before["code"])
        assert memory_kb(phone) - kilobytes < GROWTH_KB
        assert files(phone) == descriptors
    assert zed.leg.unread == zed.leg.clear == 0
