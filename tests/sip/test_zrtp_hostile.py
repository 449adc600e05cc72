"""Far ends that break ZRTP, and descriptions that were changed on the way: never keys, never a word."""

from __future__ import annotations

import pytest

from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.secured import told
from tests.rig.zrtp import hostile
from tests.rig.zrtp.party import Party

pytestmark = pytest.mark.live


class Misannounced(Party):
    """Its SDP announces another Hello than the one it sends."""

    @property
    def sdp_value(self) -> str:
        right = super().sdp_value
        return right[:-1] + ("0" if right[-1] != "0" else "1")


def called(lab: Lab, **options: object) -> tuple[Agent, Phone]:
    """The party calls the phone by way of kamailio."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, **options))  # type: ignore[arg-type]
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    phone = lab.phone()
    zed.dial("sip:alice@phone.test")
    return zed, phone


@pytest.mark.parametrize(
    "party",
    [Misannounced, hostile.FalseHello, hostile.WrongConfirm, hostile.WrongCommitment, hostile.ZeroPublic],
)
def test_who_breaks_the_protocol_gets_no_keys(lab: Lab, party: type[Party]) -> None:
    """The call ends by itself, and nothing but ZRTP was ever sent."""
    zed, phone = called(lab, party=party)
    wire = lab.capture(of=phone)
    with told(phone) as seen:
        phone.wait_call("ringing", direction="in")
        phone.hook("up")
        zed.wait_state("over", 14)
        assert all(not media["suite"] for media in seen.medias())
    wire.stop()
    sent = [packet for packet in wire.packets() if packet.source[0] == phone.address]
    assert {packet.kind for packet in sent if packet.transport == "udp"} <= {"zrtp"}
    assert not zed.leg.heard


@pytest.mark.parametrize("options", [{"hash_in_sdp": False}, {"method": "none"}], ids=["stripped", "clear"])
def test_an_offer_that_announces_no_hello_is_refused_before_it_rings(
    lab: Lab, options: dict[str, object]
) -> None:
    zed, phone = called(lab, **options)
    zed.wait_state("refused")
    assert phone.status()["calls"] == []
    assert any(text.startswith("SIP/2.0 488") for text in zed.got)
