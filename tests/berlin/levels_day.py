"""Two telephones of ours compare their code; then a far end has less protection than before, and then none.

Nothing is judged here.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.berlin.stage import Stage
from tests.rig import speech
from tests.rig.lab import Lab
from tests.rig.phone import Call, Phone
from tests.rig.wavefile import Samples

SCENE = "levels"

CONTACTS = "".join(
    f'[[contact]]\nname = "{name}"\nuri = "sip:{number}@phone.test"\n'
    for name, number in (("Bob", 102), ("Carol", 103))
)
GUARD_S = 1.2
"""A key that answers a question counts when the question has stood for a second."""

LISTENED_S = 3.0
"""Seconds for which the far end listens, to the stopped call and to the one that goes on."""


@dataclass
class LevelsDay:
    """All that was observed. Levels are in dBFS, as the far end heard them while the near talker spoke."""

    codes: list[str] = field(default_factory=list)
    """As each status told it."""
    shown: list[str] = field(default_factory=list)
    """What each display said."""
    confirmed: list[str] = field(default_factory=list)
    """What each status said of the call after the key."""
    first: Call = field(default_factory=dict)
    stopped: Call = field(default_factory=dict)
    warned: str = ""
    heard_stopped: float = 0.0
    went_on: Call = field(default_factory=dict)
    heard_after: float = 0.0
    refused: str = ""
    """What the display said where the far end encrypts nothing and the configuration is the default."""
    profiles: list[str] = field(default_factory=list)
    """What was offered to it."""
    evidence: dict[str, Path] = field(default_factory=dict)


def play(stage: Stage) -> LevelsDay:
    """Let the day pass."""
    day = LevelsDay()
    with stage.lab(SCENE) as lab:
        lab.registrar()
        _compare(stage, day, lab)
        _less_than_before(stage, day, lab)
    with stage.lab(f"{SCENE}-clear") as lab:
        registrar = lab.registrar()
        lab.baresip("carol", encryption="none", answer="auto")
        phone = lab.phone("dave")
        phone.hook("up")
        phone.keys("103#")
        day.refused = phone.wait_screen("encrypt")
        day.evidence["refused.png"] = picture(stage, phone, "refused.png")
        bodies = [message.body for message in registrar.requests("INVITE")]
        day.profiles = sorted({_asked_for(body) for body in bodies})
    return day


def _compare(stage: Stage, day: LevelsDay, lab: Lab) -> None:
    """Both people hold the star, and confirm."""
    alice, bob = lab.phone("alice"), lab.phone("bob")
    alice.hook("up")
    alice.keys("102#")
    bob.wait_call("ringing", direction="in")
    bob.hook("up")
    for phone in (alice, bob):
        phone.wait_status(lambda status: bool(status["calls"] and status["calls"][-1]["code"]), 8, "a code")
        day.codes.append(phone.status()["calls"][-1]["code"])
        phone.do("sim", "key", "*", "--hold", "1.3")
        day.shown.append(phone.wait_screen("same"))
        day.evidence[f"code-{phone.user}.png"] = picture(stage, phone, f"code-{phone.user}.png")
    for phone in (alice, bob):
        phone.keys("1")
        day.confirmed.append(phone.wait_call("active")["security"])
    alice.hook("down")
    alice.wait_idle()
    alice.stop()
    bob.stop()


def _less_than_before(stage: Stage, day: LevelsDay, lab: Lab) -> None:
    """Carol is reached end to end; later she has keys in SDP alone."""
    cables = lab.cables("dave")
    phone = lab.phone("dave", cables=cables, encryption="provider", extra=CONTACTS)
    carol = lab.baresip("carol", codecs=["pcma"], answer="auto")
    phone.hook("up")
    phone.keys("103#")
    day.first = phone.wait_call("active", speaks=True)
    phone.hook("down")
    phone.wait_idle()
    carol.stop()
    carol = lab.baresip("carol", codecs=["pcma"], answer="auto", encryption="sdes")
    with cables.speak(lab.kit.near.file()):
        phone.hook("up")
        phone.keys("103#")
        carol.wait_heard(LISTENED_S)
        day.stopped = phone.wait_call("active")
        day.warned = phone.wait_screen(".")
        day.evidence["stopped.png"] = picture(stage, phone, "stopped.png")
        day.heard_stopped = loudest(speech.read(carol.recording()))
        time.sleep(GUARD_S)
        phone.keys("#")
        day.went_on = phone.wait_call("active", speaks=True)
        before = carol.heard()
        carol.wait_heard(before + LISTENED_S)
        day.heard_after = loudest(speech.read(carol.recording())[round(before * speech.RATE) :])
    phone.hook("down")


def _asked_for(offer: str) -> str:
    """The profile of the audio, and whether it stands for ZRTP (RFC 6189 section 8)."""
    found = re.search(r"m=audio \d+ (\S+)", offer)
    return f"{found[1] if found else 'nothing'}{' for ZRTP' if 'a=zrtp-hash:' in offer else ''}"


def picture(stage: Stage, phone: Phone, name: str) -> Path:
    """What the display shows, as evidence."""
    file = stage.evidence(SCENE, name)
    file.write_bytes(base64.b64decode(phone.do("screen")["png"]))
    return file


def loudest(samples: Samples) -> float:
    """The level of the loudest half second in dBFS."""
    piece = speech.RATE // 2
    levels = [float(np.mean(samples[at : at + piece] ** 2)) for at in range(0, len(samples) - piece, piece)]
    return 10 * float(np.log10(max(levels, default=0.0) + 1e-12))
