"""What a telephone rings with, by name: notes, and how each sounds. Data and its samples; pure.

The ringing of the country (``COUNTRY``) is no melody: it is ``Country.ringer``. The others were written for
this telephone. A note is struck and dies away, as bars and bells do; its partials die at different times.

A score is notes with their length in beats: ``E5:2 G5:2 -:4`` is E5, G5, a rest. Notes sound on into the next
ones, but the last rest is so long that a melody ends in silence: the loop has no click.
"""

from __future__ import annotations

import functools
import math
import re
from array import array
from dataclasses import dataclass, replace
from typing import NamedTuple

from firmware.phone.audio import tones
from firmware.phone.audio.countries import ToneSpec

COUNTRY = "country"
"""The name of the ringing that follows the country."""

TAIL_MS = 900
"""After so long a note that was struck is silent."""


class Partial(NamedTuple):
    """``ratio``: its frequency to the note's; ``share``: of the amplitude; ``fades_ms``: down to 1/e."""

    ratio: float
    share: float
    fades_ms: float


BAR = (Partial(1.0, 1.0, 190.0), Partial(3.93, 0.28, 70.0), Partial(9.2, 0.06, 25.0))
"""A wooden bar whose first overtone is tuned two octaves up, as a marimba's is, nearly."""
CHIME = (
    Partial(1.0, 1.0, 260.0),
    Partial(2.0, 0.35, 200.0),
    Partial(3.0, 0.2, 120.0),
    Partial(4.2, 0.12, 80.0),
)
GONG = (
    Partial(1.0, 1.0, 110.0),
    Partial(1.51, 0.5, 90.0),
    Partial(2.74, 0.45, 60.0),
    Partial(4.1, 0.2, 40.0),
)
"""A small steel bowl: its partials are no harmonics."""


@dataclass(frozen=True)
class Melody:
    """``level``: dBm0 of a sine with the amplitude of the loudest moment."""

    score: str
    beat_ms: int
    timbre: tuple[Partial, ...]
    level: float = 0.0


MELODIES: dict[str, Melody] = {
    "bell": Melody(" ".join(["G5:1 B5:1"] * 12) + " -:40", 45, GONG),
    "brook": Melody("A4:1 C5:1 E5:1 G5:1 A5:2 G5:1 E5:1 C5:1 D5:1 E5:1 G5:1 E5:4 -:16", 130, BAR),
    "chimes": Melody("E5:2 C5:2 D5:2 G4:4 G4:2 D5:2 E5:2 C5:4 -:14", 190, CHIME),
    "lantern": Melody("D5:3 A5:1 F#5:2 E5:2 D5:4 B4:2 D5:2 A4:4 -:12", 160, BAR),
    "three": Melody("C5:1 E5:1 G5:4 -:8", 220, CHIME),
}

NAMES = (COUNTRY, *MELODIES)

LIT, DARK = "lit", "dark"
SIGNALS: dict[str, Melody] = {
    LIT: Melody("E5:1 A5:2 -:40", 60, CHIME, -6.0),
    DARK: Melody("A5:1 E5:2 -:40", 60, CHIME, -6.0),
}
"""Short sounds of the ringer that nobody chooses: a light was lit, or went dark."""


@dataclass(frozen=True)
class Speech:
    """Samples of a text that is read: 16 bit, mono, 16 kHz."""

    samples: bytes


Sound = ToneSpec | Melody | Speech
"""What a loudspeaker plays."""

_NOTE = re.compile(r"(?:(?P<name>[A-G]#?)(?P<octave>[1-8])|-):(?P<beats>[0-9]+)")
_STEPS = {
    name: step for step, name in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))
}


class Note(NamedTuple):
    """``hz`` 0 = a rest."""

    hz: float
    ms: int


def notes(melody: Melody) -> list[Note]:
    """The notes of the score. Raises ValueError for what is none."""
    found = []
    for word in melody.score.split():
        note = _NOTE.fullmatch(word)
        if note is None:
            raise ValueError(f"{word!r} is no note")
        hz = 0.0
        if note["name"]:
            from_a4 = _STEPS[note["name"]] - _STEPS["A"] + 12 * (int(note["octave"]) - 4)
            hz = 440.0 * 2 ** (from_a4 / 12)
        found.append(Note(hz, int(note["beats"]) * melody.beat_ms))
    return found


def louder(sound: Sound, decibels: float) -> Sound:
    """``sound`` by so much louder, but never louder than 16 bits are."""
    if isinstance(sound, ToneSpec):
        return tones.louder(sound, decibels)
    if isinstance(sound, Speech):
        factor, most = 10 ** (decibels / 20), tones.FULL_SCALE
        clipped = (max(-most, min(most, round(one * factor))) for one in array("h", sound.samples))
        return Speech(array("h", clipped).tobytes())
    return replace(sound, level=min(sound.level + decibels, tones.LOUDEST_DBM0))


def samples(melody: Melody, rate: int) -> array[int]:
    """The melody once, as 16-bit samples that may be repeated for ever."""
    scale = tones.FULL_SCALE * tones.amplitude(melody.level)
    return array("h", (round(scale * value) for value in _wave(replace(melody, level=0.0), rate)))


@functools.lru_cache(maxsize=2)
def _wave(melody: Melody, rate: int) -> array[float]:
    """The melody with 1 as its loudest moment (an array: a list of floats takes eight times the memory)."""
    score = notes(melody)
    wave = _silence(sum(note.ms for note in score) * rate // 1000)
    at_ms = 0
    for hz, ms in score:
        if hz:
            start = at_ms * rate // 1000
            for n, value in enumerate(_struck(hz, melody.timbre, rate)[: len(wave) - start], start):
                wave[n] += value
        at_ms += ms
    peak = max(map(abs, wave), default=0.0) or 1.0
    for n, value in enumerate(wave):
        wave[n] = value / peak
    return wave


@functools.lru_cache(maxsize=32)
def _struck(hz: float, timbre: tuple[Partial, ...], rate: int) -> array[float]:
    """One note from its stroke to silence: each partial is a rotation that shrinks a bit at each sample."""
    count = TAIL_MS * rate // 1000
    wave = _silence(count)
    for ratio, share, fades_ms in timbre:
        if hz * ratio * 2 >= rate:
            continue
        turn, shrink = 2 * math.pi * hz * ratio / rate, math.exp(-1000 / (fades_ms * rate))
        re_step, im_step = shrink * math.cos(turn), shrink * math.sin(turn)
        re_part, im_part = share, 0.0
        for n in range(count):
            wave[n] += im_part
            re_part, im_part = re_part * re_step - im_part * im_step, re_part * im_step + im_part * re_step
    fade = count // 8
    for n in range(fade):
        wave[-1 - n] *= n / fade
    return wave


def _silence(count: int) -> array[float]:
    return array("f", bytes(count * array("f").itemsize))
