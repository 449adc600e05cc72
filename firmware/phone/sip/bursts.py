"""A national tone as the tone generator of a call plays it: bursts of one or two frequencies. Pure.

A modulated tone (``400x16``) is played as two frequencies around its carrier: the generator cannot modulate;
the two beat as often as the carrier would swell.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.phone.audio import countries
from firmware.phone.audio.countries import ToneSpec

CONTINUOUS_MS = 1000
"""One piece of a tone without a cadence."""


class Burst(NamedTuple):
    """``second_hz`` 0: one frequency alone."""

    first_hz: int
    second_hz: int
    on_ms: int
    off_ms: int


def bursts(spec: ToneSpec) -> tuple[Burst, ...]:
    """One period of the tone; the first two of its frequencies."""
    first, second = (*spec.frequencies, 0)[:2]
    if spec.modulation:
        below = spec.modulation // 2
        first, second = first - below, first + spec.modulation - below
    if not spec.cadence:
        return (Burst(first, second, CONTINUOUS_MS, 0),)
    return tuple(Burst(first, second, burst.on_ms, burst.off_ms) for burst in spec.cadence)


def waiting(country: str) -> tuple[Burst, ...]:
    """The call-waiting tone of a country; of one that has no tones here, that of ITU-T E.180."""
    code = country if country in countries.COUNTRIES else countries.DEFAULT
    return bursts(countries.country(code).waiting)
