"""From a tone's description to its samples. Pure: standard library only.

Level: 0 dBm0 is the reference of telephony. A sine that just fills the A-law code has +3.14 dBm0 (ITU-T
G.711, table 5), so a sine of amplitude ``a`` (full scale = 1) has ``3.14 + 20 log10(a)`` dBm0, and a
sound of mean square ``m`` has ``3.14 + 10 log10(2 m)`` dBm0.

Loops: ``samples`` gives one whole period of the cadence, and the next may follow it without a click::

    burst     ___________                    ___________          each edge is a raised cosine of 5 ms;
    sound   _/           \\_________________/           \\______     a burst begins at phase 0
            |<-- on -->|<----- off ----->|

A continuous tone is one second long: with whole frequencies it ends exactly where it began. What sounds once
before the loop is ``lead``.
"""

from __future__ import annotations

import functools
import math
from array import array
from dataclasses import replace

from firmware.phone.audio.countries import Burst, ToneSpec

FULL_SCALE = 32767
FULL_SCALE_DBM0 = 3.14
RAMP_MS = 5
LOUDEST_DBM0 = 3.0
"""The level of the loudest sine that is played."""
MODULATION_DEPTH = 0.85
"""Of amplitude-modulated tones; E.180 names no depth."""
MAX_PERIOD_MS = 16_000
"""Longest cadence; bounds the memory of a loop (16 kHz: 512 kB)."""


def amplitude(dbm0: float) -> float:
    """The amplitude (full scale = 1) of a single sine of that level."""
    return float(10 ** ((dbm0 - FULL_SCALE_DBM0) / 20))


def period_ms(spec: ToneSpec) -> int:
    """How long one period of the tone's loop is."""
    return sum(burst.on_ms + burst.off_ms for burst in spec.cadence) or 1000


def louder(spec: ToneSpec, decibels: float) -> ToneSpec:
    """``spec`` by so much louder, but never louder than 16 bits are."""
    loudest = LOUDEST_DBM0 - (10 * math.log10(_crest(spec)) if spec.frequencies else 0.0)
    return replace(spec, level=min(spec.level + decibels, max(spec.level, loudest)))


def _crest(spec: ToneSpec) -> float:
    """The peak power of the sound through that of a sine of the same mean power."""
    if spec.alternate_ms:
        return 1.0
    count = float(len(spec.frequencies))
    if spec.modulation:
        return count * (1 + MODULATION_DEPTH) ** 2 / (1 + MODULATION_DEPTH**2 / 2)
    return count


def samples(spec: ToneSpec, rate: int) -> array[int]:
    """One period of the tone as 16-bit samples that may be repeated for ever.

    Args:
        rate: samples a second.

    Raises:
        ValueError: the period is too long, or the tone too loud for 16 bits.
    """
    if period_ms(spec) > MAX_PERIOD_MS:
        raise ValueError(f"a cadence of {period_ms(spec)} ms is longer than {MAX_PERIOD_MS} ms")
    if not spec.cadence:
        return array("h", _quantised(_sound(spec, rate, rate), 1.0))
    return _bursts(spec, spec.cadence, rate)


def lead(spec: ToneSpec, rate: int) -> array[int]:
    """What of the tone is heard once, before its loop."""
    return _bursts(spec, spec.lead, rate)


def _bursts(spec: ToneSpec, cadence: tuple[Burst, ...], rate: int) -> array[int]:
    loop = array("h")
    end_ms = 0
    for burst in cadence:
        sound = _sound(spec, rate, _frames(end_ms + burst.on_ms, rate) - len(loop))
        gain = 10 ** (-burst.quieter_db / 20)
        loop.extend(_quantised(_ramped(sound, _frames(RAMP_MS, rate)), gain))
        end_ms += burst.on_ms + burst.off_ms
        loop.extend([0] * (_frames(end_ms, rate) - len(loop)))
    return loop


def _frames(ms: int, rate: int) -> int:
    return round(ms * rate / 1000)


@functools.lru_cache(maxsize=2)
def _sine(rate: int) -> array[float]:
    """One second of 1 Hz. Steps of f through it are a sine of f Hz whose phase never drifts."""
    return array("d", (math.sin(2 * math.pi * n / rate) for n in range(rate)))


def _sound(spec: ToneSpec, rate: int, count: int) -> list[float]:
    """The steady sound, full scale = 1, without ramps."""
    if spec.alternate_ms:
        wave = _alternating(spec, rate, count)
        return [amplitude(spec.level) * value for value in wave]
    sine = _sine(rate)
    wave = [0.0] * count
    for frequency in spec.frequencies:
        wave = [value + sine[frequency * n % rate] for n, value in enumerate(wave)]
    power = float(len(spec.frequencies))
    if spec.modulation:
        depth, modulation = MODULATION_DEPTH, spec.modulation
        wave = [value * (1 + depth * sine[modulation * n % rate]) for n, value in enumerate(wave)]
        power *= 1 + depth**2 / 2
    scale = amplitude(spec.level) / math.sqrt(power)
    return [scale * value for value in wave]


def _alternating(spec: ToneSpec, rate: int, count: int) -> list[float]:
    """The frequencies in turn; the phase goes on through each change, so that there is no click."""
    sine, turn = _sine(rate), _frames(spec.alternate_ms, rate)
    wave, phase = [], 0
    for n in range(count):
        wave.append(sine[phase % rate])
        phase += spec.frequencies[n // turn % len(spec.frequencies)]
    return wave


def _ramped(sound: list[float], ramp: int) -> list[float]:
    """Fade the first and last ``ramp`` samples in and out by a raised cosine, in place."""
    for n in range(min(ramp, len(sound) // 2)):
        weight = 0.5 - 0.5 * math.cos(math.pi * n / ramp)
        sound[n] *= weight
        sound[-1 - n] *= weight
    return sound


def _quantised(sound: list[float], gain: float) -> list[int]:
    if max(map(abs, sound), default=0.0) * gain > 1:
        raise ValueError("the tone is too loud for 16 bits")
    return [round(FULL_SCALE * gain * value) for value in sound]
