"""What is read aloud, and what never is; and when it begins and ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import spoken
from firmware.phone.clock import SystemClock
from firmware.phone.config import Config
from firmware.phone.config_types import Accessibility
from firmware.phone.display import paging
from firmware.phone.display.screens import Dialling, Ended, Idle, Screen
from firmware.phone.loop import Loop
from firmware.phone.machine import locking
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State, Typing
from firmware.phone.notify import Notifier
from firmware.phone.values import (
    CallId,
    EndReason,
    Hook,
    KeptLock,
    Party,
    PinFor,
    Registration,
    SwitchPosition,
)
from tests.golden.samples import SAMPLES
from tests.unit.machine.driver import ACCOUNT, Driver

IDLE = Idle("12:00", "Alice", Registration(), SwitchPosition.OPEN)


def dialling(digits: str, target: str = "") -> Dialling:
    return Dialling(digits, target, "nothing", lifted=True)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (IDLE, dialling("5"), "5"),
        (dialling("5"), dialling("55"), "5"),
        (dialling("5"), dialling("5*"), "star"),
        (dialling("5"), dialling("5#"), "hash"),
        (dialling(""), dialling("2", "Bob Baker"), "2, Bob Baker"),
        (dialling("55"), dialling("55"), None),
        (dialling("55"), IDLE, ""),
        (IDLE, replace(IDLE, clock="12:01"), None),
        (IDLE, SAMPLES["ringing"], ""),
        (dialling("5"), SAMPLES["calling"], ""),
        (dialling("5"), SAMPLES["call-end-to-end"], ""),
        (SAMPLES["call-end-to-end"], Ended("Bob Baker", EndReason.BUSY.value, 0, ""), "Busy"),
        (SAMPLES["settings-sound"], SAMPLES["settings-sound"], None),
    ],
)
def test_what_is_said(before: Screen, now: Screen, said: str | None) -> None:
    assert spoken.text(before, now) == said


def test_a_page_is_read_with_its_title_and_without_the_signs_of_its_keys() -> None:
    said = spoken.text(IDLE, SAMPLES["settings-sound"])
    assert said is not None
    assert said.startswith("Sound. 1 Ring volume: 6 of 8.")
    assert "×" not in said


def test_of_a_page_that_changed_only_what_is_new_is_read() -> None:
    def volume(step: int) -> Screen:
        return paging.pages("Ring volume", [f"{step} of 8", "2 more, 8 less"], 0)

    assert spoken.text(volume(6), volume(7)) == "7 of 8"


def test_the_digits_of_a_pin_are_never_said() -> None:
    state, said = State(), []
    before: Screen = IDLE
    for digits in ("", "4", "47", "471", "4711"):
        now = locking.page(state, Typing(PinFor.UNLOCK, digits), 0.0)
        said.append(spoken.text(before, now) or "")
        before = now
    assert not set("".join(said)) & set("0123456789•")


# --- when --------------------------------------------------------------------------------------------


class Hands:
    def __init__(self) -> None:
        self.done: list[do.Command] = []

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)

    def said(self) -> list[do.Say]:
        found = [one for one in self.done if isinstance(one, do.Say)]
        self.done.clear()
        return found


def loop(speech: bool = True) -> tuple[Loop, Hands]:
    hands: Any = Hands()
    config = Config(accessibility=Accessibility(speech=speech))
    made = Loop(replace(ACCOUNT, config=config), SystemClock(), hands, Notifier({}))
    made.handle(on.HookChanged(Hook.ON))
    hands.said()
    return made, hands


def test_digits_are_said_from_the_ringer_at_rest_and_in_the_earpiece_when_lifted() -> None:
    made, hands = loop()
    made.handle(on.KeyPressed("5"))
    assert hands.said() == [do.Say("5", "en", aloud=True)]
    made, hands = loop()
    made.handle(on.HookChanged(Hook.OFF))
    made.handle(on.KeyPressed("6"))
    assert do.Say("6", "en", aloud=False) in hands.said()


def test_nothing_is_said_unless_it_is_wanted_nor_while_a_call_is_there() -> None:
    made, hands = loop(speech=False)
    made.handle(on.KeyPressed("5"))
    assert hands.said() == []
    made, hands = loop()
    made.handle(on.IncomingCall(CallId(2), Party("sip:bob@phone.test")))
    made.handle(on.KeyPressed("2"))
    assert hands.said() == []


def test_what_was_made_sounds_and_ends() -> None:
    it = Driver(replace(ACCOUNT, config=Config(accessibility=Accessibility(speech=True))))
    sound = bytes(2 * 16_000)
    assert it.happen(on.SpeechMade(sound, aloud=True)) == [do.Speak(sound, aloud=True)]
    assert it.wait(0.9) == []
    assert it.wait(0.2) == [do.Speak(b"", aloud=True)]


@pytest.mark.parametrize("event", [on.HookChanged(Hook.OFF), on.IncomingCall(CallId(2), Party("sip:b@c"))])
def test_a_lifted_handset_or_a_call_ends_it(event: on.Event) -> None:
    it = Driver()
    it.happen(on.SpeechMade(bytes(64_000), aloud=True))
    assert do.Speak(b"", aloud=True) in it.happen(event)
    assert it.happen(on.SpeechMade(bytes(64_000), aloud=True)) == [], "it comes too late"


def test_a_voice_that_is_missing_is_said_on_the_display() -> None:
    it = Driver(Rules())
    it.happen(on.SpeechMade(b"", True, "No voice: espeak-ng is missing"))
    assert isinstance(it.screen, Idle)
    assert it.screen.notice == "No voice: espeak-ng is missing"


def test_a_locked_telephone_reads_no_page_of_the_menu() -> None:
    it = Driver()
    it.happen(on.StoreChanged(loaded=True, lock=KeptLock("$argon2id$x")))
    before = it.screen
    it.keys("*")
    assert "Unlock" in str(spoken.text(before, it.screen))
