"""The keys of a call leave the phone's memory with the call: found while it runs, gone a second after it.

The far end tells the keys, and the memory of the phone's process is read as a core dump would have it.
"""

from __future__ import annotations

import time
from base64 import b64encode

import pytest

from tests.rig import capture, scan, srtp
from tests.rig.agent import Agent
from tests.rig.baresip import Baresip
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.zrtp.party import Party

pytestmark = pytest.mark.live

_ENCRYPTION, _AUTHENTICATION, _SALT = 0, 1, 2
"""Places of RTP's and, three further on, of RTCP's session keys (RFC 3711 section 4.3)."""


def forms(keys: list[srtp.Session]) -> dict[str, bytes]:
    """Each secret of these sessions in each form it may have, by a name for it."""
    found: dict[str, bytes] = {}
    for number, key in enumerate(keys):
        both = key.master_key + key.master_salt
        name = f"{key.origin} {number}"
        found[f"{name}: master key"] = key.master_key
        found[f"{name}: master key and salt in base64"] = b64encode(both)[: len(key.master_key)]
        found[f"{name}: master key in hex"] = key.master_key.hex().encode()
        found[f"{name}: master key in large hex"] = key.master_key.hex().upper().encode()
        for place in range(6):
            if place % 3 == _ENCRYPTION or (place % 3 == _AUTHENTICATION and not key.suite.aead):
                found[f"{name}: session key {place}"] = key.keys[place]
    return found


def call(lab: Lab, encryption: str, way: str) -> tuple[Phone, Baresip, Registrar, list[srtp.Session]]:
    """A call that runs, and its keys as the far end and the registrar know them."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", encryption=encryption, codecs=["pcma"])
    address = lab.address()
    wire = lab.capture(hosts=[address])
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
    bob.wait_heard(1)
    wire.stop()
    if encryption == "sdes":
        keys = srtp.from_sdp(message.body for message in registrar.messages())
    else:
        keys = capture.dtls_keys(wire.packets(), bob.key_log)
    assert keys, "the far end knows the keys"
    return phone, bob, registrar, keys


@pytest.mark.parametrize("ends", ["we", "they"])
@pytest.mark.parametrize(
    ("encryption", "way"), [("dtls", "out"), ("dtls", "in"), ("sdes", "out"), ("sdes", "in")]
)
def test_keys_leave_memory_with_the_call(lab: Lab, encryption: str, way: str, ends: str) -> None:
    """Master keys in octets, base64 and hex, and the session keys that follow from them."""
    phone, bob, _, keys = call(lab, encryption, way)
    wanted = forms(keys)
    during = scan.each_in_memory(phone.process.pid, wanted)
    assert any("master key" in name for name in during), "the search finds what is there"
    if ends == "we":
        phone.hook("down")
        bob.wait_closed()
    else:
        bob.hangup()
        phone.wait_screen("they hung up")
    time.sleep(1)
    assert scan.each_in_memory(phone.process.pid, wanted) == {}


@pytest.mark.parametrize("ends", ["we", "they"])
def test_keys_of_zrtp_leave_memory_with_the_call(lab: Lab, ends: str) -> None:
    """The independent party tells the keys, and the code that its people compare."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=Party))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    phone = lab.phone()
    phone.hook("up")
    phone.sotto("dial", "sip:carol@phone.test")
    phone.wait_call("active", security="end-to-end")
    zed.wait_keys()
    zed.leg.wait_heard(0.5)
    found = zed.zrtp.agreement
    assert found is not None
    wanted = forms([found.ours, found.theirs])
    during = scan.each_in_memory(phone.process.pid, wanted)
    assert during, "the search finds what is there"
    if ends == "we":
        phone.hook("down")
        phone.wait_idle()
    else:
        zed.hangup()
        phone.wait_screen("they hung up")
    time.sleep(1)
    assert scan.each_in_memory(phone.process.pid, wanted) == {}
