"""The voice through real ALSA PCMs: side tone, the level of what is heard, and how late it is.

One sine for each direction, so that a spectrum tells them apart: the near one at 1000 Hz, the far one at
600 Hz.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.rig.cables import Cables
from tests.rig.speech import RATE, read
from tests.rig.voice import Voice
from tests.rig.wavefile import Samples

pytestmark = pytest.mark.live

NEAR_HZ, FAR_HZ = 1000, 600
LEVEL_DB = -20.0
"""The level of both sines, in dB of a full-scale sine."""


@pytest.fixture
def cables(tmp_path: Path) -> Iterator[Cables]:
    if not shutil.which("pulseaudio"):
        pytest.skip("no pulseaudio here")
    with Cables(tmp_path) as made:
        yield made


def sine(folder: Path, hz: int, rate: int, seconds: int = 30) -> Path:
    file = folder / f"sine-{hz}-{rate}.wav"
    form = ["-r", str(rate), "-c", "1", "-b", "16"]
    subprocess.run(
        ["sox", "-n", *form, file, "synth", str(seconds), "sine", str(hz), "vol", f"{LEVEL_DB}dB"], check=True
    )
    return file


def level(samples: Samples, hz: int) -> float:
    """dB of a full-scale sine, of one frequency alone."""
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples * window)) / (window.sum() / 2)
    at = round(hz * len(samples) / RATE)
    return float(20 * np.log10(np.max(spectrum[at - 2 : at + 3]) + 1e-9))


@pytest.mark.parametrize("gain_db", [0.0, 6.0])
def test_the_side_tone_has_its_level_whatever_the_volume_is_and_the_far_end_gets_none_of_it(
    cables: Cables, tmp_path: Path, gain_db: float
) -> None:
    near, far = tmp_path / "near.wav", sine(tmp_path, FAR_HZ, 16000)
    with (
        cables.speak(sine(tmp_path, NEAR_HZ, 48000)),
        Voice(tmp_path, cables, sidetone_db=-18, gain_db=gain_db, far=far, near=near),
        cables.listen() as ear,
    ):
        heard = ear.wait(2.5).last(1.0)
    assert level(heard, NEAR_HZ) == pytest.approx(LEVEL_DB - 18, abs=1)
    assert level(heard, FAR_HZ) == pytest.approx(LEVEL_DB + gain_db, abs=1)
    sent = read(near)[-RATE:]
    assert level(sent, NEAR_HZ) == pytest.approx(LEVEL_DB, abs=1)
    assert level(sent, FAR_HZ) < LEVEL_DB - 50


def test_without_side_tone_one_does_not_hear_oneself(cables: Cables, tmp_path: Path) -> None:
    with (
        cables.speak(sine(tmp_path, NEAR_HZ, 48000)),
        Voice(tmp_path, cables, far=sine(tmp_path, FAR_HZ, 16000)),
        cables.listen() as ear,
    ):
        heard = ear.wait(2.5).last(1.0)
    assert level(heard, NEAR_HZ) < LEVEL_DB - 50
    assert level(heard, FAR_HZ) == pytest.approx(LEVEL_DB, abs=1)


@pytest.mark.parametrize("gain_db", [-12.0, 12.0])
def test_the_volume_changes_what_is_heard_by_its_decibels(
    cables: Cables, tmp_path: Path, gain_db: float
) -> None:
    with (
        Voice(tmp_path, cables, gain_db=gain_db, far=sine(tmp_path, FAR_HZ, 16000)),
        cables.listen() as ear,
    ):
        heard = ear.wait(2.5).last(1.0)
    assert level(heard, FAR_HZ) == pytest.approx(LEVEL_DB + gain_db, abs=1)
