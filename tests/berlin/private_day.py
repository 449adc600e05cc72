"""A day of a phone whose switch is on private: start, calls of every kind both ways, end. All of it is
captured.

The experiments look at what was kept of it; nothing is judged here.
"""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.berlin.stage import Stage, files_under
from tests.rig import call_kinds, capture, far_end, scan, srtp
from tests.rig.baresip import Baresip
from tests.rig.cables import Cables
from tests.rig.capture import Packet
from tests.rig.far_end import Place
from tests.rig.identity import Identity, accounts, egress
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Answer, Phone, Status
from tests.rig.plain_peer import PlainPeer
from tests.rig.processes import wait_until

SCENE = "private-day"

QUIET_S, SPEECH_S = 3.0, 4.0
"""Seconds of silence and of speech in the long call."""

ERASED_S = 1.0
"""Seconds after hang-up at which no key of the call may be in memory."""

RING_S = 2.5
"""Seconds that a call is left ringing to see whether anything opens by itself."""

COMMANDS = ("inventory", "risks", "manifest", "selftest", "update status")

FORCED = {
    "Call-Info": "<sip:phone.test>;answer-after=0",
    "Alert-Info": "<http://127.0.0.1>;info=alert-autoanswer;delay=0",
    "Answer-Mode": "Auto",
    "Priv-Answer-Mode": "Auto",
    "P-Auto-Answer": "normal",
}
"""How telephones are told to answer by themselves (RFC 5373 and makers' own ways)."""


@dataclass
class Ringing:
    """What a call that asked to be answered at once came to."""

    statuses: list[int]
    state: str
    microphones: int
    lines: str


@dataclass
class PrivateDay:
    """All that was observed."""

    who: Identity
    peer: Identity
    first_status: Status = field(default_factory=dict)
    """Before anybody touched the phone."""
    answers: dict[str, Answer] = field(default_factory=dict)
    tcp_open: list[int] = field(default_factory=list)
    udp_open: list[int] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    microphones_idle: int = -1
    microphones_in_call: int = -1
    microphones_after: int = -1
    microphones_socket: int = -1
    """After ``sotto dial`` and ``sotto answer`` with the handset down."""
    socket_said: str = ""
    call: Status = field(default_factory=dict)
    """The long call as the status told it."""
    keys_in_call: int = 0
    keys_after: int = 0
    silence: tuple[float, float] = (0, 0)
    speech: tuple[float, float] = (0, 0)
    forced: Ringing | None = None
    replaces_statuses: list[int] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    keys: list[srtp.Session] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """All that the daemon wrote, by name: state directory and log."""
    turned_to: set[tuple[str, str, int]] = field(default_factory=set)
    """What the process did (connect, send, lookup), to whom, which port."""
    address: str = ""
    registrar: tuple[str, int] = ("", 0)
    bob_ports: tuple[int, int] = (0, 0)
    exit_code: int | None = None
    evidence: dict[str, Path] = field(default_factory=dict)

    @property
    def ours(self) -> list[Packet]:
        """The packets that the phone sent."""
        return capture.sent_by(self.packets, self.address)

    @property
    def from_us(self) -> list[Message]:
        """The messages that the phone sent, as the registrar read them."""
        return [m for m in self.messages if m.received and m.source.startswith(f"{self.address}:")]


