"""The level of what is heard: each dB that is asked for, and never a cut peak."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rig.echo import level
from tests.rig.wavefile import Samples

pj = pytest.importorskip("pjsua2")

RATE = 16000
CEILING = 10 ** (pj.RECEIVE_CEILING_DBFS / 20)


def sine(dbfs_peak: float, seconds: float = 1.0, hz: float = 1000.0) -> Samples:
    """Samples of a sine whose peaks are at that level."""
    return np.asarray(10 ** (dbfs_peak / 20) * np.sin(2 * np.pi * hz * np.arange(seconds * RATE) / RATE))


def through(receive: object, samples: Samples) -> Samples:
    whole = [int(value) for value in np.rint(samples * 32767)]
    return np.array(receive.process(whole, RATE)) / 32767  # type: ignore[attr-defined]


def distortion(samples: Samples) -> float:
    """The part of the power that is not in the 1 kHz sine."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    peak = int(np.argmax(spectrum))
    return float(1 - spectrum[peak - 3 : peak + 4].sum() / spectrum.sum())


@pytest.mark.parametrize("gain_db", [-12, -9, -6, -3, 0, 3, 6, 9, 12])
def test_the_gain_is_what_was_asked_for(gain_db: int) -> None:
    speech = sine(-26)
    heard = through(pj.ReceiveLevel(float(gain_db)), speech)
    assert level(heard) - level(speech) == pytest.approx(gain_db, abs=0.1)
    assert distortion(heard[RATE // 2 :]) < 1e-4


def test_with_nothing_to_do_the_samples_are_the_same() -> None:
    speech = sine(-6)
    assert np.array_equal(through(pj.ReceiveLevel(0.0), speech), np.rint(speech * 32767) / 32767)


@pytest.mark.parametrize("gain_db", [0, 6, 12])
@pytest.mark.parametrize("peak", [-20.0, -6.0, 0.0])
def test_no_sample_passes_the_ceiling(gain_db: int, peak: float) -> None:
    bursts = np.concatenate([sine(peak, 0.05), np.zeros(800), sine(peak, 0.05, 90.0), sine(0.0, 0.002)])
    heard = through(pj.ReceiveLevel(float(gain_db)), bursts)
    assert np.max(np.abs(heard)) <= CEILING + 1 / 32767


def test_a_loud_voice_is_softened_not_torn() -> None:
    """18 dB more than there is room for: the bridge's way of cutting would make a fifth of it distortion."""
    loud = sine(-3)
    heard = through(pj.ReceiveLevel(12.0), loud)
    cut = np.clip(loud * 10 ** (12 / 20), -1, 1)
    assert distortion(heard[RATE // 2 :]) < 0.005
    assert distortion(cut) > 10 * distortion(heard[RATE // 2 :])


def test_after_a_peak_the_level_comes_back() -> None:
    receive = pj.ReceiveLevel(12.0)
    soft = sine(-40, 0.5)
    before = level(through(receive, soft))
    through(receive, sine(0, 0.1))
    through(receive, soft)
    assert level(through(receive, soft)) == pytest.approx(before, abs=0.1)


def test_a_new_gain_comes_without_a_click() -> None:
    receive = pj.ReceiveLevel(-12.0)
    tone = sine(-26, 1.0, 200.0)
    first = through(receive, tone[: RATE // 2])
    receive.setGain(12.0)
    heard = np.concatenate([first, through(receive, tone[RATE // 2 :])])
    steepest = np.max(np.abs(np.diff(heard)))
    assert steepest < 1.2 * np.max(np.abs(np.diff(tone))) * 10 ** (12 / 20)
    assert level(heard[-RATE // 4 :]) - level(tone) == pytest.approx(12, abs=0.1)
    at_20_ms = heard[RATE // 2 + RATE // 50 : RATE // 2 + RATE // 50 + RATE // 20]
    assert level(at_20_ms) - level(tone) == pytest.approx(12, abs=0.5)
