"""Who can call whom, keyed how: each kind of far end, called and calling, direct and through kamailio; speech
by PESQ or STOI at both ends, and what both ends say of the keys. The table is build/matrix.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from tests.rig import speech
from tests.rig.cables import Cables
from tests.rig.ends import CODEC, AgentEnd, BaresipEnd, End, LinphoneEnd, PhoneEnd
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.linphone import Secured
from tests.rig.phone import ROOT, Phone
from tests.rig.speech import GOOD, Talker
from tests.rig.wavefile import Samples
from tests.sip.test_call_baresip import JUDGED_S

pytestmark = pytest.mark.live

TABLE = ROOT / "build" / "matrix.json"

ROWS = (
    "linphone zrtp",
    "linphone dtls",
    "linphone sdes",
    "baresip dtls",
    "baresip sdes",
    "ourselves",
    "rig zrtp",
)

METHODS: Mapping[str, str] = {"ourselves": "zrtp"}
"""What is agreed upon where the row does not say it."""

DIRECT, THROUGH = "direct", "kamailio"

SHORT_S = 4.0
"""Seconds of recording for a short measure."""

ALICE = "sip:alice@phone.test"


@dataclass(frozen=True)
class Cell:
    """One call."""

    far: str
    path: str
    calls: str
    """``we`` or ``they``."""
    method: str
    suite: str
    code: str
    measure: str
    """``PESQ`` of six seconds, or ``STOI`` of three: what is between does not touch the media."""
    here: float
    there: float

    @property
    def good(self) -> bool:
        """Whether both ends could hear well."""
        wanted = GOOD[CODEC].pesq if self.measure == "PESQ" else GOOD[CODEC].stoi
        return min(self.here, self.there) >= wanted

    def __str__(self) -> str:
        found = f"{self.method:5} {self.suite:24} {self.code:20}"
        heard = f"{self.measure} {self.here:.2f} {self.there:.2f}"
        return f"{self.far:14} {self.path:9} {self.calls:5} {found} {heard}"


@pytest.mark.parametrize("row", ROWS)
def test_row(lab: Lab, row: str) -> None:
    """On each path we call, then they."""
    cells = []
    for path, pair in ((THROUGH, through), (DIRECT, direct)):
        ours, theirs = pair(lab, row)
        cells += [called(row, path, calls, ours, theirs) for calls in ("we", "they")]
    print("\n" + "\n".join(map(str, cells)))
    keep(cells)
    for cell in cells:
        assert cell.method == METHODS.get(row, row.split()[-1]), cell
        assert cell.good, cell


def called(row: str, path: str, calls: str, ours: PhoneEnd, theirs: End) -> Cell:
    """A call from its first key to its end."""
    if calls == "we":
        ours.dial("102#" if path == THROUGH else "2#")
        theirs.accept()
    else:
        theirs.dial(number(theirs, ours, path))
        ours.accept()
    here, there = ours.secured(), theirs.secured()
    assert (here.method, here.suite) == (there.method, there.suite), f"{path}, {calls} call: {here}, {there}"
    if here.method == "zrtp":
        assert here.sas == there.sas, f"{path}, {calls} call: {here}, {there}"
    cell = heard(row, path, calls, here, (ours, theirs))
    if not cell.good:  # a busy machine breaks speech for a moment; a bad path breaks it again
        cell = heard(row, path, calls, here, (ours, theirs))
    for end in (ours, theirs) if calls == "we" else (theirs, ours):
        end.hangup()
    return cell


def heard(row: str, path: str, calls: str, keyed: Secured, ends: tuple[PhoneEnd, End]) -> Cell:
    """What both ends hear of each other."""
    ours, theirs = ends
    with theirs.heard() as what_they_heard, ours.heard() as what_we_heard:
        time.sleep(JUDGED_S if path == THROUGH else SHORT_S)
    near, distant = judged(path, theirs, what_we_heard), judged(path, ours, what_they_heard)
    measure = "PESQ" if path == THROUGH else "STOI"
    return Cell(row, path, calls, keyed.method, keyed.suite, keyed.sas, measure, near, distant)


def number(theirs: End, ours: PhoneEnd, path: str) -> str:
    """What the far end dials to reach us: keys on a telephone of ours, a URI on another."""
    if isinstance(theirs, PhoneEnd):
        return "101#" if path == THROUGH else "2#"
    return ALICE if path == THROUGH else ours.uri


def judged(path: str, speaker: End, recorded: list[Samples]) -> float:
    """How well he was heard."""
    if path == THROUGH:
        return speech.score(speaker.talker, recorded[0], 1).pesq
    return speech.intelligible(speaker.talker, recorded[0])


def through(lab: Lab, row: str) -> tuple[PhoneEnd, End]:
    """A pair through kamailio."""
    if row == "rig zrtp":
        zed = AgentEnd(lab, direct=False)
        registrar = lab.registrar(udp=True, routes={"bob": zed.uri})
        zed.agent.proxy = (registrar.address, registrar.port)
        return registered(lab, "alice", row, lab.kit.near), zed
    registrar = lab.registrar()
    if row == "ourselves":
        return registered(lab, "alice", row, lab.kit.near), registered(lab, "bob", row, lab.kit.far)
    return registered(lab, "alice", row, lab.kit.near), far(lab, row, registrar)


def direct(lab: Lab, row: str) -> tuple[PhoneEnd, End]:
    """A pair with nobody between, each the other's contact; linphone listens on TCP alone."""
    transport = "tcp" if row.startswith("linphone") else "tls"
    cables, here = unstarted(lab, "erin", row, transport)
    if row == "ourselves":
        there_cables, there = unstarted(lab, "dave", row, transport)
        befriend(here, f"sip:{there.address}:{there.sip_port};transport=tls")
        befriend(there, f"sip:{here.address}:{here.sip_port};transport=tls")
        theirs: End = PhoneEnd(lab, lab.kit.far, there_cables, lab.add(there))
    else:
        theirs = AgentEnd(lab, direct=True) if row == "rig zrtp" else far(lab, row, None)
        befriend(here, theirs.uri)
    return PhoneEnd(lab, lab.kit.near, cables, lab.add(here), transport), theirs


