"""The phone behind a hostile provider, and the rig's own far ends behind that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.mitm import Change, Tap
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

FAR = {"bob": "102#", "carol": "103#", "dave": "104#"}
"""The far ends, and what is dialled to reach them."""


def honest(message: str, way: str) -> str:
    """Nothing is changed."""
    return message


class Hostile:
    """A change that may be changed between two calls."""

    def __init__(self) -> None:
        self.now: Change = honest

    def __call__(self, message: str, way: str) -> str:
        return self.now(message, way)


class Scene:
    """One phone, ``alice``, and far ends that each know one keying alone."""

    def __init__(self, lab: Lab, methods: Sequence[str], **options: Any) -> None:
        """``methods``: of the far ends; ``options``: of the phone."""
        self.hostile = Hostile()
        self.agents = {
            method: lab.add(Agent(lab.folder, lab.kit.far, user=user, method=method))
            for method, user in zip(methods, FAR, strict=False)
        }
        registrar = lab.registrar(udp=True, routes={agent.user: agent.uri for agent in self.agents.values()})
        for agent in self.agents.values():
            agent.proxy = (registrar.address, registrar.port)
        self.tap = lab.add(Tap(registrar, self.hostile, lab.kit.authority.pem))
        self.phone: Phone = lab.phone(registrar=registrar, proxy=self.tap.uri, codecs=["pcma"], **options)
        self.phone.wait_registered()

    def dial(self, method: str, change: Change = honest) -> Agent:
        """The phone calls the far end that knows this method alone, under this change."""
        self.hostile.now = change
        agent = self.agents[method]
        self.phone.hook("up")
        self.phone.keys(FAR[agent.user])
        return agent

    def called(self, method: str, change: Change = honest) -> Agent:
        """That far end calls the phone."""
        self.hostile.now = change
        agent = self.agents[method]
        agent.dial("sip:alice@phone.test")
        return agent

    def rest(self) -> None:
        """The handset is put back and all is over."""
        self.phone.hook("down")
        self.phone.wait_idle()
        self.hostile.now = honest
        for agent in self.agents.values():
            if agent.state in ("active", "ringing"):
                agent.hangup()
            agent.state = "idle"
            agent.leg.heard.clear()
            agent.leg.unread = 0


def coded(phone: Phone) -> dict[str, Any]:
    """Its live call, once it has a code to compare."""

    def look() -> dict[str, Any] | None:
        calls = phone.status()["calls"]
        return next((call for call in calls if call["state"] == "active" and call["code"]), None)

    return wait_until(look, 12, f"a code at {phone.user}", every=0.1)


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
        assert not any(
            str(call["security"]).startswith("end-to-end") for call in calls if call["state"] != "ended"
        ), calls
        return all(call["state"] == "ended" for call in calls)

    wait_until(over, seconds, "the call without keys to end", every=0.2)
