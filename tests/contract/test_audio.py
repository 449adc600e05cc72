"""What every driver for tones and ringer does: one suite for all of them.

ALSA is there twice: on a stand-in for the library, and on real ALSA PCMs of a sound server without a card.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.phone.audio import alsa, melodies
from firmware.phone.audio.alsa import AlsaAudio
from firmware.phone.audio.base import Audio
from firmware.phone.audio.fake import FakeAudio
from firmware.phone.audio.volume import Volumes
from firmware.phone.values import Tone
from tests.contract.alsa_library import AlsaLibrary
from tests.rig.cables import Cables
from tests.rig.processes import wait_until
from tests.vm.devices import drivers, sounding

LONGEST_S = 0.25
"""How long a call of the driver may take: what the contract says, and the test's own time."""


@dataclass
class Rig:
    """A driver, and how many PCMs are sounding now."""

    driver: Audio
    sounding: Callable[[], int]

    def await_sounding(self, number: int) -> None:
        wait_until(lambda: self.sounding() == number, 5, f"{number} sounding", every=0.01)


@pytest.fixture(
    params=drivers("fake", "alsa-library", pytest.param("alsa", marks=pytest.mark.live), kernel=["kernel"])
)
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        fake = FakeAudio()
        yield Rig(fake, lambda: (fake.playing is not None) + fake.ringing + (fake.spoken is not None))
    elif request.param == "alsa-library":
        library = AlsaLibrary("handset", "bell")
        monkeypatch.setattr(alsa, "alsaaudio", library)
        driver = AlsaAudio("handset", "bell", "default", "DE")
        yield Rig(driver, lambda: sum(card.open for card in library.cards.values()))
        driver.stop()
    elif request.param == "kernel":
        card = AlsaAudio("hw:Handset,0", "hw:Ringer,0", "hw:Knobs", "DE")
        yield Rig(card, lambda: sounding("Handset") + sounding("Ringer"))
        card.stop()
    else:
        if not shutil.which("pulseaudio"):
            pytest.skip("no pulseaudio here")
        with Cables(tmp_path) as cables:
            monkeypatch.setenv("ALSA_CONFIG_PATH", str(cables.alsa_config))
            real = AlsaAudio("ear", "ear", "default", "DE")
            yield Rig(real, lambda: cables.users()[0])
            real.stop()


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_sounds_until_silence(rig: Rig, tone: Tone) -> None:
    rig.driver.start()
    rig.driver.tone(tone)
    rig.await_sounding(1)
    rig.driver.tone(None)
    assert rig.sounding() == 0, "the handset's PCM is closed when tone(None) returns"


