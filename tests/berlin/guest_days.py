"""Two guest periods of one telephone at one access point, each with a call; between them a guest of another
telephone, who calls the same number: what is in all three is of the kind of telephone, and links nobody.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.berlin.model import NotYet
from tests.berlin.stage import Stage
from tests.rig import linked
from tests.rig.hotspot import CARD, GATEWAY, Hotspot
from tests.rig.identity import Identity
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

SCENE = "guest-days"
ANY = "0.0.0.0"
GUESTS = '\n[guest]\ndomain = "phone.test"\noutbound_proxy = "{proxy}"\n'
CALL_S = 1.5
PACKETS = 20
"""Of speech, at the least, in each call."""


@dataclass
class Period:
    """One guest period as the cable saw it, and as the provider read it."""

    card: str
    capture: Path
    cause: str = ""
    """Why it was private, by its own status."""
    speech: int = 0
    texts: list[str] = field(default_factory=list)
    known: set[linked.Identifier] = field(default_factory=set)
    octets: set[bytes] = field(default_factory=set)
    """Every few octets of what it sent by TCP and UDP."""
    numbers: set[str] = field(default_factory=set)
    """Of the card, and what it made addresses of."""


@dataclass
class GuestDays:
    """``common``: what the other telephone sent too."""

    first: Period
    second: Period
    common: set[linked.Identifier] = field(default_factory=set)
    common_octets: set[bytes] = field(default_factory=set)
    owner_words: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """Names of what is left of the periods."""
    evidence: Path = Path()

    @property
    def links(self) -> list[linked.Identifier]:
        """Every identifier that both periods have, and the other telephone has not."""
        found = linked.links(self.first.known - self.common, self.second.known - self.common)
        seen = self.second.capture.read_bytes()
        again = [number for number in self.first.numbers if bytes.fromhex(number.replace(":", "")) in seen]
        return found + [("number anywhere", number) for number in sorted(again)]

    @property
    def shared_octets(self) -> list[bytes]:
        """What both periods sent, and the other telephone did not, longer than by chance."""
        return linked.runs((self.first.octets & self.second.octets) - self.common_octets)


def play(stage: Stage) -> GuestDays:
    """Let them pass."""
    if os.geteuid() != 0:
        raise NotYet("Only root can make the two network namespaces that this is tried in.")
    who, other = Identity.random(), Identity.random()
    with stage.lab(SCENE) as lab, ExitStack() as stack:
        folder = stage.evidence(SCENE, "hotspot")
        folder.mkdir(exist_ok=True)
        spot = stack.enter_context(Hotspot(folder))
        with spot.within(spot.world):
            registrar = lab.registrar(address=GATEWAY, guests=True)
            far = lab.phone("bob", address=GATEWAY, listens=False)
        phone = _phone(stage, lab, registrar, who)
        third = _phone(stage, lab, registrar, other)
        periods: list[Period] = []
        common: tuple[set[linked.Identifier], set[bytes]] = (set(), set())
        for name in ("first", "second"):
            spot.mark = phone.socket.parent / "guest"
            with spot.period(name) as capture, spot.within(spot.phone):
                period = Period(spot.number(), capture)
                since = len(registrar.messages())
                _call(phone, far, period)
                period.texts = [m.text for m in registrar.messages()[since:] if _from(spot, m.source)]
                if name == "first":
                    common = _other(spot, third, far, registrar, capture)
            periods.append(period)
        for period in periods:
            _read(period)
        first, second = periods
        words = {"user": who.user, "login name": who.auth_user, "host name": who.host_name}
        days = GuestDays(first, second, common[0], common[1], words)
        days.left = [str(file) for file in (*phone.state.rglob("*"), *phone.socket.parent.rglob("guest*"))]
        for one in (phone, third):
            shutil.rmtree(one.socket.parent, ignore_errors=True)
        days.evidence = folder
    return days


def _phone(stage: Stage, lab: Lab, registrar: Registrar, who: Identity) -> Phone:
    """A telephone of this person, not started."""
    folder = lab.folder / who.user
    folder.mkdir()
    return Phone(
        folder,
        lab.kit.authority,
        user=who.user,
        password=who.password,
        address=ANY,
        listens=False,
        proxy=registrar.uri,
        extra=GUESTS.format(proxy=registrar.uri),
        **stage.phone(who, folder),
    )


def _call(phone: Phone, far: Phone, period: Period | None = None) -> None:
    """From its start to its end, with a call that is answered."""
    phone.start()
    try:
        phone.wait_registered()
        if period is not None:
            period.cause = phone.status()["privacy_cause"]
        phone.hook("up")
        phone.keys("102#")
        far.wait_call("ringing")
        far.hook("up")
        phone.wait_call("active", security="end-to-end")
        wait_until(lambda: phone.wait_call("active")["seconds"] >= CALL_S, 10, "the call to last")
        phone.hook("down")
        far.hook("down")
        phone.wait_idle()
        far.wait_idle()
    except Exception as error:
        error.add_note(phone.explain())
        raise
    finally:
        phone.stop()


def _other(
    spot: Hotspot, third: Phone, far: Phone, registrar: Registrar, capture: Path
) -> tuple[set[linked.Identifier], set[bytes]]:
    """What a guest's telephone of another owner sends: its ports tell it from the one before; and what the
    far end sends as speech and to agree keys, in which one of the two has the other's part (ZRTP).
    """
    address = _address(spot)
    before = {port for port, _ in linked.of_streams(capture, address)}
    since = len(registrar.messages())
    mark = third.socket.parent / "guest"
    mark.mkdir(parents=True)
    _call(third, far)
    streams = [one for one in linked.of_streams(capture, address) if one[0] not in before]
    streams += linked.of_datagrams(capture, linked.gateway(capture))
    texts = [m.text for m in registrar.messages()[since:] if _from(spot, m.source)]
    known = linked.of_messages(texts) - {("SIP word", address)}
    return known, linked.of_octets(octets for _, octets in streams)


def _address(spot: Hotspot) -> str:
    found = re.search(r"inet (192\.0\.2\.\d+)", spot.run(spot.phone, f"ip -4 -o address show dev {CARD}"))
    assert found, "the telephone has no address"
    return found[1]


def _from(spot: Hotspot, source: str) -> bool:
    return source.rpartition(":")[0] != GATEWAY


def _read(period: Period) -> None:
    """All identifiers of a period, of every layer."""
    streams = linked.of_datagrams(period.capture, period.card)
    period.known = linked.of_line(period.capture) | linked.of_messages(period.texts)
    speech = linked.of_speech(streams)
    period.speech = sum(1 for _, octets in streams if linked.is_speech(octets))
    period.known |= speech
    period.octets = linked.of_octets(linked.of_contents(period.capture, period.card))
    period.numbers = {
        value for kind, value in period.known if kind in ("card", "IPv6 interface", "ND option")
    }
