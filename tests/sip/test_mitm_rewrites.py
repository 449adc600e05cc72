"""A provider that changes what the ends tell each other of their keys: refused in words, no sound, and never
"End to end".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.rig.lab import Lab
from tests.rig.mitm import on_descriptions
from tests.rig.mitm_rewrites import RefusesEndToEnd, in_clear, other_fingerprints, stripped, without
from tests.rig.processes import RigError
from tests.rig.scene import Scene, never_end_to_end, never_rang, silent

pytestmark = pytest.mark.live

KEYLESS_S = 14
"""Seconds within which a call that gets no keys is ended."""

CHANGED: dict[str, tuple[str, Callable[[str], str]]] = {
    "SRTP stripped": ("none", stripped),
    "another fingerprint": ("dtls", other_fingerprints),
    "no fingerprint": ("dtls", lambda body: without(body, "a=fingerprint:")),
}


def test_what_is_changed_is_refused(lab: Lab) -> None:
    """In calls to and from us."""
    scene = Scene(lab, ("none", "dtls", "sdes"))
    phone = scene.phone
    for name, (method, change) in CHANGED.items():
        both = ("up", "down") if method == "none" else ("down",)
        agent = scene.dial(method, on_descriptions(change, both))
        never_end_to_end(phone, KEYLESS_S)
        said = phone.wait_screen("keys do not match" if name == "another fingerprint" else "encrypt")
        print(f"{name}, we call: {said}")
        silent(agent)
        scene.rest()
        agent = scene.called("dtls", on_descriptions(change, ("down",)))
        agent.wait_state("refused" if name != "another fingerprint" else "ringing")
        if name == "another fingerprint":
            phone.wait_call("ringing", direction="in")
            phone.hook("up")
            agent.wait_state("active")
            never_end_to_end(phone, KEYLESS_S)
            print(f"{name}, they call: {phone.wait_screen('encrypt|secur|key')}")
        else:
            assert never_rang(agent), agent.explain()
        silent(agent)
        scene.rest()


def test_a_profile_that_lies_changes_nothing(lab: Lab) -> None:
    """RTP/AVP, the fingerprints left: refused, or no packet leaves that the far end cannot open."""
    scene = Scene(lab, ("dtls",))
    swapped = on_descriptions(in_clear, ("down",))
    for calls in ("we", "they"):
        agent = scene.dial("dtls", swapped) if calls == "we" else scene.called("dtls", swapped)
        agent.wait_answer()
        if calls == "they" and agent.state == "refused":
            assert never_rang(agent), agent.explain()
            continue
        if calls == "they":
            scene.phone.wait_call("ringing", direction="in")
            scene.phone.hook("up")
        try:
            agent.wait_keys(6)
        except RigError:
            scene.phone.wait_screen("encrypt")
            silent(agent)
        else:
            agent.leg.wait_heard(0.5)
            assert (agent.leg.clear, agent.leg.unread) == (0, 0)
            scene.phone.wait_call("active", suite=agent.suite)
        scene.rest()


def test_an_older_level_is_replayed(lab: Lab) -> None:
    """Reached end to end before; now the provider refuses that, and listens: stopped before any sound."""
    contact = '[[contact]]\nname = "Bob"\nuri = "sip:102@phone.test"\n'
    cables = lab.cables()
    scene = Scene(lab, ("zrtp",), encryption="provider", extra=contact, cables=cables)
    scene.dial("zrtp").wait_keys()
    scene.phone.wait_call("active", security="end-to-end", speaks=True)
    scene.rest()
    agent = scene.agents["zrtp"]
    agent.method = "sdes"
    since = len(agent.leg.heard)
    with cables.speak(lab.kit.near.file()):
        scene.dial("zrtp", RefusesEndToEnd()).wait_keys()
        scene.phone.wait_screen("less protected")
        scene.phone.wait_call("active", security="provider", speaks=False)
        agent.leg.wait_heard(1)
    assert np.abs(agent.leg.samples(since)).max() < 0.01, "he can open the packets, and hears silence"


def test_the_provider_refuses_to_be_kept_out(lab: Lab) -> None:
    """488 to all but keys that it can read: by default no second INVITE hands it any."""
    scene = Scene(lab, ("none", "dtls", "sdes"))
    refuses = RefusesEndToEnd()
    agent = scene.dial("sdes", refuses)
    never_end_to_end(scene.phone, 8)
    scene.phone.wait_screen("encrypt")
    assert refuses.refused >= 1
    assert not agent.got
    assert not any("a=crypto:" in text for text in scene.tap.up)
