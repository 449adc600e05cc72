"""A provider that ends the encryption of both legs itself, and listens: what the two phones say of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rig import speech
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.mitm import Change, Tap
from tests.rig.mitm_media import Interceptor
from tests.rig.phone import Phone
from tests.rig.speech import GOOD
from tests.sip.test_call_baresip import JUDGED_S

pytestmark = pytest.mark.live


def behind(lab: Lab, change: Change, **options: Any) -> tuple[Phone, Tap, Registrar]:
    """A phone all of whose messages pass through ``change``."""
    registrar = lab.registrar()
    tap = lab.add(Tap(registrar, change, lab.kit.authority.pem))
    phone = lab.phone(registrar=registrar, proxy=tap.uri, codecs=["pcma"], **options)
    phone.wait_registered()
    return phone, tap, registrar


def test_dtls_ended_in_the_middle(lab: Lab) -> None:
    """He hears both ends, and the fingerprints that the two phones see have nothing in common."""
    spy = lab.add(Interceptor())
    cables = lab.cables()
    phone, tap, registrar = behind(lab, spy, cables=cables)
    bob = lab.phone("bob", codecs=["pcma"])
    phone.hook("up")
    phone.keys("102#")
    bob.wait_call("ringing", direction="in")
    bob.hook("up")
    bob.wait_call("active", security="end-to-end")
    phone.wait_call("active", security="end-to-end")
    call = spy.wait_keys()
    with cables.speak(lab.kit.near.file()):
        call.near.wait_heard(JUDGED_S + 0.5)
    found = speech.score(lab.kit.near, call.near.samples(), 1)
    print(f"he hears {found}")
    assert found.passes(GOOD["pcma"]), "the attack itself must work"
    ours, theirs = fingerprints(tap.up), fingerprints(tap.down)
    assert len(ours) == len(theirs) == 1
    assert {call.callee.identity.fingerprint, call.caller.identity.fingerprint} & (ours | theirs) == theirs
    seen = fingerprints([message.text for message in registrar.messages()])
    assert not seen & (ours | theirs), "the two phones see two pairs that have nothing in common"


def fingerprints(messages: list[str]) -> set[str]:
    """All in these messages."""
    return {
        line.split()[1].upper()
        for text in messages
        for line in text.splitlines()
        if line.startswith("a=fingerprint:")
    }
