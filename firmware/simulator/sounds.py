"""What the page plays: the country's call-progress tones and its ringer, as data for the browser. Pure."""

from __future__ import annotations

from typing import Any

from firmware.phone.audio.countries import COUNTRIES, DEFAULT, ToneSpec, country
from firmware.phone.values import Tone

RING = "ring"
KNOWN = sorted(code for code in COUNTRIES if code != DEFAULT)
"""The countries that may be asked for."""


def for_country(code: str | None) -> dict[str, dict[str, Any]]:
    """Every tone by its name, and the ringer as ``RING``. Times in seconds, frequencies in Hz."""
    sound = country(code or DEFAULT)
    tones = {tone.value: _plain(sound.tone(tone)) for tone in Tone}
    return {**tones, RING: _plain(sound.ringer)}


def _plain(spec: ToneSpec) -> dict[str, Any]:
    return {
        "frequencies": list(spec.frequencies),
        "modulation": spec.modulation,
        "turn": spec.alternate_ms / 1000,
        "gain": 10 ** ((spec.level + 10) / 20),
        "bursts": [
            {"on": burst.on_ms / 1000, "off": burst.off_ms / 1000, "gain": 10 ** (-burst.quieter_db / 20)}
            for burst in spec.cadence
        ],
    }
