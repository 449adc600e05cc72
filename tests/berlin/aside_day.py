"""Two calls of a phone on private: one that it holds and takes back, one that it transfers. All
that the far end gets is captured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.berlin.stage import Stage
from tests.rig import call_kinds, far_end, ports
from tests.rig.far_end import Place
from tests.rig.identity import Identity, accounts
from tests.rig.kamailio import Message

SCENE = "aside"


@dataclass(frozen=True)
class Aside:
    """What was sent. ``from_us``: as the registrar read it; ``places``: what the far end got, in clear."""

    who: Identity
    version: str
    from_us: list[Message]
    places: list[Place]
    evidence: Path


def play(stage: Stage) -> Aside:
    """Make both calls."""
    who = Identity.random()
    with stage.lab(SCENE) as lab:
        registrar = lab.registrar(**accounts(who))
        address = lab.address()
        wire = lab.capture(hosts=[address, ports.LOOPBACK])  # kamailio calls bob at his own port, too
        bob = lab.baresip("bob")
        phone = lab.phone(who.user, address=address, **stage.phone(who, lab.folder))
        phone.privacy("private")
        version = str(phone.status()["version"])
        call_kinds.out_held_here(phone, bob)
        call_kinds.out_transferred(phone, bob)
        phone.stop()
        wire.stop()
        places = far_end.received(wire, bob, registrar, phone)
        far_end.assert_whole(places)
        ours = [m for m in registrar.messages() if m.received and m.source.startswith(f"{address}:")]
    file = stage.evidence(SCENE, "far-end.txt")
    file.write_bytes(b"\n".join(f"--- {place.name}\n".encode() + place.octets for place in places))
    return Aside(who, version, ours, places, file)