def play(stage: Stage) -> PrivateDay:
    """Let the day pass."""
    day = PrivateDay(Identity.random(), Identity.random())
    with stage.lab(SCENE) as lab:
        registrar = lab.registrar(udp=True, **accounts(day.who, day.peer))
        day.address, day.registrar = lab.address(), (registrar.address, registrar.tls_port)
        wire = lab.capture(hosts=[day.address])
        bob = lab.baresip(day.peer.user)
        day.bob_ports = bob.rtp_ports
        cables = lab.cables()
        phone = lab.phone(
            day.who.user,
            address=day.address,
            cables=cables,
            listens=False,
            **stage.phone(day.who, lab.folder),
        )
        day.first_status = phone.status()
        if not stage.brief:
            _idle(stage, day, phone, cables)
        phone.privacy("private")
        day.answers["preview"] = phone.sotto("preview", day.peer.number)
        if stage.brief:
            call_kinds.out_answered(phone, bob, 1)
        else:
            _long_call(day, lab, phone, bob, cables, capture_so_far=wire.packets)
            call_kinds.out_declined(phone, bob)
            call_kinds.out_cancelled(phone, bob)
        call_kinds.in_answered(phone, bob, 1 if stage.brief else 2)
        if not stage.brief:
            call_kinds.out_held_there(phone, bob)
            call_kinds.in_transfer_asked_there(phone, bob)
        call_kinds.in_declined(phone, bob)
        call_kinds.in_cancelled(phone, bob)
        if not stage.brief:
            _forced(stage, day, lab, registrar, phone, cables)
            _by_the_socket(day, phone, bob, cables)
        day.microphones_after = cables.users()[1]
        day.exit_code = phone.stop()
        registrar.wait_unregistered(day.who.user)
        wire.stop()
        _keep(stage, day, lab, registrar, bob, phone, wire)
    return day


def _idle(stage: Stage, day: PrivateDay, phone: Phone, cables: Cables) -> None:
    """On hook: what is open, and what the phone says of itself."""
    day.microphones_idle = cables.users()[1]
    day.sockets = scan.sockets(phone.process.pid)
    others = scan.others_ports(phone.process.pid)
    day.tcp_open = [port for port in scan.open_tcp(phone.address) if port not in others]
    day.udp_open = [port for port in scan.open_udp(phone.address) if port not in others]
    for command in COMMANDS:
        day.answers[command] = phone.sotto(*command.split())
    _picture(stage, day, phone, "idle")


def _long_call(
    day: PrivateDay,
    lab: Lab,
    phone: Phone,
    bob: Baresip,
    cables: Cables,
    capture_so_far: Callable[[], list[Packet]],
) -> None:
    """A call with silence, then speech; keys looked for in memory in the call and after it."""
    mark = bob.mark()
    phone.hook("up")
    phone.keys(f"{day.peer.number}#")
    bob.wait_incoming(since=mark)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    bob.wait_heard(1)
    began = capture_so_far()[-1].when
    bob.wait_heard(1 + QUIET_S)
    middle = capture_so_far()[-1].when
    with cables.speak(lab.kit.near.file()):
        bob.wait_heard(1 + QUIET_S + SPEECH_S)
    day.silence, day.speech = (began, middle), (middle + 0.3, capture_so_far()[-1].when)
    day.microphones_in_call = cables.users()[1]
    day.call = phone.wait_call("active")
    secrets = [session.master_key for session in capture.dtls_keys(capture_so_far(), bob.key_log)]
    day.keys_in_call = scan.in_memory(phone.process.pid, secrets)
    phone.hook("down")
    bob.wait_closed(since=mark)
    phone.wait_idle()
    wait_until(lambda: cables.users()[1] == 0, 3, "the microphone to close")
    time.sleep(ERASED_S)
    day.keys_after = scan.in_memory(phone.process.pid, secrets)


def _forced(
    stage: Stage, day: PrivateDay, lab: Lab, registrar: Registrar, phone: Phone, cables: Cables
) -> None:
    """A call that asks to be answered at once, and one that asks to take the place of another."""
    caller = lab.add(PlainPeer((registrar.address, registrar.port)))
    target = f"sip:{day.who.number}@phone.test"
    sent = caller.invite(target, user="carol", fields=FORCED)
    phone.wait_call("ringing", direction="in")
    heard: list[int] = []
    wait_until(lambda: _time_passes(heard, cables), RING_S + 3, "the call to ring on", every=0.1)
    calls = phone.status()["calls"]
    state = calls[-1]["state"] if calls else "none"
    lines = _picture(stage, day, phone, "asked-to-answer")
    day.forced = Ringing(caller.statuses(sent), state, max(heard), lines)
    caller.cancel(sent)
    phone.wait_idle()
    replaced = caller.invite(
        target, user="carol", fields={"Replaces": "a-call@elsewhere;to-tag=1;from-tag=2;early-only"}
    )
    caller.wait_final(replaced)
    day.replaces_statuses = caller.statuses(replaced)


