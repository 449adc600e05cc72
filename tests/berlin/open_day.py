"""A day of a phone whose switch is moved: watchers of every kind, open calls, star codes, a history that
was wanted.
"""

from __future__ import annotations

import base64
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.berlin.stage import Stage, files_under
from tests.rig import capture, far_end
from tests.rig.baresip import Baresip
from tests.rig.far_end import Place
from tests.rig.identity import Identity, accounts
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Answer, Phone
from tests.rig.plain_peer import PlainPeer, Sent
from tests.rig.processes import RigError, wait_until

SCENE = "open-day"

FLIP_S = 1.0
"""Seconds within which the switch closes presence on every watcher."""

ANONYMOUS = "sip:anonymous@anonymous.invalid"

STRANGERS = ("unknown", "unknown, dialog events", "granted until yesterday", "anonymous")

STAR_CODES = "firmware/phone/machine/starcodes.py"
PRESENCE = "firmware/phone/presence.py"


@dataclass
class OpenDay:
    """All that was observed."""

    who: Identity
    peer: Identity
    version: str = ""
    peers: dict[str, PlainPeer] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    """Each watcher's SUBSCRIBE."""
    told_while_private: dict[str, list[str]] = field(default_factory=dict)
    """All that each of them was sent before the switch was first opened."""
    closed_after: float | None = None
    """Seconds from the switch to the granted watcher's NOTIFY."""
    options_idle: list[str] = field(default_factory=list)
    options_in_call: list[str] = field(default_factory=list)
    preview: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    risks_open: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    risks_private: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    inventory: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    wiped: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    inventory_after: Answer = field(default_factory=lambda: Answer(3, None, "not asked"))
    files_before_wipe: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    invites: list[Message] = field(default_factory=list)
    """Of the open call without a code."""
    callers: dict[str, str] = field(default_factory=dict)
    """Code -> From, with the switch on open."""
    private_callers: dict[str, str] = field(default_factory=dict)
    ringing_screen: str = ""
    messages: list[Message] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    address: str = ""
    evidence: dict[str, Path] = field(default_factory=dict)

    @property
    def from_us(self) -> list[Message]:
        """The messages that the phone sent."""
        return [m for m in self.messages if m.received and m.source.startswith(f"{self.address}:")]

    def notified(self, name: str) -> list[str]:
        """The NOTIFYs to one watcher."""
        return self.peers[name].notifications(self.sent[name])

    def subscribe_statuses(self, name: str) -> list[int]:
        """The answers to one watcher's SUBSCRIBE."""
        return self.peers[name].statuses(self.sent[name])


def play(stage: Stage) -> OpenDay:
    """Let the day pass."""
    day = OpenDay(Identity.random(), Identity.random())
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    grants = "[privacy]\nhistory_hours = 1\n"
    grants += '[[privacy.watcher]]\nuri = "sip:carol@phone.test"\nshows = "in-call"\n'
    grants += f'[[privacy.watcher]]\nuri = "sip:dave@phone.test"\nuntil = {yesterday}\n'
    if stage.plant is not None and stage.plant.grants_stranger:
        grants += '[[privacy.watcher]]\nuri = "sip:mallory@phone.test"\n'
    with stage.lab(SCENE) as lab:
        registrar = lab.registrar(udp=True, **accounts(day.who, day.peer))
        day.address = lab.address()
        wire = lab.capture(hosts=[day.address])
        bob = lab.baresip(day.peer.user)
        phone = lab.phone(day.who.user, address=day.address, extra=grants, **stage.phone(day.who, lab.folder))
        day.version = phone.status()["version"]
        phone.privacy("private")
        day.risks_private = phone.sotto("risks")
        _subscribe(day, lab, registrar)
        day.options_idle = _options(day)
        day.told_while_private = {name: list(peer.got) for name, peer in day.peers.items()}
        phone.privacy("open")
        _await_presence(stage, day, "open")
        day.risks_open = phone.sotto("risks")
        day.preview = phone.sotto("preview", day.peer.number)
        _open_call(stage, day, registrar, phone, bob)
        if stage.has(STAR_CODES):
            for code in ("*67", "*31#"):
                day.callers[code] = _cancelled(day, registrar, phone, bob, code)[0].header("From")
        _incoming(stage, day, phone, bob)
        _close(stage, day, phone)
        if stage.has(STAR_CODES):
            for code in ("*82", "#31#"):
                day.private_callers[code] = _cancelled(day, registrar, phone, bob, code)[0].header("From")
        day.inventory = phone.sotto("inventory")
        day.files_before_wipe = {f"before the wipe: {n}": o for n, o in files_under(phone.state).items()}
        day.wiped = phone.sotto("inventory", "--wipe")
        day.inventory_after = phone.sotto("inventory")
        phone.stop()
        wire.stop()
        day.files = files_under(phone.state) | {"log": phone.process.log.read_bytes()}
        _keep(stage, day, registrar, bob, phone, wire)
    return day


