"""A provider that ends the encryption of both legs itself, and listens: what the two phones say of it."""

from __future__ import annotations

import pytest

from tests.rig import speech
from tests.rig.lab import Lab
from tests.rig.mitm import Tap, on_descriptions
from tests.rig.mitm_media import Interceptor
from tests.rig.mitm_rewrites import without_hash
from tests.rig.scene import coded
from tests.rig.speech import GOOD
from tests.sip.test_call_baresip import JUDGED_S

pytestmark = pytest.mark.live


def test_dtls_ended_in_the_middle(lab: Lab) -> None:
    """He takes ZRTP away and ends DTLS-SRTP on both sides: he hears, and the codes differ."""
    registrar, spy, cables = lab.registrar(), lab.add(Interceptor()), lab.cables()

    def change(message: str, way: str) -> str:
        return spy(on_descriptions(without_hash)(message, way), way)

    tap = lab.add(Tap(registrar, change, lab.kit.authority.pem))
    phone = lab.phone(registrar=registrar, proxy=tap.uri, codecs=["pcma"], cables=cables)
    phone.wait_registered()
    bob = lab.phone("bob", codecs=["pcma"])
    phone.hook("up")
    phone.keys("102#")
    bob.wait_call("ringing", direction="in")
    bob.hook("up")
    call = spy.wait_keys()
    assert call.method == "dtls"
    with cables.speak(lab.kit.near.file()):
        call.near.wait_heard(JUDGED_S + 0.5)
    found = speech.score(lab.kit.near, call.near.samples(), 1)
    ours, theirs = coded(phone), coded(bob)
    print(f"{ours['code']} is not {theirs['code']}; he hears {found}")
    assert found.passes(GOOD["pcma"]), "the attack itself must work"
    assert ours["code"] != theirs["code"]
    ours_seen, theirs_seen = fingerprints(tap.up), fingerprints(tap.down)
    assert len(ours_seen) == len(theirs_seen) == 1
    behind = fingerprints([message.text for message in registrar.messages()])
    assert not behind & (ours_seen | theirs_seen), "two pairs of certificates that have nothing in common"


def fingerprints(messages: list[str]) -> set[str]:
    """All in these messages."""
    return {
        line.split()[1].upper()
        for text in messages
        for line in text.splitlines()
        if line.startswith("a=fingerprint:")
    }
