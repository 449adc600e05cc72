"""The melodies: pleasant is for the ear to say; that they are clean is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.audio.countries import COUNTRIES
from firmware.phone.audio.melodies import (
    BAR,
    COUNTRY,
    MELODIES,
    NAMES,
    TAIL_MS,
    Melody,
    louder,
    notes,
    samples,
)
from firmware.phone.audio.tones import LOUDEST_DBM0, amplitude

every_melody = pytest.mark.parametrize("melody", MELODIES.values(), ids=MELODIES)


def test_there_is_a_handful_and_the_country() -> None:
    assert len(MELODIES) >= 5
    assert NAMES[0] == COUNTRY
    assert COUNTRY not in MELODIES


@every_melody
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_it_is_as_long_as_its_score_and_as_loud_as_it_says(melody: Melody, rate: int) -> None:
    x = samples(melody, rate)
    assert len(x) == sum(note.ms for note in notes(melody)) * rate // 1000
    assert max(map(abs, x)) == pytest.approx(32767 * amplitude(melody.level), rel=0.001)


@every_melody
def test_it_loops_through_silence(melody: Melody) -> None:
    """The last note has died away before the loop begins again, and a pause lets people speak."""
    assert notes(melody)[-1].hz == 0
    assert notes(melody)[-1].ms > TAIL_MS
    x = samples(melody, 16000)
    assert x[0] == x[-1] == 0
    assert not any(x[-(notes(melody)[-1].ms - TAIL_MS) * 16 :])


@every_melody
def test_no_click(melody: Melody) -> None:
    """Nothing moves faster than the highest partial that is heard could."""
    x = np.array(samples(melody, 48000), dtype=np.float64)
    highest = max(note.hz for note in notes(melody)) * max(partial.ratio for partial in melody.timbre)
    assert np.abs(np.diff(x)).max() <= 2 * np.pi * highest / 48000 * np.abs(x).max()


@every_melody
def test_the_first_note_has_its_pitch(melody: Melody) -> None:
    first = notes(melody)[0]
    x = np.array(samples(melody, 16000)[: first.ms * 16], dtype=np.float64)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 2**17))
    assert np.argmax(spectrum) * 16000 / 2**17 == pytest.approx(first.hz, rel=0.04)


def test_the_notes_are_tempered() -> None:
    found = notes(Melody("A4:1 A5:2 C5:1 -:4", 100, BAR))
    assert [round(note.hz, 2) for note in found] == [440.0, 880.0, 523.25, 0.0]
    assert [note.ms for note in found] == [100, 200, 100, 400]


@pytest.mark.parametrize("score", ["H5:1", "C9:1", "C5", "C5:", "Cb5:1", "c5:1"])
def test_a_score_with_a_fault_is_refused(score: str) -> None:
    with pytest.raises(ValueError, match="no note"):
        notes(Melody(score, 100, BAR))


def test_louder_is_louder_and_never_wraps() -> None:
    melody = MELODIES["bell"]
    assert louder(melody, -6) == replace(melody, level=-6.0)
    loudest = louder(melody, 30)
    assert isinstance(loudest, Melody)
    assert loudest.level == LOUDEST_DBM0
    assert max(map(abs, samples(loudest, 8000))) <= 32767
    ringer = COUNTRIES["DE"].ringer
    assert louder(ringer, -6) == replace(ringer, level=-9.0)


words = st.builds("{}{}:{}".format, st.sampled_from(["C", "F#", "B"]), st.integers(1, 8), st.integers(1, 4))


@given(st.lists(words, min_size=1, max_size=6), st.sampled_from([8000, 16000]))
@settings(max_examples=30)
def test_any_melody_keeps_its_scale(score: list[str], rate: int) -> None:
    x = samples(Melody(" ".join([*score, "-:12"]), 80, BAR), rate)
    assert max(map(abs, x)) <= 32767
    assert x[0] == x[-1] == 0
