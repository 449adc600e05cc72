"""WebRTC AEC3, as a hands-free telephone uses it, in a synthetic room: what it takes away and what it leaves.

Echo return loss enhancement (ERLE, ITU-T G.168): how much softer the echo is behind the canceller. Double
talk: the near talker's speech has to come through while the far one's is taken away; ITU-T P.340 calls a
telephone type 1 (both may talk at once) where it loses at most 3 dB, type 2 up to 12 dB, type 3 above.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pesq
import pystoi
import pytest

from tests.rig.echo import FRAME, Cancelled, level, run
from tests.rig.room import Room, reverberation_s
from tests.rig.speech import PERIOD_S, RATE, Talker, shift
from tests.rig.wavefile import Samples

pj = pytest.importorskip("pjsua2")

SECONDS = 12
SETTLED = 4 * RATE
"""Samples after which the canceller has learnt the room."""


@pytest.fixture(scope="module")
def talkers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Samples, Samples]:
    """Far and near speech of SECONDS, each at -26 dB of full scale as ITU-T P.56 tests have it."""
    folder: Path = tmp_path_factory.mktemp("speech")
    found = []
    for name in ("far", "near"):
        once = Talker(folder, name).original()
        speech = np.tile(once, -(-SECONDS // PERIOD_S))[: SECONDS * RATE]
        found.append(speech * 10 ** (-26 / 20) / np.sqrt(np.mean(speech**2)))
    return found[0], found[1]


@pytest.fixture(scope="module")
def noise() -> Samples:
    """A quiet room: -70 dB of full scale."""
    return np.random.default_rng(1).normal(0, 10 ** (-70 / 20), SECONDS * RATE)


def test_the_room_answers_like_an_office() -> None:
    response = Room().response(RATE)
    assert 0.15 < reverberation_s(response, RATE) < 0.5
    assert np.argmax(np.abs(response)) == pytest.approx(0.237 / 343 * RATE, abs=2)


@pytest.mark.parametrize("coupling_db", [0.0, -6.0, -12.0])
def test_the_echo_is_taken_away(talkers: tuple[Samples, Samples], noise: Samples, coupling_db: float) -> None:
    """Far speech alone, as loud at the microphone as it was played, and softer."""
    far, _ = talkers
    echo = Room().heard(far, RATE) * 10 ** (coupling_db / 20)
    found = run(far, echo + noise)
    assert found.erle_db(echo, SETTLED) > 26


def test_without_the_canceller_the_echo_is_all_there(
    talkers: tuple[Samples, Samples], noise: Samples
) -> None:
    far, _ = talkers
    echo = Room().heard(far, RATE)
    assert abs(Cancelled(echo + noise).erle_db(echo, SETTLED)) < 0.1


@pytest.mark.parametrize(("louder_db", "intelligible"), [(0, 0.7), (6, 0.8)])
def test_near_speech_comes_through_double_talk(
    talkers: tuple[Samples, Samples], noise: Samples, louder_db: float, intelligible: float
) -> None:
    """Both talk at once from the middle on, without a pause; the near speech at the microphone is as loud as
    the echo, or louder."""
    far, near = talkers
    echo = Room().heard(far, RATE)
    echo *= 10 ** ((level(near) - louder_db - level(echo)) / 20)
    both = SECONDS * RATE // 2
    talking = near.copy()
    talking[:both] = 0
    left = run(far, echo + talking + noise).samples[both:]
    original = np.roll(near[both:], shift(near[both:], left))
    assert level(near[both:]) - level(left) < 3
    assert pystoi.stoi(original, left, RATE) > intelligible


def test_near_speech_alone_is_not_touched(talkers: tuple[Samples, Samples], noise: Samples) -> None:
    _, near = talkers
    left = run(np.zeros_like(near), near + noise).samples[SETTLED : SETTLED + PERIOD_S * RATE]
    original = near[SETTLED : SETTLED + PERIOD_S * RATE]
    assert level(left) == pytest.approx(level(original), abs=1)
    assert pesq.pesq(RATE, np.roll(original, shift(original, left)), left, "wb") > 3.6


def test_a_frame_of_another_size_is_refused() -> None:
    canceller = pj.EchoCanceller(RATE, FRAME, 200)
    with pytest.raises(pj.Error):
        canceller.cancel([0] * (FRAME - 1), [0] * FRAME)
