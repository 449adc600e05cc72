"""Calls through a media relay: rtpengine, as one that only passes on, and as one that does not."""

from __future__ import annotations

import time

import pytest

from tests.rig import speech
from tests.rig.agent import Agent
from tests.rig.keying import Dtls
from tests.rig.lab import Lab
from tests.rig.relay import TERMINATES, Relay
from tests.rig.scene import FAR
from tests.rig.speech import GOOD

pytestmark = pytest.mark.live


def agents(lab: Lab, *methods: str) -> dict[str, Agent]:
    """A far end for each."""
    return {
        method: lab.add(Agent(lab.folder, lab.kit.far, user=user, method=method))
        for method, user in zip(methods, FAR, strict=False)
    }


def test_each_keying_through_a_relay(lab: Lab) -> None:
    """Keys, the same code, and speech at both ends, though every packet went through a third."""
    relay = lab.add(Relay(lab.folder))
    far = agents(lab, "zrtp", "dtls", "sdes")
    lab.registrar(udp=True, relay=relay, routes={agent.user: agent.uri for agent in far.values()})
    cables = lab.cables()
    phone = lab.phone(cables=cables, codecs=["pcma"], encryption="provider")
    with cables.speak(lab.kit.near.file()):
        for method, agent in far.items():
            phone.hook("up")
            phone.keys(FAR[agent.user])
            agent.wait_keys()
            call = phone.wait_call("active", suite=agent.suite)
            assert call["security"] == ("provider" if method == "sdes" else "end-to-end")
            if method == "zrtp":
                assert agent.zrtp.agreement is not None
                assert call["code"] == agent.zrtp.agreement.base32
            assert agent.leg.remote is not None
            assert relay.carries(agent.leg.remote[1])
            since = len(agent.leg.heard)
            with cables.listen() as heard:
                time.sleep(4)
            here = speech.intelligible(lab.kit.far, heard.samples())
            there = speech.intelligible(lab.kit.near, agent.leg.samples(since))
            print(f"{method} {agent.suite} through rtpengine: STOI {here:.2f} {there:.2f}")
            assert min(here, there) >= GOOD["pcma"].stoi
            phone.hook("down")
            phone.wait_idle()


def test_a_relay_that_ends_dtls_is_a_man_in_the_middle(lab: Lab) -> None:
    """As rtpengine does unless told not to: neither end sees the other's certificate, so the codes differ."""
    relay = lab.add(Relay(lab.folder, TERMINATES))
    (far,) = agents(lab, "dtls").values()
    registrar = lab.registrar(udp=True, relay=relay, routes={far.user: far.uri})
    phone = lab.phone(codecs=["pcma"])
    phone.hook("up")
    phone.keys(FAR[far.user])
    far.wait_keys()
    phone.wait_call("active")
    assert isinstance(far.keying, Dtls)
    sent = registrar.requests("INVITE")[0].body
    assert "a=fingerprint:" in sent
    assert far.keying.peer_fingerprint not in sent.upper()
    got = [message.body for message in registrar.responses("INVITE", 200, received=False)]
    assert got
    assert not any(far.fingerprint in body.upper() for body in got)