def far(lab: Lab, row: str, registrar: Registrar | None) -> End:
    """A telephone that others made."""
    name, method = row.split()
    made = LinphoneEnd if name == "linphone" else BaresipEnd
    return made(lab, method, registrar)


def registered(lab: Lab, user: str, row: str, talker: Talker) -> PhoneEnd:
    """One of ours at the registrar."""
    cables = lab.cables(user)
    return PhoneEnd(lab, talker, cables, lab.phone(user, cables=cables, **options(row)))


def unstarted(lab: Lab, user: str, row: str, transport: str) -> tuple[Cables, Phone]:
    """One of ours without an account, whose contacts are yet to be written."""
    cables = lab.cables(user)
    sound: dict[str, Any] = {"playback": "ear", "capture": "mic", "alsa_config": cables.alsa_config}
    phone = Phone(
        lab.folder,
        lab.kit.authority,
        user=user,
        account=False,
        transport=transport,
        address=lab.address(),
        **sound,
        **options(row),
    )
    return cables, phone


def befriend(phone: Phone, uri: str) -> None:
    """Its only contact, at 2."""
    written = phone.config.read_text()
    phone.config.write_text(f'{written}[[contact]]\nname = "Dave"\nuri = "{uri}"\nspeed_dial = 2\n')


def options(row: str) -> dict[str, Any]:
    """What the row asks of our configuration."""
    return {"codecs": [CODEC], "encryption": "provider" if row.endswith("sdes") else "end-to-end"}


def keep(cells: Sequence[Cell]) -> None:
    """In the table, instead of what was there."""
    TABLE.parent.mkdir(exist_ok=True)
    rows = json.loads(TABLE.read_text()) if TABLE.exists() else []
    rows = [row for row in rows if row["far"] != cells[0].far] + [asdict(cell) for cell in cells]
    TABLE.write_text(json.dumps(rows, indent=1) + "\n")
