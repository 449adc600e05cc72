"""ALSA: faults on a stand-in for the library, then real PCMs of a sound server without a card."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from firmware.phone.audio import alsa
from firmware.phone.audio.alsa import AlsaAudio
from firmware.phone.audio.countries import COUNTRIES
from firmware.phone.audio.tones import samples
from firmware.phone.audio.volume import Volumes
from firmware.phone.values import Loudspeaker, Tone
from tests.contract.alsa_library import XRUN, AlsaLibrary, Card, Control
from tests.rig.cables import Cables, Recording
from tests.rig.processes import wait_until
from tests.rig.speech import RATE
from tests.rig.wavefile import Samples


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> AlsaLibrary:
    made = AlsaLibrary("handset", "bell")
    monkeypatch.setattr(alsa, "alsaaudio", made)
    return made


@pytest.fixture
def audio(library: AlsaLibrary) -> Iterator[AlsaAudio]:
    made = AlsaAudio("handset", "bell", "default", "GB")
    made.start()
    cards = library.cards.values()
    wait_until(lambda: all(card.opened == 1 and not card.open for card in cards), 5, "the looks at the start")
    for card in cards:
        card.opened = card.tries = 0
    yield made
    made.stop()


def test_what_is_heard_is_the_countrys_tone(library: AlsaLibrary, audio: AlsaAudio) -> None:
    card = library.cards["handset"]
    audio.tone(Tone.BUSY)
    wait_until(lambda: len(card.heard) > 8000, 5, "sound")
    audio.tone(None)
    wanted = samples(COUNTRIES["GB"].busy, 16000).tobytes() * 4
    assert wanted.startswith(bytes(card.heard))


def test_the_ringer_rings_in_the_countrys_cadence(library: AlsaLibrary, audio: AlsaAudio) -> None:
    card = library.cards["bell"]
    audio.ring(True)
    wait_until(lambda: len(card.heard) > 8000, 5, "sound")
    audio.ring(False)
    wanted = samples(COUNTRIES["GB"].ringer, 16000).tobytes() * 4
    assert wanted.startswith(bytes(card.heard))


def test_a_busy_pcm_is_taken_when_it_is_free(
    library: AlsaLibrary, audio: AlsaAudio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sottovoce.audio")
    card = library.cards["handset"]
    card.open = 1  # the SIP engine has it
    audio.tone(Tone.BUSY)
    wait_until(lambda: card.tries >= 4, 5, "tries")
    assert audio.trouble.startswith('PCM "handset" is in use by another program')
    card.open = 0
    wait_until(lambda: card.heard, 5, "sound")
    wait_until(lambda: not audio.trouble, 5, "no trouble")
    assert len(caplog.messages) == 2


def test_a_missing_pcm_says_its_name_and_what_to_do(library: AlsaLibrary, audio: AlsaAudio) -> None:
    del library.cards["handset"]
    audio.tone(Tone.DIAL)
    wait_until(lambda: audio.trouble, 5, "trouble")
    assert '"handset"' in audio.trouble
    assert "aplay -L" in audio.trouble


def test_a_card_that_is_pulled_and_plugged(library: AlsaLibrary, audio: AlsaAudio) -> None:
    card = library.cards["handset"]
    audio.tone(Tone.DIAL)
    wait_until(lambda: card.heard, 5, "sound")
    card.trouble = card.ill = "No such device"
    wait_until(lambda: card.tries >= 3, 5, "tries")
    assert card.open == 0
    card.trouble, card.ill = "", None
    card.heard.clear()
    wait_until(lambda: card.heard, 5, "sound again")


def test_an_underrun_goes_on_in_the_same_pcm(library: AlsaLibrary, audio: AlsaAudio) -> None:
    card = library.cards["handset"]
    audio.tone(Tone.DIAL)
    wait_until(lambda: card.heard, 5, "sound")
    card.ill = XRUN
    before = card.writes
    wait_until(lambda: card.writes > before + 2, 5, "writes")
    card.ill = None
    card.heard.clear()
    wait_until(lambda: card.heard, 5, "sound again")
    assert card.opened == 1


def test_another_error_opens_the_pcm_again(library: AlsaLibrary, audio: AlsaAudio) -> None:
    card = library.cards["handset"]
    card.ill = -5
    audio.tone(Tone.DIAL)
    wait_until(lambda: card.opened >= 2, 5, "the second open")
    assert "error 5" in audio.trouble


def test_a_pcm_of_another_rate_is_refused_not_played_at_the_wrong_pitch(
    library: AlsaLibrary, audio: AlsaAudio
) -> None:
    card = library.cards["handset"]
    card.rate = 48000
    audio.tone(Tone.DIAL)
    wait_until(lambda: "plughw:" in audio.trouble, 5, "trouble")
    assert not card.heard
    assert card.open == 0


@dataclass
class Told:
    """What the driver tells of its devices."""

    told: list[tuple[Loudspeaker, str]] = field(default_factory=list)

    def __call__(self, loudspeaker: Loudspeaker, trouble: str) -> None:
        self.told.append((loudspeaker, trouble))

    def last(self, loudspeaker: Loudspeaker) -> str | None:
        return next((trouble for of, trouble in reversed(self.told) if of is loudspeaker), None)


@pytest.fixture
def told(library: AlsaLibrary, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr("firmware.phone.audio.player.LASTING_S", 0.05)
    monkeypatch.setattr("firmware.phone.audio.alsa.LASTING_S", 0.05)
    monkeypatch.setattr("firmware.phone.audio.player.PROBE_EVERY_S", 0.1)
    return Told()


@pytest.mark.parametrize("missing", Loudspeaker)
def test_each_device_that_is_missing_at_the_start_is_told(
    library: AlsaLibrary, told: Told, missing: Loudspeaker
) -> None:
    names = {Loudspeaker.HANDSET: "handset", Loudspeaker.RINGER: "bell"}
    library.cards[names[missing]].trouble = "No such device"
    made = AlsaAudio("handset", "bell", "default", "GB", on_trouble=told)
    made.start()
    wait_until(lambda: told.last(missing), 5, "the trouble to be told")
    library.cards[names[missing]].trouble = ""
    wait_until(lambda: told.last(missing) == "", 5, "its end to be told")
    made.stop()
    (other,) = {*Loudspeaker} - {missing}
    assert not told.last(other)


def test_one_card_for_both_is_not_taken_for_busy(library: AlsaLibrary, told: Told) -> None:
    """Looking at it from two sides, and while it rings."""
    made = AlsaAudio("bell", "bell", "default", "GB", on_trouble=told)
    made.start()
    made.ring(True)
    card = library.cards["bell"]
    wait_until(lambda: card.heard, 5, "ringing")
    time.sleep(0.3)
    made.stop()
    assert all(trouble == "" for _, trouble in told.told)


def test_while_the_voice_has_the_card_nobody_looks_at_it(library: AlsaLibrary, told: Told) -> None:
    card = library.cards["handset"]
    card.trouble = "No such device"
    made = AlsaAudio("handset", "null", "default", "GB", on_trouble=told)
    made.start()
    wait_until(lambda: told.last(Loudspeaker.HANDSET), 5, "the trouble to be told")
    made.lend(True)
    tries = card.tries
    time.sleep(0.3)
    assert card.tries == tries
    card.trouble = ""
    made.lend(False)
    wait_until(lambda: told.last(Loudspeaker.HANDSET) == "", 5, "its end to be told")
    made.stop()


def test_a_card_that_vanished_in_a_call_is_told_after_it(library: AlsaLibrary, told: Told) -> None:
    card = library.cards["handset"]
    made = AlsaAudio("handset", "null", "default", "GB", on_trouble=told)
    made.start()
    wait_until(lambda: card.opened == 1 and not card.open, 5, "the look at the start")
    made.lend(True)
    card.trouble = "No such device"
    made.lend(False)
    wait_until(lambda: told.last(Loudspeaker.HANDSET), 5, "the trouble to be told")
    made.stop()


def test_a_card_that_comes_or_goes_is_noticed(library: AlsaLibrary, told: Told, tmp_path: Path) -> None:
    """By the folder of the sound devices; no device is opened to find out."""
    card = library.cards["handset"]
    made = AlsaAudio("handset", "null", "default", "GB", on_trouble=told, cards=tmp_path / "snd")
    made.start()
    wait_until(lambda: card.opened == 1 and not card.open, 5, "the look at the start")
    time.sleep(0.25)
    assert card.tries == 1
    card.trouble = "No such device"
    (tmp_path / "snd").mkdir()
    wait_until(lambda: told.last(Loudspeaker.HANDSET), 5, "the trouble to be told")
    made.stop()


def test_null_is_no_sound_and_opens_nothing(library: AlsaLibrary) -> None:
    silent = AlsaAudio("null", "null", "default", "DE")
    silent.start()
    silent.tone(Tone.DIAL)
    silent.ring(True)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("audio-")]
    silent.tone(None)
    silent.ring(False)
    silent.stop()
    assert silent.trouble == ""
    assert all(card.tries == 0 for card in library.cards.values())


def handset(step: int) -> Volumes:
    return Volumes(handset=step)


def test_volume_by_the_first_control_that_has_one_in_db(library: AlsaLibrary, audio: AlsaAudio) -> None:
    library.controls = {
        "Mic": Control(volume=False),
        "Master": Control(range_cdb=None),
        "Speaker": Control(),
        "PCM": Control(mute=True),
    }
    assert [audio.volumes(handset(step)) for step in (0, 4, 8)] == [0.0, 0.0, 0.0]
    levels = {name: control.level_cdb for name, control in library.controls.items()}
    assert levels == {"Mic": None, "Master": None, "Speaker": None, "PCM": 0}
    assert library.controls["PCM"].muted == 0
    audio.volumes(handset(4))
    assert library.controls["PCM"].level_cdb == -1200
    assert library.controls["PCM"].closed == 4


def test_what_the_mixer_has_no_room_for_is_said(library: AlsaLibrary, audio: AlsaAudio) -> None:
    library.controls = {"PCM": Control(range_cdb=(-800, 0))}
    assert [audio.volumes(handset(step)) for step in (0, 3, 4, 6, 8)] == [-12.0, -3.0, 0.0, 0.0, 4.0]
    library.controls = {"PCM": Control(range_cdb=(-300, 0))}
    assert audio.volumes(handset(8)) == 12.0
    assert library.controls["PCM"].level_cdb is None, "a control of 3 dB is left alone"


def test_without_a_mixer_all_is_missing(library: AlsaLibrary, audio: AlsaAudio) -> None:
    assert [audio.volumes(handset(step)) for step in range(9)] == [-12, -9, -6, -3, 0, 3, 6, 9, 12]
    library.controls = {"Mic": Control(volume=False)}
    assert audio.volumes(handset(0)) == -12
    assert library.controls["Mic"].closed == 1


def level_dbm0(heard: bytes) -> float:
    return level_dbm0_of(np.frombuffer(heard, "<i2") / 32768)


def level_dbm0_of(x: Samples) -> float:
    return float(3.14 + 10 * np.log10(2 * np.mean(x**2) + 1e-12))


def heard_of(card: Card, more: int = 16000) -> bytes:
    before = len(card.heard)
    wait_until(lambda: len(card.heard) >= before + more, 5, "sound")
    return bytes(card.heard[before : before + more])


def test_each_step_changes_the_dial_tone_by_3_db_without_a_mixer(
    library: AlsaLibrary, audio: AlsaAudio
) -> None:
    """At once, while it sounds; -10 dBm0 at the nominal step."""
    levels = []
    for step in range(9):
        audio.volumes(handset(step))
        audio.tone(Tone.DIAL)
        levels.append(level_dbm0(heard_of(library.cards["handset"], 6400)))
        audio.tone(None)
    assert levels == pytest.approx([-10 + 3 * (step - 4) for step in range(8)] + [0.0], abs=0.35)


def test_the_ringer_has_a_volume_of_its_own_and_takes_the_mixer_while_it_rings(
    library: AlsaLibrary, audio: AlsaAudio
) -> None:
    library.controls = {"PCM": Control()}
    audio.volumes(Volumes(handset=6, ringer=3))
    assert library.controls["PCM"].level_cdb == -600
    audio.ring(True)
    assert library.controls["PCM"].level_cdb == -2100
    audio.volumes(Volumes(handset=6, ringer=8))
    assert library.controls["PCM"].level_cdb == -600
    audio.ring(False)
    audio.tone(Tone.DIAL)
    assert library.controls["PCM"].level_cdb == -600


def test_gaps_are_counted(library: AlsaLibrary, audio: AlsaAudio) -> None:
    library.cards["handset"].ill = XRUN
    audio.tone(Tone.DIAL)
    wait_until(lambda: audio.xruns > 0, 5, "an xrun")
    audio.tone(None)


@pytest.fixture
def cables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cables]:
    if not shutil.which("pulseaudio"):
        pytest.skip("no pulseaudio here")
    with Cables(tmp_path) as made:
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(made.alsa_config))
        yield made


@pytest.fixture
def real(cables: Cables) -> Iterator[AlsaAudio]:
    made = AlsaAudio("ear", "null", "default", "DE")
    made.start()
    yield made
    made.stop()


@pytest.mark.live
def test_busy_is_heard_through_real_alsa(cables: Cables, real: AlsaAudio) -> None:
    """German busy tone, 425 Hz, 480 ms on and off, at -10 dBm0, recorded behind a real ALSA PCM."""
    with cables.listen() as heard:
        real.tone(Tone.BUSY)
        x = heard.wait(4.5).last(2.88)  # three whole periods
        real.tone(None)
    spectrum = np.abs(np.fft.rfft(x))
    assert np.argmax(spectrum) * RATE / len(x) == pytest.approx(425, abs=1)
    loud = np.abs(x) > 0.01
    on = np.convolve(loud, np.ones(80), "same") > 0
    assert on.mean() == pytest.approx(0.5, abs=0.03)
    assert 3.14 + 10 * np.log10(2 * np.mean(x[on] ** 2)) == pytest.approx(-10, abs=0.7)


@pytest.mark.live
def test_the_sound_server_dies_and_returns(
    cables: Cables, real: AlsaAudio, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sottovoce.audio")
    real.tone(Tone.DIAL)
    wait_until(lambda: cables.users()[0] == 1, 5, "the stream")
    capfd.readouterr()
    cables.stop()
    wait_until(lambda: "Connection refused" in real.trouble, 5, "trouble")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.5, 5, "some tries")
    cables.start()
    wait_until(lambda: cables.users()[0] == 1, 10, "the stream again")
    wait_until(lambda: not real.trouble, 5, "no trouble")
    assert len(caplog.messages) <= 3, "one line for each change, not for each try"
    assert "ALSA lib" not in capfd.readouterr().err, "libasound prints for each try"


def louder(heard: Recording, wanted: float) -> Callable[[], bool]:
    return lambda: abs(level_dbm0_of(heard.last(0.5)) - wanted) < 0.5


@pytest.mark.live
def test_volume_through_a_real_mixer(cables: Cables, real: AlsaAudio) -> None:
    """The dial tone in the earpiece, by the control of a real ALSA mixer and without one."""
    socket = cables.alsa_config.read_text().split('server "')[1].split('"')[0]
    with cables.alsa_config.open("a") as config:
        config.write(f'ctl.knob {{ type pulse server "{socket}" sink "ear" }}\n')
    assert AlsaAudio("null", "null", "nothing", "DE").volumes(handset(8)) == 12.0
    for mixer in ("nothing", "knob"):
        audio = AlsaAudio("ear", "null", mixer, "DE")
        audio.start()
        with cables.listen() as heard:
            audio.volumes(handset(2))
            audio.tone(Tone.DIAL)
            softest = level_dbm0_of(heard.wait(2.5).last(0.5))
            for step, louder_db in ((4, 6.0), (6, 12.0)):
                audio.volumes(handset(step))
                wait_until(louder(heard, softest + louder_db), 8, f"step {step} with the mixer {mixer}")
        audio.stop()


@pytest.mark.parametrize(
    ("name", "trouble", "said"),
    [
        ("handset", "", ""),
        ("handset", "Device or resource busy", ""),
        ("handset", "No such device", 'PCM "handset": No such device'),
        ("none", "", 'PCM "none": No such file or directory'),
    ],
)
def test_whether_there_is_a_microphone(library: AlsaLibrary, name: str, trouble: str, said: str) -> None:
    """It is opened, and closed at once; nothing is read."""
    library.cards["handset"].trouble = trouble
    found = alsa.microphone_trouble(name)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert library.cards["handset"].open == 0
    assert library.cards["handset"].opened == int(not trouble and name == "handset")