def _subscribe(day: OpenDay, lab: Lab, registrar: Registrar) -> None:
    """Everybody asks for presence, one for dialog events, while the phone is private."""
    senders = {
        "granted": ("carol", "", "presence"),
        "unknown": ("mallory", "", "presence"),
        "unknown, dialog events": ("mallory", "", "dialog"),
        "granted until yesterday": ("dave", "", "presence"),
        "anonymous": ("anonymous", f'"Anonymous" <{ANONYMOUS}>', "presence"),
    }
    forms = {"presence": "application/pidf+xml", "dialog": "application/dialog-info+xml"}
    for name, (user, sender, event) in senders.items():
        peer = day.peers[name] = lab.add(PlainPeer((registrar.address, registrar.port)))
        day.sent[name] = peer.request(
            "SUBSCRIBE",
            f"sip:{day.who.number}@phone.test",
            user=user,
            sender=sender,
            fields={"Event": event, "Accept": forms[event], "Expires": "600"},
        )
    for name, peer in day.peers.items():
        peer.wait_final(day.sent[name])


def _options(day: OpenDay) -> list[str]:
    """A stranger's OPTIONS."""
    peer = day.peers["unknown"]
    asked = peer.request("OPTIONS", f"sip:{day.who.number}@phone.test", user="mallory")
    peer.wait_final(asked)
    return peer.answers(asked)


def _await_presence(stage: Stage, day: OpenDay, state: str) -> float:
    """Wait for the granted watcher to be told a state, and return when; not at all where nothing is built."""
    if not stage.has(PRESENCE):
        return 0.0
    peer = day.peers["granted"]

    def told() -> float | None:
        latest = day.notified("granted")[-1:]
        found = bool(latest) and state in latest[0].partition("\r\n\r\n")[2]
        return peer.when[peer.got.index(latest[0])] if found else None

    with suppress(RigError):
        return wait_until(told, 4, f"the watcher to see {state}")
    return 0.0


def _open_call(stage: Stage, day: OpenDay, registrar: Registrar, phone: Phone, bob: Baresip) -> None:
    """A call without a code, answered; in it a stranger asks again, and the watcher is told."""
    mark, seen = bob.mark(), len(registrar.messages())
    phone.hook("up")
    phone.keys(f"{day.peer.number}#")
    bob.wait_incoming(since=mark)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    bob.wait_heard(1.5)
    _await_presence(stage, day, "on-the-phone")
    day.options_in_call = _options(day)
    phone.hook("down")
    bob.wait_closed(since=mark)
    phone.wait_idle()
    _await_presence(stage, day, "open")
    day.invites = _invites(day, registrar, seen)
    day.callers[""] = day.invites[0].header("From")


def _cancelled(day: OpenDay, registrar: Registrar, phone: Phone, bob: Baresip, code: str) -> list[Message]:
    """A call with a code before the number, given up as soon as it rings; its INVITEs."""
    mark, seen = bob.mark(), len(registrar.messages())
    phone.hook("up")
    phone.keys(f"{code}{day.peer.number}#")
    bob.wait_incoming(since=mark)
    phone.hook("down")
    bob.wait_closed(since=mark)
    phone.wait_idle()
    return _invites(day, registrar, seen)


def _invites(day: OpenDay, registrar: Registrar, seen: int) -> list[Message]:
    """The phone's INVITEs after the first ``seen`` messages."""
    later = registrar.messages()[seen:]
    return [
        m for m in later if m.method == "INVITE" and m.received and m.source.startswith(f"{day.address}:")
    ]


