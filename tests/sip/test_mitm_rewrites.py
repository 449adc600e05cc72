"""A provider that changes what the ends tell each other of their keys: refused in words, no sound, and never
"End to end".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.mitm import Change, Tap, on_descriptions
from tests.rig.mitm_rewrites import RefusesEndToEnd, in_clear, other_fingerprints, stripped, without
from tests.rig.phone import Phone
from tests.rig.processes import RigError, wait_until

pytestmark = pytest.mark.live

KEYLESS_S = 14
"""Seconds within which a call that gets no keys is ended."""


class Hostile:
    """A change that may be changed between two calls."""

    def __init__(self) -> None:
        self.now: Change = lambda message, way: message

    def __call__(self, message: str, way: str) -> str:
        return self.now(message, way)


class Scene:
    """The phone behind a hostile provider, and far ends behind that."""

    def __init__(self, lab: Lab, **options: Any) -> None:
        self.lab = lab
        self.hostile = Hostile()
        self.agents = {
            method: lab.add(Agent(lab.folder, lab.kit.far, user=user, method=method))
            for method, user in (("dtls", "carol"), ("none", "bob"), ("sdes", "dave"))
        }
        routes = {agent.user: agent.uri for agent in self.agents.values()}
        registrar = lab.registrar(udp=True, routes=routes)
        for agent in self.agents.values():
            agent.proxy = (registrar.address, registrar.port)
        self.tap = lab.add(Tap(registrar, self.hostile, lab.kit.authority.pem))
        self.phone: Phone = lab.phone(registrar=registrar, proxy=self.tap.uri, codecs=["pcma"], **options)
        self.phone.wait_registered()

    def dial(self, method: str, change: Change) -> Agent:
        """The phone calls the far end that knows this method alone, under this change."""
        self.hostile.now = change
        agent = self.agents[method]
        self.phone.hook("up")
        self.phone.keys({"carol": "103#", "bob": "102#", "dave": "104#"}[agent.user])
        return agent

    def called(self, method: str, change: Change) -> Agent:
        """That far end calls the phone."""
        self.hostile.now = change
        agent = self.agents[method]
        agent.dial("sip:alice@phone.test")
        return agent

    def rest(self) -> None:
        """The handset is put back and all is over."""
        self.phone.hook("down")
        self.phone.wait_idle()
        self.hostile.now = lambda message, way: message
        for agent in self.agents.values():
            if agent.state in ("active", "ringing"):
                agent.hangup()
            agent.state = "idle"


def silent(agent: Agent) -> None:
    """Nothing came, readable or not."""
    assert (len(agent.leg.heard), agent.leg.unread) == (0, 0), agent.explain()


def never_rang(agent: Agent) -> bool:
    """Its latest call was refused with 488 before it rang."""
    said = [text.split(" ")[1] for text in agent.heard_of_call()]
    return "488" in said and "180" not in said


def never_end_to_end(phone: Phone, seconds: float) -> None:
    """It does not become what it is not, and ends."""

    def over() -> bool:
        calls = phone.status()["calls"]
        assert not any(str(call["security"]).startswith("end-to-end") for call in calls), calls
        return all(call["state"] == "ended" for call in calls)

    wait_until(over, seconds, "the call without keys to end", every=0.2)


CHANGED: dict[str, tuple[str, Callable[[str], str]]] = {
    "SRTP stripped": ("none", stripped),
    "another fingerprint": ("dtls", other_fingerprints),
    "no fingerprint": ("dtls", lambda body: without(body, "a=fingerprint:")),
}


def test_what_is_changed_is_refused(lab: Lab) -> None:
    """In calls to and from us."""
    scene = Scene(lab)
    phone = scene.phone
    for name, (method, change) in CHANGED.items():
        both = ("up", "down") if method == "none" else ("down",)
        agent = scene.dial(method, on_descriptions(change, both))
        never_end_to_end(phone, KEYLESS_S)
        said = phone.wait_screen("encrypt")
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
    """RTP/AVP in the answer, the fingerprint left: no packet leaves that the far end cannot open."""
    scene = Scene(lab)
    agent = scene.dial("dtls", on_descriptions(in_clear, ("down",)))
    try:
        agent.wait_keys(4)
        agent.leg.wait_heard(0.5)
        assert (agent.leg.clear, agent.leg.unread) == (0, 0)
        scene.phone.wait_call("active", suite=agent.suite)
    except RigError:
        scene.phone.wait_screen("encrypt")
        silent(agent)
    scene.rest()
    agent = scene.called("dtls", on_descriptions(in_clear, ("down",)))
    agent.wait_state("refused")
    assert never_rang(agent), agent.explain()


def test_the_provider_refuses_to_be_kept_out(lab: Lab) -> None:
    """488 to all but keys that it can read: by default no second INVITE hands it any."""
    scene = Scene(lab)
    refuses = RefusesEndToEnd()
    agent = scene.dial("sdes", refuses)
    never_end_to_end(scene.phone, 8)
    scene.phone.wait_screen("encrypt")
    assert refuses.refused >= 1
    assert not agent.got
    assert not any("a=crypto:" in text for text in scene.tap.up)