def _by_the_socket(day: PrivateDay, phone: Phone, bob: Baresip, cables: Cables) -> None:
    """``sotto dial`` and ``sotto answer`` while the handset is down."""
    mark = bob.mark()
    dialled = phone.sotto("dial", day.peer.number)
    heard: list[int] = []
    if dialled.exit == 0:
        bob.wait_incoming(since=mark)
        bob.accept()
    else:
        bob.dial(day.who.number)
        phone.wait_call("ringing", direction="in")
        phone.sotto("answer")
    wait_until(lambda: _time_passes(heard, cables), RING_S + 3, "the microphone to be watched", every=0.1)
    day.microphones_socket = max(heard)
    way = "The call that was dialled" if dialled.exit == 0 else "The call that was answered"
    day.socket_said = f"{way} by the socket is {phone.status()['calls'][-1]['state']}."
    phone.sotto("hangup")
    phone.wait_idle()


def _time_passes(heard: list[int], cables: Cables) -> bool:
    """Look at the microphone, each 100 ms, until it was looked at for ``RING_S``."""
    heard.append(cables.users()[1])
    return len(heard) * 0.1 >= RING_S


def _picture(stage: Stage, day: PrivateDay, phone: Phone, name: str) -> str:
    """Keep what the display shows; returns its text."""
    shown = phone.do("screen")
    file = stage.evidence(SCENE, f"display-{name}.png")
    file.write_bytes(base64.b64decode(shown["png"]))
    day.evidence[name] = file
    return "\n".join(shown["lines"])


def _keep(
    stage: Stage,
    day: PrivateDay,
    lab: Lab,
    registrar: Registrar,
    bob: Baresip,
    phone: Phone,
    wire: capture.Capture,
) -> None:
    """Everything as evidence, and opened for the judges."""
    day.packets = wire.packets()
    day.keys = capture.dtls_keys(day.packets, bob.key_log)
    day.messages = registrar.messages()
    day.places = far_end.received(wire, bob, registrar, phone, day.keys)
    far_end.assert_whole(day.places)
    day.files = files_under(phone.folder)
    own = phone.config.name
    day.files = {name: octets for name, octets in day.files.items() if name != own}
    noted = egress(lab.folder)
    for line in noted.read_text().splitlines() if noted.exists() else []:
        what, where, port = line.split()
        day.turned_to.add((what, where, int(port)))
    for name, source in (
        ("wire.pcap", wire.file),
        ("far-end.keys", bob.key_log),
        ("phone.log", phone.process.log),
    ):
        day.evidence[name] = stage.evidence(SCENE, name)
        shutil.copyfile(source, day.evidence[name])
    texts = {
        "sip.txt": "\n\n".join(map(str, day.messages)),
        "far-end.txt": "\n".join(f"--- {place.name}\n{place.octets!r}" for place in day.places),
        "egress.txt": "\n".join(sorted(f"{a} {b} {c}" for a, b, c in day.turned_to)),
        "files.txt": "\n".join(f"{len(octets):>9}  {name}" for name, octets in day.files.items()),
        "names.txt": "\n".join(
            f"{key}: {value}" for key, value in vars(day.who).items() if key != "password"
        ),
    }
    for name, text in texts.items():
        day.evidence[name] = stage.evidence(SCENE, name)
        day.evidence[name].write_text(text + "\n")
