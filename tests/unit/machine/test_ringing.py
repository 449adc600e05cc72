"""Who rings with which melody."""

from __future__ import annotations

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.melodies import COUNTRY
from firmware.phone.config import Config, Contact, Phone
from firmware.phone.config_types import Ringing
from firmware.phone.loop import differences
from firmware.phone.machine.outputs import Outputs, outputs
from firmware.phone.machine.ringing import melody
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.step import step
from firmware.phone.values import CallId, Hook, Party

CONFIG = Config(
    contacts=(
        Contact("Bob", "sip:bob@phone.test", group="Family"),
        Contact("Carol", "sip:carol@phone.test", group="choir"),
        Contact("Dave", "sip:dave@phone.test"),
    ),
    phone=Phone(melody="three"),
    rings=(Ringing("family", "bell"),),
)
RULES = Rules.of(CONFIG)


@pytest.mark.parametrize(
    ("peer", "wanted"),
    [
        (Party("sip:bob@phone.test"), "bell"),
        (Party("sip:carol@phone.test"), "three"),
        (Party("sip:dave@phone.test"), "three"),
        (Party("sip:stranger@phone.test"), "three"),
        (Party("sip:bob@phone.test", anonymous=True), "three"),
        (Party("sip:bob@phone.test", doubt="forged"), "three"),
    ],
)
def test_a_group_rings_with_its_melody(peer: Party, wanted: str) -> None:
    assert melody(RULES, State(), peer) == wanted


def test_without_a_word_the_country_rings() -> None:
    assert melody(Rules.of(Config()), State(), Party("sip:bob@phone.test")) == COUNTRY


def test_the_bell_is_told_its_melody() -> None:
    state = State(hook=Hook.ON)
    before = outputs(RULES, state, 0.0)
    state, _ = step(RULES, state, on.IncomingCall(CallId(1), Party("sip:bob@phone.test")), 1.0)
    after = outputs(RULES, state, 1.0)
    assert do.Ring(True, "bell") in differences(before, after)
    assert do.Ring(False) in differences(after, before)


def test_another_melody_is_told_while_it_rings() -> None:
    assert differences(Outputs(bell=True), Outputs(bell=True, melody="bell")) == (do.Ring(True, "bell"),)
