"""The call-waiting tone that is heard beside the speech of a call is the country's."""

from __future__ import annotations

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
        ("JP", (Burst(400, 0, 500, 8000),)),
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


def test_a_tone_without_a_cadence() -> None:
    assert bursts(ToneSpec((350, 440))) == (Burst(350, 440, 1000, 0),)
