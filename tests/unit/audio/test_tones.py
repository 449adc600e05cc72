"""The samples of every tone of every country, measured against the table."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.phone.audio.countries import COUNTRIES, DEFAULT, SILENCE, Burst, Country, ToneSpec, country
from firmware.phone.audio.tones import MODULATION_DEPTH, amplitude, lead, period_ms, samples
from firmware.phone.values import Tone

Signal = NDArray[np.float64]
RATES = (8000, 16000)


def specs() -> dict[str, ToneSpec]:
    """Each different sound once, what is heard once of it as a sound of its own."""
    every = {f"{code}-{tone.value}": entry.tone(tone) for code, entry in COUNTRIES.items() for tone in Tone}
    every |= {f"{code}-ringer": entry.ringer for code, entry in COUNTRIES.items()}
    found: dict[ToneSpec, str] = {}
    for name, spec in every.items():
        if spec.lead:
            found.setdefault(replace(spec, lead=(), cadence=spec.lead), f"{name}-lead")
        if spec.cadence != SILENCE:
            found.setdefault(replace(spec, lead=()), name)
    return {name: spec for spec, name in found.items()}


every_tone = pytest.mark.parametrize("spec", specs().values(), ids=specs().keys())


@functools.cache
def signal(spec: ToneSpec, rate: int) -> Signal:
    """Full scale = 1."""
    return np.array(samples(spec, rate), dtype=np.float64) / 32767


def intervals(x: Signal, rate: int) -> list[tuple[float, float]]:
    """Where it sounds, in ms: stretches whose gaps are shorter than 15 ms."""
    loud = np.flatnonzero(np.abs(x) > 0.002)
    breaks = np.flatnonzero(np.diff(loud) > 0.015 * rate)
    starts = loud[np.concatenate(([0], breaks + 1))]
    ends = loud[np.concatenate((breaks, [len(loud) - 1]))]
    return [(float(a) * 1000 / rate, float(b) * 1000 / rate) for a, b in zip(starts, ends, strict=True)]


def bursts(spec: ToneSpec) -> list[tuple[float, float]]:
    """What the table says of the same."""
    found, now = [], 0
    for burst in spec.cadence:
        found.append((float(now), float(now + burst.on_ms)))
        now += burst.on_ms + burst.off_ms
    return found or [(0.0, 1000.0)]


def peaks(x: Signal, rate: int) -> list[float]:
    """The frequencies that hold a twentieth of the largest amplitude or more."""
    size = 2**17
    x = x[:rate]
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), size))
    inner = spectrum[1:-1]
    top = (inner > spectrum[:-2]) & (inner >= spectrum[2:]) & (inner > spectrum.max() / 20)
    return [float(k + 1) * rate / size for k in np.flatnonzero(top)]


def dbm0(x: Signal) -> float:
    """A sine of full scale has 3.14 dBm0."""
    return 3.14 + 10 * math.log10(2 * float(np.mean(x**2)))


def middle(x: Signal, rate: int, start_ms: float, end_ms: float, whole_ms: float) -> Signal:
    """A burst without its ramps, as many whole stretches of ``whole_ms`` as fit."""
    start = round((start_ms + 6) * rate / 1000)
    count = int((end_ms - start_ms - 12) // whole_ms) * whole_ms
    return x[start : start + round(count * rate / 1000)]


def beat_ms(spec: ToneSpec) -> float:
    """After so long the envelope of the sound has come round."""
    if spec.modulation:
        return 1000 / spec.modulation
    if len(spec.frequencies) == 1:
        return 1000 / spec.frequencies[0]
    return 2 * spec.alternate_ms or 1000 / abs(spec.frequencies[0] - spec.frequencies[1])


@every_tone
@pytest.mark.parametrize("rate", RATES)
def test_cadence(spec: ToneSpec, rate: int) -> None:
    x = signal(spec, rate)
    assert len(x) == round(period_ms(spec) * rate / 1000)
    heard = intervals(x, rate)
    assert len(heard) == len(bursts(spec))
    for (start, end), (wanted_start, wanted_end) in zip(heard, bursts(spec), strict=True):
        assert start == pytest.approx(wanted_start, abs=3)
        assert end == pytest.approx(wanted_end, abs=3)


@every_tone
def test_frequencies(spec: ToneSpec) -> None:
    rate = 16000
    start, end = max(bursts(spec), key=lambda burst: burst[1] - burst[0])
    x = signal(spec, rate)
    if spec.alternate_ms:
        for turn, frequency in enumerate(spec.frequencies):
            part = middle(
                x, rate, start + turn * spec.alternate_ms, start + (turn + 1) * spec.alternate_ms, 1
            )
            assert peaks(part, rate) == [pytest.approx(frequency, abs=3)]
        return
    wanted = sorted(f + side * spec.modulation for f in spec.frequencies for side in (-1, 0, 1))
    too_short = end - start < 3000 / spec.modulation if spec.modulation else True
    wanted = sorted(spec.frequencies) if too_short else wanted
    assert peaks(middle(x, rate, start, end, 1), rate) == [pytest.approx(f, abs=1.5) for f in wanted]


@every_tone
@pytest.mark.parametrize("rate", RATES)
def test_level(spec: ToneSpec, rate: int) -> None:
    x = signal(spec, rate)
    quieter = [burst.quieter_db for burst in spec.cadence] or [0.0]
    for (start, end), less in zip(bursts(spec), quieter, strict=True):
        assert dbm0(middle(x, rate, start, end, beat_ms(spec))) == pytest.approx(spec.level - less, abs=0.15)


@every_tone
@pytest.mark.parametrize("rate", RATES)
def test_it_loops_without_a_click(spec: ToneSpec, rate: int) -> None:
    """At the seam and at each edge the signal moves no faster, and bends no more, than within the sound."""
    x = signal(spec, rate)
    twice = np.concatenate((x, x))
    inside = np.concatenate([middle(x, rate, a, b, 1) for a, b in bursts(spec)])
    for times in (1, 2):
        worst = np.abs(np.diff(twice, n=times)).max()
        assert worst <= np.abs(np.diff(inside, n=times)).max() * 1.05 + 2 / 32767


@every_tone
def test_levels_are_within_e180(spec: ToneSpec) -> None:
    """-10 dBm0, 5 dB either way; the American plan goes lower. The ringer is no tone of an exchange."""
    assert -21 <= spec.level <= (-3 if spec.alternate_ms else -5)
    ringers = [entry.ringer for entry in COUNTRIES.values()]
    american = [replace(COUNTRIES["US"].tone(tone), lead=()) for tone in Tone]
    assert spec.level == -10 or spec in (*american, *ringers)


def test_the_countries_are_there() -> None:
    wanted = {"DE", "AT", "CH", "FR", "GB", "US", "NL", "ES", "IT", "SE", "JP", "AU", DEFAULT}
    assert wanted <= set(COUNTRIES)
    assert country("de") is country("DE") is COUNTRIES["DE"]
    with pytest.raises(KeyError):
        country("XX")


def test_the_default_is_the_recommended_425_hz() -> None:
    entry = country(DEFAULT)
    assert {entry.tone(tone).frequencies for tone in Tone if tone is not Tone.WARNING} == {(425,)}
    assert entry.dial.cadence == ()


@pytest.mark.parametrize("entry", COUNTRIES.values(), ids=COUNTRIES)
def test_busy_and_ringback_are_told_apart_by_the_ear(entry: Country) -> None:
    """The ringing tone pauses for a second and a half or more, busy and congestion never do."""
    assert max(burst.off_ms for burst in entry.ringback.cadence) >= 1500
    assert max(burst.off_ms for burst in (*entry.busy.cadence, *entry.congestion.cadence)) < 1000


def test_there_are_thirty_countries_and_each_has_a_source() -> None:
    assert len(COUNTRIES) > 30
    for code, entry in COUNTRIES.items():
        assert code == DEFAULT or (entry.sources and set(entry.sources) <= set("AS"))
        if len(entry.sources) == 1:
            assert {"dial", "ringback", "busy", "congestion", "waiting"} <= entry.unconfirmed
    assert COUNTRIES["DE"].unconfirmed == frozenset()
    assert COUNTRIES["FR"].unconfirmed == {"congestion", "waiting"}


@pytest.mark.parametrize("entry", COUNTRIES.values(), ids=COUNTRIES)
def test_the_tones_of_a_country_are_told_apart(entry: Country) -> None:
    """All but busy and congestion, which some networks make alike."""
    different = [entry.tone(tone) for tone in Tone if tone is not Tone.CONGESTION]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize("entry", COUNTRIES.values(), ids=COUNTRIES)
def test_what_is_heard_once_comes_before_the_loop(entry: Country) -> None:
    messages, confirmed = entry.tone(Tone.MESSAGE_WAITING), entry.tone(Tone.CONFIRMATION)
    for spec in (messages, confirmed):
        assert lead(spec, 8000) == samples(replace(spec, cadence=spec.lead), 8000) if spec.lead else True
    assert not any(samples(confirmed, 8000))
    assert any(lead(confirmed, 8000))
    assert any(samples(messages, 8000))
    assert messages.lead or messages.frequencies != entry.dial.frequencies


def test_nothing_is_heard_once_of_a_tone_without_that() -> None:
    assert len(lead(COUNTRIES["DE"].busy, 8000)) == 0


def test_full_scale_is_3_14_dbm0() -> None:
    assert amplitude(3.14) == 1.0
    assert max(samples(ToneSpec((1000,), level=3.14), 8000)) == 32767


def test_too_loud_is_refused_and_never_wraps() -> None:
    with pytest.raises(ValueError, match="too loud"):
        samples(ToneSpec((350, 440), level=3.14), 8000)


def test_a_loop_has_bounded_memory() -> None:
    with pytest.raises(ValueError, match="longer than"):
        samples(ToneSpec((425,), (Burst(1000, 60_000),)), 8000)
    assert max(len(samples(spec, 16000)) for spec in specs().values()) * 2 <= 16_000 * 16 * 2


cadences = st.lists(st.builds(Burst, st.integers(20, 900), st.integers(0, 900)), max_size=4).map(tuple)
tones = st.builds(
    ToneSpec,
    frequencies=st.lists(st.integers(50, 3000), min_size=1, max_size=3, unique=True).map(tuple),
    cadence=cadences,
    modulation=st.sampled_from([0, 0, 16, 25]),
    level=st.floats(-30, -6),
    alternate_ms=st.sampled_from([0, 0, 50]),
)


@given(tones, st.sampled_from([8000, 11025, 16000, 44100]))
def test_any_tone_keeps_its_length_its_scale_and_its_silence(spec: ToneSpec, rate: int) -> None:
    x = samples(spec, rate)
    assert len(x) == round(period_ms(spec) * rate / 1000)
    assert max(map(abs, x)) <= 32767
    assert x[0] == 0
    for (_, end), (start, _) in pairwise(bursts(spec)):
        assert not any(x[round(end * rate / 1000) : round(start * rate / 1000)])


def test_the_phase_goes_on_when_notes_alternate() -> None:
    """Also when a note does not end on a whole cycle."""
    x = signal(ToneSpec((655, 873), (Burst(1000, 0),), alternate_ms=50), 16000)
    inside = x[100:-100]
    assert np.abs(np.diff(inside)).max() <= 2 * math.pi * 873 / 16000 * np.abs(x).max()


def test_the_modulation_depth_is_as_stated() -> None:
    spec = ToneSpec((400,), modulation=16)
    x = signal(spec, 16000)
    spectrum = np.abs(np.fft.rfft(x))
    assert spectrum[416] / spectrum[400] == pytest.approx(MODULATION_DEPTH / 2, rel=0.01)
