"""A provider between two telephones that speak ZRTP, and far ends that break it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from tests.rig import speech
from tests.rig.keying import Zrtp
from tests.rig.lab import Lab
from tests.rig.leg import Leg
from tests.rig.mitm import Tap, on_descriptions
from tests.rig.mitm_media import Interceptor
from tests.rig.mitm_rewrites import other_hash, without_hash
from tests.rig.scene import Hostile, Scene, coded, never_end_to_end, never_rang, silent
from tests.rig.speech import GOOD
from tests.rig.zrtp import hostile
from tests.rig.zrtp.algorithms import OFFERED
from tests.rig.zrtp.party import Party

pytestmark = pytest.mark.live


def contact(name: str) -> str:
    return f'[[contact]]\nname = "{name.title()}"\nuri = "sip:{name}@phone.test"\nspeed_dial = 2\n'


def sas(leg: Leg) -> str:
    """What the man in the middle has agreed upon with one end."""
    assert isinstance(leg.keying, Zrtp)
    assert leg.keying.party.agreement is not None
    return leg.keying.party.agreement.base32


class Relayed:
    """Two telephones of ours that know each other, the first behind a provider who may come between."""

    def __init__(self, lab: Lab) -> None:
        self.provider, self.spy = Hostile(), lab.add(Interceptor())
        registrar = lab.registrar()
        tap = lab.add(Tap(registrar, self.provider, lab.kit.authority.pem))
        self.cables = lab.cables()
        self.alice = lab.phone(
            registrar=registrar, proxy=tap.uri, cables=self.cables, codecs=["pcma"], extra=contact("bob")
        )
        self.bob = lab.phone("bob", codecs=["pcma"], extra=contact("alice"))
        self.alice.wait_registered()

    def call(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Alice calls Bob: what each says of the call once it has a code."""
        self.alice.hook("up")
        self.alice.keys("2#")
        self.bob.wait_call("ringing", direction="in")
        self.bob.hook("up")
        return coded(self.alice), coded(self.bob)

    def hang_up(self) -> None:
        """Both put the handset back."""
        for phone in (self.alice, self.bob):
            phone.hook("down")
            phone.wait_idle()


def test_zrtp_relayed_by_a_third(lab: Lab) -> None:
    """Strangers to each other: he hears them, and the codes differ."""
    scene = Relayed(lab)
    scene.provider.now = scene.spy
    with scene.cables.speak(lab.kit.near.file()):
        ours, theirs = scene.call()
        between = scene.spy.wait_keys()
        assert between.method == "zrtp"
        assert (ours["code"], theirs["code"]) == (sas(between.near), sas(between.far))
        assert ours["code"] != theirs["code"]
        between.near.wait_heard(4)
    heard = speech.intelligible(lab.kit.near, between.near.samples())
    print(f"{ours['code']} is not {theirs['code']}; he hears STOI {heard:.2f}")
    assert heard >= GOOD["pcma"].stoi, "the attack itself must work"


def test_those_who_have_met_are_told_without_comparing(lab: Lab) -> None:
    """The secrets of an honest call are missing in the next: an alarm at both ends, and no sound."""
    scene = Relayed(lab)
    for phone in (scene.alice, scene.bob):
        phone.privacy("open")
    ours, theirs = scene.call()
    assert ours["code"] == theirs["code"]
    assert ours["security"] == theirs["security"] == "end-to-end"
    scene.hang_up()
    scene.provider.now = scene.spy
    with scene.cables.speak(lab.kit.near.file()):
        ours, theirs = scene.call()
        assert ours["code"] != theirs["code"]
        between = scene.spy.wait_keys()
        for phone in (scene.alice, scene.bob):
            phone.wait_screen("another far end")
            call = phone.wait_call("active", speaks=False)
            assert not call["security"].startswith("end-to-end")
        between.near.wait_heard(2)
    assert np.abs(between.near.samples()).max() < 0.01, "he has the keys, and hears silence"
    scene.hang_up()


def test_what_was_promised_in_sdp_is_gone_or_another(lab: Lab) -> None:
    """No hash in the offer or in the answer: refused. That of somebody else: the keys do not match. Never a
    sound."""
    scene = Scene(lab, ("zrtp",))
    agent = scene.called("zrtp", on_descriptions(without_hash, ("down",)))
    agent.wait_state("refused")
    assert never_rang(agent), agent.explain()
    scene.rest()
    agent = scene.dial("zrtp", on_descriptions(without_hash, ("down",)))
    never_end_to_end(scene.phone, 14)
    scene.phone.wait_screen("no common encryption")
    silent(agent)
    scene.rest()
    agent = scene.dial("zrtp", on_descriptions(other_hash, ("down",)))
    never_end_to_end(scene.phone, 14)
    scene.phone.wait_screen("keys do not match.*somebody between")
    silent(agent)


def test_who_breaks_the_protocol_is_not_agreed_with(lab: Lab) -> None:
    """Each in his own way, as the one who begins; then one who keeps to it, for comparison."""
    scene = Scene(lab, ("zrtp",))
    offers = dict(OFFERED) | {"agreement": ("DH3k",)}
    for name, kind in hostile.KINDS.items():
        scene.agents["zrtp"].party = functools.partial(kind, role="initiator", offers=offers)
        agent = scene.dial("zrtp")
        agent.wait_state("active")
        party = agent.zrtp
        for _ in range(8):
            calls = scene.phone.status()["calls"]
            assert not any(str(call["security"]).startswith("end-to-end") for call in calls), name
        print(f"{name}: {party.state} {party.trouble or party.dropped[:1]}, it has said {party.got}")
        assert party.agreement is None, name
        assert "Hello" in party.got, f"{name}: it has not even begun"
        if name.endswith("Public"):
            scene.phone.wait_screen("keys do not match")
            assert party.trouble == "the peer says error 0x61", f"{name}: it was not told why (section 5.9)"
        silent(agent)
        scene.rest()
    scene.agents["zrtp"].party = Party
    agent = scene.dial("zrtp")
    agent.wait_keys()
    agent.leg.wait_heard(0.3)