def _incoming(stage: Stage, day: OpenDay, phone: Phone, bob: Baresip) -> None:
    """A call comes in, is looked at and declined."""
    mark = bob.mark()
    bob.dial(day.who.number)
    phone.wait_call("ringing", direction="in")
    phone.wait_screen("incoming")
    shown = phone.do("screen")
    day.ringing_screen = "\n".join(shown["lines"])
    day.evidence["ringing"] = stage.evidence(SCENE, "display-ringing.png")
    day.evidence["ringing"].write_bytes(base64.b64decode(shown["png"]))
    phone.do("hangup")
    bob.wait_closed(since=mark)
    phone.wait_idle()


def _close(stage: Stage, day: OpenDay, phone: Phone) -> None:
    """The switch goes to private."""
    phone.privacy("private")
    flipped = time.monotonic()
    told = _await_presence(stage, day, "closed")
    day.closed_after = told - flipped if told else None


def _keep(
    stage: Stage, day: OpenDay, registrar: Registrar, bob: Baresip, phone: Phone, wire: capture.Capture
) -> None:
    day.messages = registrar.messages()
    packets = wire.packets()
    day.places = far_end.received(wire, bob, registrar, phone, capture.dtls_keys(packets, bob.key_log))
    texts = {
        "sip.txt": "\n\n".join(map(str, day.messages)),
        "far-end.txt": "\n".join(f"--- {place.name}\n{place.octets!r}" for place in day.places),
        "watchers.txt": "\n\n".join(
            f"=== {name}, answered {day.subscribe_statuses(name)} ===\n" + "\n".join(day.notified(name))
            for name in day.peers
        ),
        "files.txt": "\n".join(
            f"{len(octets):>9}  {name}" for name, octets in (day.files_before_wipe | day.files).items()
        ),
        "phone.log": day.files["log"].decode("utf-8", "replace"),
        "names.txt": "\n".join(
            f"{key}: {value}" for key, value in vars(day.who).items() if key != "password"
        ),
    }
    for name, text in texts.items():
        day.evidence[name] = stage.evidence(SCENE, name)
        day.evidence[name].write_text(text + "\n")


@dataclass(frozen=True)
class Refused:
    """Answers to an anonymous call, or to one that was sent on, and to one that is not."""

    anonymous: list[int]
    named: list[int]


def refuse_sent_on(stage: Stage) -> Refused:
    """A phone that takes no calls that others had sent on to it is called twice, once so."""
    who = Identity.random()
    with stage.lab("refuse-sent-on") as lab:
        registrar = lab.registrar(udp=True, **accounts(who))
        wanted = '[privacy]\nforwarded_callers = "refuse"\n'
        phone = lab.phone(who.user, extra=wanted, **stage.phone(who, lab.folder))
        caller = lab.add(PlainPeer((registrar.address, registrar.port)))
        target = f"sip:{who.number}@phone.test"
        diversion = {"Diversion": "<sip:somebody@phone.test>;reason=unconditional;counter=1"}
        sent_on = caller.invite(target, user="carol", fields=diversion)
        caller.wait_final(sent_on)
        direct = caller.invite(target, user="carol")
        phone.wait_call("ringing", direction="in")
        caller.cancel(direct)
        phone.wait_idle()
        return Refused(caller.statuses(sent_on), caller.statuses(direct))


def refuse_anonymous(stage: Stage) -> Refused:
    """A phone that refuses anonymous callers is called twice."""
    who = Identity.random()
    with stage.lab("refuse-anonymous") as lab:
        registrar = lab.registrar(udp=True, **accounts(who))
        wanted = '[privacy]\nanonymous_callers = "refuse"\n'
        phone = lab.phone(who.user, extra=wanted, **stage.phone(who, lab.folder))
        caller = lab.add(PlainPeer((registrar.address, registrar.port)))
        target = f"sip:{who.number}@phone.test"
        unnamed = caller.invite(target, user="anonymous", sender=f'"Anonymous" <{ANONYMOUS}>')
        caller.wait_final(unnamed)
        named = caller.invite(target, user="carol")
        phone.wait_call("ringing", direction="in")
        caller.cancel(named)
        phone.wait_idle()
        return Refused(caller.statuses(unnamed), caller.statuses(named))
