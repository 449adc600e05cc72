"""Two of the rig's own telephones call each other, with each keying and over each transport."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import ports
from tests.rig.agent import Agent
from tests.rig.certs import Authority
from tests.rig.speech import Talker


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Talker:
    """What both say."""
    return Talker(tmp_path_factory.mktemp("talker"), "far")


@pytest.mark.parametrize(
    ("method", "transport"), [("zrtp", "udp"), ("dtls", "tcp"), ("sdes", "tls"), ("none", "udp")]
)
def test_a_call_and_the_next(tmp_path: Path, talker: Talker, method: str, transport: str) -> None:
    """Keys at both ends, both are heard, and the end of one is the end of the other."""
    authority = Authority.create(tmp_path / "ca")
    shown = authority.issue("agents", ips=[ports.LOOPBACK])
    common = {"method": method, "transport": transport, "certificate": shown, "trusted": authority.pem}
    with (
        Agent(tmp_path, talker, user="carol", **common) as one,  # type: ignore[arg-type]
        Agent(tmp_path, talker, user="dave", **common) as two,  # type: ignore[arg-type]
    ):
        for caller, called in ((one, two), (two, one)):
            caller.dial(called.uri)
            for agent in (caller, called):
                agent.wait_state("active")
                if method == "none":
                    agent.speak()
                else:
                    agent.wait_keys()
            for agent in (caller, called):
                agent.leg.wait_heard(0.2)
                assert (agent.leg.unread, bool(agent.leg.clear)) == (0, method == "none")
            assert caller.suite == called.suite
            caller.hangup()
            called.wait_state("over")


@pytest.mark.parametrize("method", ["zrtp", "dtls", "sdes"])
def test_what_is_not_there_is_refused(tmp_path: Path, talker: Talker, method: str) -> None:
    """488 to an offer in clear."""
    with (
        Agent(tmp_path, talker, user="carol", method="none") as one,
        Agent(tmp_path, talker, user="dave", method=method) as two,
    ):
        one.dial(two.uri)
        one.wait_state("refused")
        assert any(text.startswith("SIP/2.0 488") for text in one.heard_of_call())
