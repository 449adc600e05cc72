"""Far ends that break ZRTP, and descriptions that were changed on the way: never keys, never a word."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
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


def called(lab: Lab, phone: dict[str, Any] | None = None, **options: object) -> tuple[Agent, Phone]:
    """The party calls the phone by way of kamailio; ``phone``: what is special about that."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, **options))  # type: ignore[arg-type]
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    ours = lab.phone(**phone or {})
    zed.dial("sip:alice@phone.test")
    return zed, ours


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


def test_who_wants_to_go_on_in_clear_has_keys_to_the_end(lab: Lab) -> None:
    """GoClear (section 4.7.2), well sealed, and packets in clear: neither is heeded."""
    zed, phone = called(lab, party=hostile.Clearing)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    zed.wait_keys()
    party = zed.zrtp
    assert isinstance(party, hostile.Clearing)
    wait_until(lambda: party.asked >= 5, 5, "five wishes")
    zed.leg.wait_heard(1)
    assert not party.agreed_to_clear
    assert (zed.leg.clear, zed.leg.unread) == (0, 0)
    phone.wait_call("active", security="end-to-end", speaks=True)


@pytest.mark.parametrize("party", [Party, hostile.Mute])
def test_our_own_fault_puts_no_call_in_clear(lab: Lab, party: type[Party]) -> None:
    """An engine that wants every call in clear, whatever was answered: the wall is in the native part."""
    zed, phone = called(lab, party=party, phone={"module": "tests.rig.faulty", "env": {"RIG_FAULT": "clear"}})
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    zed.wait_state("active")
    if party is Party:
        zed.wait_keys()
        zed.leg.wait_heard(1)
        phone.wait_call("active", security="end-to-end")
    else:
        time.sleep(2)
        assert not any(call["security"] == "clear" for call in phone.status()["calls"])
    assert (zed.leg.clear, zed.leg.unread) == (0, 0)


@pytest.mark.parametrize("options", [{"hash_in_sdp": False}, {"method": "none"}], ids=["stripped", "clear"])
def test_an_offer_that_announces_no_hello_is_refused_before_it_rings(
    lab: Lab, options: dict[str, Any]
) -> None:
    zed, phone = called(lab, **options)
    zed.wait_state("refused")
    assert phone.status()["calls"] == []
    assert any(text.startswith("SIP/2.0 488") for text in zed.got)
