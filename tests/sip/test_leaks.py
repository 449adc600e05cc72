"""What the far end of a private call learns: nothing. Judged by every octet that it got, in clear.

The account, the host, its user and the board have names that occur nowhere by chance. Bob reaches the phone
by a number, so that he knows nothing of it to begin with.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.rig import call_kinds, far_end, ports
from tests.rig.baresip import Baresip
from tests.rig.capture import Capture
from tests.rig.far_end import Place
from tests.rig.identity import Identity, accounts
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.oracle import Finding, Oracle
from tests.rig.phone import Phone

pytestmark = pytest.mark.live

TELLING_WHEN_OPEN = {"user", "display name", "display name, a part"}
"""What a call with the switch on open tells; nothing else ever leaves."""


@dataclass
class Ends:
    """The phone of somebody, and bob far away with all that is sent to him captured."""

    lab: Lab
    who: Identity
    registrar: Registrar
    wire: Capture
    bob: Baresip
    phone: Phone
    version: str

    def places(self) -> list[Place]:
        """End all and return what bob got."""
        self.phone.stop()
        self.wire.stop()
        places = far_end.received(self.wire, self.bob, self.registrar, self.phone)
        far_end.assert_whole(places)
        return places

    def findings(self, places: list[Place]) -> list[Finding]:
        """What bob could learn."""
        oracle = Oracle(self.who.secrets(self.version))
        return oracle.search_all((place.name, place.octets) for place in places)


@pytest.fixture
def ends(lab: Lab) -> Ends:
    """Both ends, registered; the capture began before bob connected."""
    who = Identity.random()
    registrar = lab.registrar(**accounts(who))
    address = lab.address()
    wire = lab.capture(hosts=[address, ports.LOOPBACK])  # kamailio may call bob at his own port, too
    bob = lab.baresip("bob")
    phone = lab.phone(who.user, address=address, **who.phone(lab.folder))
    return Ends(lab, who, registrar, wire, bob, phone, phone.status()["version"])


@pytest.mark.parametrize("kind", call_kinds.ALL)
def test_a_private_call_tells_nothing(ends: Ends, kind: str) -> None:
    """No name of person, account, machine or model in any message, RTP or RTCP packet that bob got."""
    ends.phone.privacy("private")
    call_kinds.ALL[kind](ends.phone, ends.bob)
    places = ends.places()
    answered = kind in ("outgoing, answered", "incoming, answered")
    assert not answered or enough(places), "reports and speech were there to be judged"
    assert_none(ends.findings(places))


@pytest.mark.parametrize("way", ["outgoing, answered", "incoming, answered"])
def test_a_switch_that_cannot_be_read_tells_nothing(ends: Ends, way: str) -> None:
    """Broken at the start of the call: private."""
    ends.phone.privacy("open")
    ends.phone.privacy("broken")
    call_kinds.ALL[way](ends.phone, ends.bob)
    assert_none(ends.findings(ends.places()))


def test_a_switch_that_breaks_in_a_call_tells_nothing_from_then_on(ends: Ends) -> None:
    """After an open call the switch breaks; the next calls, both ways, are private."""
    ends.phone.privacy("open")
    call_kinds.out_ended_by_bob(ends.phone, ends.bob)
    seen = len(far_end.messages(ends.registrar, ends.phone))
    ends.phone.privacy("broken")
    call_kinds.out_cancelled(ends.phone, ends.bob)
    call_kinds.in_declined(ends.phone, ends.bob)
    later = far_end.messages(ends.registrar, ends.phone)[seen:]
    assert len(later) >= 4
    assert_none(ends.findings([Place(m.first_line, "sip", m.text.encode()) for m in later]))


def test_an_open_call_tells_name_and_address_and_no_more(ends: Ends) -> None:
    """The positive control: the oracle sees what is there; and machine, model and digest user never are."""
    ends.phone.privacy("open")
    call_kinds.out_answered(ends.phone, ends.bob)
    findings = ends.findings(ends.places())
    assert {finding.secret for finding in findings} == TELLING_WHEN_OPEN
    assert "From" in {finding.field for finding in findings if finding.place.startswith("INVITE")}


def enough(places: list[Place]) -> bool:
    """Whether the media was there to be judged: decrypted speech, reports and the goodbye."""
    types = {kind for place in places for kind in far_end.rtcp_types(place)}
    speech = [place for place in places if place.kind == "rtp" and place.name.endswith("decrypted")]
    return len(speech) > 200 and types >= {far_end.SENDER_REPORT, far_end.SOURCE_DESCRIPTION, far_end.GOODBYE}


def assert_none(findings: list[Finding]) -> None:
    """Fail with every finding."""
    assert not findings, "the far end learns:\n" + "\n".join(f"  {finding}" for finding in findings)
