"""What every reading voice does: one suite for the fake and for espeak-ng."""

from __future__ import annotations

import queue
import shutil
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.voice.base import RATE, Voice
from firmware.phone.voice.espeak import EspeakVoice
from firmware.phone.voice.fake import FakeVoice


@dataclass
class Rig:
    driver: Voice
    posted: queue.SimpleQueue[on.Event]
    crashed: list[BaseException]

    def start(self) -> None:
        self.driver.start(self.posted.put)

    def made(self) -> on.SpeechMade:
        event = self.posted.get(timeout=20)
        assert isinstance(event, on.SpeechMade)
        return event


@pytest.fixture(params=["fake", "espeak"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    crashed: list[BaseException] = []
    if request.param == "fake":
        driver: Voice = FakeVoice()
    else:
        assert shutil.which("espeak-ng"), "requirements/debian.txt installs it"
        driver = EspeakVoice(crashed.append)
    made = Rig(driver, queue.SimpleQueue(), crashed)
    yield made
    made.driver.stop()
    assert crashed == []


@pytest.mark.parametrize("aloud", [True, False])
def test_a_text_becomes_samples_of_a_fitting_length(rig: Rig, aloud: bool) -> None:
    rig.start()
    rig.driver.say(do.Say("One two three four five", "en", aloud))
    made = rig.made()
    assert (made.aloud, made.trouble) == (aloud, "")
    assert 0.5 < len(made.samples) / 2 / RATE < 6
    assert len(made.samples) % 2 == 0


def test_a_longer_text_is_longer(rig: Rig) -> None:
    rig.start()
    lengths = []
    for text in ("five", "five six seven eight nine"):
        rig.driver.say(do.Say(text, "en", aloud=False))
        lengths.append(len(rig.made().samples))
    assert lengths[1] > 1.5 * lengths[0]


def test_no_text_is_silence(rig: Rig) -> None:
    rig.start()
    rig.driver.say(do.Say("", "en", aloud=True))
    assert rig.made() == on.SpeechMade(b"", aloud=True)


@pytest.mark.parametrize("text", ["--help", "-f /etc/passwd", '$(id) `id` "', "<speak>x</speak>", "\u202e5"])
def test_hostile_text_is_only_read(rig: Rig, text: str) -> None:
    rig.start()
    rig.driver.say(do.Say(text, "en", aloud=True))
    assert rig.made().trouble == ""


def test_stop_comes_twice_and_without_start(rig: Rig) -> None:
    rig.driver.stop()
    rig.start()
    rig.driver.stop()
    rig.driver.stop()


# --- espeak-ng alone ---------------------------------------------------------------------------------


def espeak(program: str) -> on.SpeechMade:
    posted: queue.SimpleQueue[on.Event] = queue.SimpleQueue()
    crashed: list[BaseException] = []
    voice = EspeakVoice(crashed.append, program)
    voice.start(posted.put)
    try:
        voice.say(do.Say("five", "en", aloud=True))
        made = posted.get(timeout=20)
    finally:
        voice.stop()
    assert crashed == []
    assert isinstance(made, on.SpeechMade)
    return made


def test_speech_is_heard_and_not_clipped() -> None:
    peak = max(map(abs, array("h", espeak("espeak-ng").samples)))
    assert 3000 < peak <= 32767


@pytest.mark.parametrize(
    ("program", "words"),
    [("no-such-program", "No voice: espeak-ng is missing"), ("false", "failed"), ("true", "failed")],
)
def test_a_voice_that_is_missing_or_fails_is_said(program: str, words: str) -> None:
    made = espeak(program)
    assert made.samples == b""
    assert words in made.trouble


@pytest.mark.parametrize(
    "code", ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "ru", "uk", "tr", "el", "zh"]
)
def test_espeak_has_a_voice_for_the_language(code: str) -> None:
    posted: queue.SimpleQueue[on.Event] = queue.SimpleQueue()
    crashed: list[BaseException] = []
    voice = EspeakVoice(crashed.append)
    voice.start(posted.put)
    try:
        voice.say(do.Say("5", code, aloud=True))
        made = posted.get(timeout=20)
    finally:
        voice.stop()
    assert isinstance(made, on.SpeechMade)
    assert made.trouble == ""
