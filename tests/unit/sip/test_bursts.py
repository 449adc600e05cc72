"""The call-waiting tone that is heard beside the speech of a call is the country's."""

from __future__ import annotations

import itertools
import math

import pytest

from firmware.phone.audio.countries import COUNTRIES, ToneSpec
from firmware.phone.sip.bursts import Burst, bursts, waiting


@pytest.mark.parametrize(
    ("country", "found"),
    [
        ("DE", (Burst(425, 0, 200, 200), Burst(425, 0, 200, 5000))),
        ("GB", (Burst(400, 0, 100, 4000),)),
        ("US", (Burst(440, 0, 300, 10000),)),
        ("KR", (Burst(350, 440, 250, 250), Burst(350, 440, 250, 3250))),
        ("JP", (Burst(392, 408, 500, 8000),)),
        ("", (Burst(425, 0, 200, 600), Burst(425, 0, 200, 10000))),
        ("XX", (Burst(425, 0, 200, 600), Burst(425, 0, 200, 10000))),
    ],
)
def test_the_tone_of_the_country(country: str, found: tuple[Burst, ...]) -> None:
    assert waiting(country) == found


@pytest.mark.parametrize("country", list(COUNTRIES))
def test_every_country_has_one_with_gaps(country: str) -> None:
    """Between the bursts speech is heard."""
    found = waiting(country)
    assert all(burst.on_ms > 0 for burst in found)
    assert max(burst.off_ms for burst in found) >= 1000
    assert all(300 <= burst.first_hz <= 1400 for burst in found)


@pytest.mark.parametrize("code", [code for code, one in COUNTRIES.items() if one.waiting.modulation])
def test_a_modulated_tone_swells_as_often_as_the_national_one(code: str) -> None:
    """Ten seconds of it: the sound is weakest between two swellings; and its middle is the carrier."""
    spec, burst = COUNTRIES[code].waiting, waiting(code)[0]
    assert (burst.first_hz + burst.second_hz) // 2 == spec.frequencies[0]
    rate, seconds = 8000, 10
    frame = rate // 1000
    power = [
        sum(
            (
                math.sin(2 * math.pi * burst.first_hz * n / rate)
                + math.sin(2 * math.pi * burst.second_hz * n / rate)
            )
            ** 2
            for n in range(at, at + frame)
        )
        for at in range(0, rate * seconds, frame)
    ]
    smooth = [sum(power[at : at + 5]) for at in range(len(power) - 5)]
    low = 0.15 * max(smooth)
    silences = sum(one >= low > following for one, following in itertools.pairwise(smooth))
    assert abs(silences - spec.modulation * seconds) <= 1


def test_a_tone_without_a_cadence() -> None:
    assert bursts(ToneSpec((350, 440))) == (Burst(350, 440, 1000, 0),)
