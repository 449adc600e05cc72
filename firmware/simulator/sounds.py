"""What the page plays: the country's call-progress tones and its ringer, as data for the browser. Pure."""

from __future__ import annotations

from typing import Any

from firmware.phone.audio.countries import COUNTRIES, DEFAULT, Burst, ToneSpec, country
from firmware.phone.audio.melodies import COUNTRY, MELODIES, SIGNALS, TAIL_MS, Melody, notes
from firmware.phone.values import Tone

RING = "ring"
KNOWN = sorted(code for code in COUNTRIES if code != DEFAULT)
"""The countries that may be asked for."""


def for_country(code: str | None) -> dict[str, dict[str, Any]]:
    """Every tone by its name, and ``RING-…`` for each melody. Times in seconds, frequencies in Hz."""
    sound = country(code or DEFAULT)
    tones = {tone.value: _plain(sound.tone(tone)) for tone in Tone}
    rings = {f"{RING}-{name}": _struck(melody) for name, melody in (MELODIES | SIGNALS).items()}
    return {**tones, f"{RING}-{COUNTRY}": _plain(sound.ringer), **rings}


def _plain(spec: ToneSpec) -> dict[str, Any]:
    return {
        "frequencies": list(spec.frequencies),
        "modulation": spec.modulation,
        "turn": spec.alternate_ms / 1000,
        "gain": 10 ** ((spec.level + 10) / 20),
        "lead": _bursts(spec.lead),
        "bursts": _bursts(spec.cadence),
    }


def _bursts(cadence: tuple[Burst, ...]) -> list[dict[str, float]]:
    return [
        {"on": burst.on_ms / 1000, "off": burst.off_ms / 1000, "gain": 10 ** (-burst.quieter_db / 20)}
        for burst in cadence
    ]


def _struck(melody: Melody) -> dict[str, Any]:
    """When which note is struck, and how it dies away."""
    strokes, at_ms = [], 0
    for hz, ms in notes(melody):
        if hz:
            strokes.append({"at": at_ms / 1000, "hz": hz})
        at_ms += ms
    partials = [
        {"ratio": ratio, "share": share, "fades": fades / 1000} for ratio, share, fades in melody.timbre
    ]
    return {"strokes": strokes, "length": at_ms / 1000, "tail": TAIL_MS / 1000, "partials": partials}