def test_the_ringer_sounds_until_it_is_stopped(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.ring(True)
    rig.await_sounding(1)
    rig.driver.ring(False)
    assert rig.sounding() == 0


@pytest.mark.parametrize("melody", melodies.NAMES)
def test_every_melody_sounds_and_gives_way_to_another(rig: Rig, melody: str) -> None:
    rig.driver.start()
    rig.driver.ring(True, melody)
    rig.await_sounding(1)
    rig.driver.ring(True, melodies.NAMES[-1])
    rig.await_sounding(1)
    rig.driver.ring(False)
    assert rig.sounding() == 0


def test_tone_and_ringer_are_independent(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.ring(True)
    rig.driver.tone(Tone.BUSY)
    rig.await_sounding(2)
    rig.driver.tone(None)
    assert rig.sounding() == 1
    rig.driver.ring(False)
    assert rig.sounding() == 0


def test_one_tone_follows_another(rig: Rig) -> None:
    rig.driver.start()
    for tone in (Tone.DIAL, Tone.RINGBACK, Tone.RINGBACK, Tone.BUSY):
        rig.driver.tone(tone)
        rig.await_sounding(1)
    rig.driver.tone(None)
    rig.driver.tone(None)
    assert rig.sounding() == 0
    rig.driver.tone(Tone.DIAL)
    rig.await_sounding(1)


def test_nothing_sounds_before_start(rig: Rig) -> None:
    rig.driver.tone(None)
    rig.driver.ring(False)
    assert rig.sounding() == 0


def test_stop_is_silence_and_may_come_twice(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.tone(Tone.DIAL)
    rig.driver.ring(True)
    rig.await_sounding(2)
    rig.driver.stop()
    assert rig.sounding() == 0
    rig.driver.stop()
    rig.driver.tone(Tone.DIAL)
    rig.driver.tone(None)
    assert rig.sounding() == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("audio-")]


def test_stop_without_start(rig: Rig) -> None:
    rig.driver.stop()


def test_no_call_keeps_its_caller(rig: Rig) -> None:
    rig.driver.start()
    for tone in (Tone.DIAL, Tone.BUSY, None, Tone.CONGESTION, None):
        began = time.monotonic()
        rig.driver.tone(tone)
        between = time.monotonic()
        rig.driver.ring(tone is not None)
        assert max(between - began, time.monotonic() - between) < LONGEST_S


def test_a_lent_device_is_closed_and_left_alone(rig: Rig) -> None:
    """The voice has it; after that, tones have it again."""
    rig.driver.start()
    rig.driver.lend(True)
    assert rig.sounding() == 0
    began = time.monotonic()
    while time.monotonic() - began < 0.3:
        assert rig.sounding() == 0
    rig.driver.lend(False)
    rig.driver.tone(Tone.DIAL)
    rig.await_sounding(1)


def test_lending_without_start_is_harmless(rig: Rig) -> None:
    rig.driver.lend(True)
    rig.driver.lend(False)
    assert rig.sounding() == 0


def test_the_volume_may_be_turned_at_any_time(rig: Rig) -> None:
    """Nothing stops or starts by it; what the mixer lacks is between the softest and the loudest step."""
    rig.driver.volumes(Volumes())
    rig.driver.start()
    rig.driver.tone(Tone.DIAL)
    rig.driver.ring(True)
    rig.await_sounding(2)
    for step in (0, 4, 8):
        began = time.monotonic()
        missing = rig.driver.volumes(Volumes(handset=step, ringer=step))
        assert time.monotonic() - began < LONGEST_S
        assert -12 <= missing <= 12
        assert rig.sounding() == 2
    rig.driver.ring(False)
    rig.driver.tone(None)
    assert rig.sounding() == 0


def test_louder_is_never_softer(rig: Rig) -> None:
    """Mixer and missing gain together: the same mixer cannot do more for a softer step."""
    rig.driver.start()
    missing = [rig.driver.volumes(Volumes(handset=step)) for step in range(9)]
    assert missing == sorted(missing)
    assert missing[4] == 0, "the nominal step needs no gain"


SPEECH = bytes(2 * 16_000)


@pytest.mark.parametrize("aloud", [True, False])
def test_speech_sounds_until_it_is_ended(rig: Rig, aloud: bool) -> None:
    rig.driver.start()
    rig.driver.speak(SPEECH, aloud)
    rig.await_sounding(1)
    rig.driver.speak(b"", aloud)
    assert rig.sounding() == 0


def test_the_voice_of_a_call_ends_what_is_read_in_the_handset(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.speak(SPEECH, aloud=False)
    rig.await_sounding(1)
    rig.driver.lend(True)
    assert rig.sounding() == 0
    rig.driver.speak(SPEECH, aloud=False)
    assert rig.sounding() == 0
    rig.driver.lend(False)


def test_a_tone_takes_the_place_of_what_is_read(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.speak(SPEECH, aloud=False)
    rig.await_sounding(1)
    rig.driver.tone(Tone.BUSY)
    rig.driver.speak(b"", aloud=False)
    rig.await_sounding(1)
    rig.driver.tone(None)
    assert rig.sounding() == 0


def test_the_bell_takes_the_place_of_what_is_read_aloud(rig: Rig) -> None:
    rig.driver.start()
    rig.driver.speak(SPEECH, aloud=True)
    rig.await_sounding(1)
    rig.driver.ring(True)
    rig.driver.speak(b"", aloud=True)
    rig.await_sounding(1)
    rig.driver.ring(False)
    assert rig.sounding() == 0
