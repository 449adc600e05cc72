"""Speech to send and a judgement of what arrived.

A talker repeats the same sentences without end (``PERIOD_S`` seconds each time), so that any stretch of
that length which somebody recorded is the original, begun somewhere in its middle. ``score`` finds where,
turns the original round to begin there and compares the two by wide-band PESQ (ITU-T P.862.2) and STOI.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.rig import wavefile
from tests.rig.wavefile import Samples

PERIOD_S = 6
"""Seconds after which a talker begins again."""

RATE = 16000
"""Hz: the rate at which speech is compared."""

TALKERS: Mapping[str, tuple[str, str]] = {
    "near": (
        "en-us+f2",
        "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    ),
    "far": (
        "en-us+f5",
        "A rod is used to catch pink salmon. The source of the huge river is the clear spring.",
    ),
}
"""Two talkers (voice of espeak-ng, text) that differ, so that a phone which returns its own microphone is
heard.
"""


@dataclass(frozen=True)
class Wanted:
    """The least that a path must reach."""

    pesq: float
    stoi: float


GOOD: Mapping[str, Wanted] = {
    "opus": Wanted(2.6, 0.85),
    "g722": Wanted(2.6, 0.85),
    "pcma": Wanted(2.2, 0.85),
    "pcmu": Wanted(2.2, 0.85),
}
"""What a call must reach by codec, against the wide-band original.

Measured between two baresips through kamailio (``tests/sip/test_rig.py`` prints it), both talkers:

================================  ===========  ===========
path                              PESQ-WB      STOI
================================  ===========  ===========
opus, 32 kbit/s                   4.23 - 4.29  0.995
g722                              4.15 - 4.28  0.999
pcma / pcmu                       2.98 - 3.18  0.990
PulseAudio cable alone            4.59 - 4.62  1.000
the same with 10 % of the frames silent:
opus                              1.55 - 1.75  0.88 - 0.92
g722                              1.57 - 1.65  0.91 - 0.92
pcma                              1.41 - 1.54  0.87 - 0.91
the other talker (a loop)         1.04         0.10
white noise                       1.03         0.29
digital silence                   1.00         0
================================  ===========  ===========

Six other draws of 10 % loss gave PESQ 2.08 at most without a codec and 1.85 with pcma. So PESQ keeps out a
path that loses a tenth of the speech; STOI keeps out silence, noise and the wrong voice once more, and what
cannot be understood. Through the phone under test good calls have given PESQ 2.7 (pcma) to 4.4 (opus).
"""


@dataclass(frozen=True)
class Score:
    """How near a recording is to its original."""

    pesq: float
    """Wide-band PESQ, 1.0 (bad, or no speech at all) to 4.64 (the same)."""
    stoi: float
    """Intelligibility, 0 to 1."""
    level_db: float
    """Level of the recording relative to full scale in dB, -inf for digital silence."""

    def passes(self, wanted: Wanted) -> bool:
        """Whether it is at least as good as ``wanted`` in both measures."""
        return self.pesq >= wanted.pesq and self.stoi >= wanted.stoi

    def __str__(self) -> str:
        return f"PESQ-WB {self.pesq:.2f}, STOI {self.stoi:.3f}, level {self.level_db:.0f} dBFS"


class Talker:
    """One voice whose sentences are made once and kept in ``folder`` for all rates."""

    def __init__(self, folder: Path, name: str) -> None:
        """Speak the sentences of ``TALKERS[name]`` into a file of exactly ``PERIOD_S`` seconds at 48 kHz."""
        self.name = name
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        voice, text = TALKERS[name]
        raw, self._once = folder / f"{name}-raw.wav", folder / f"{name}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "165", "-w", raw, text], check=True)
        shape = ["silence", "1", "0.01", "0.5%", "pad", "0.2", str(PERIOD_S), "trim", "0", str(PERIOD_S)]
        fade = ["fade", "0.02", str(PERIOD_S), "0.05", "gain", "-n", "-6"]
        subprocess.run(
            ["sox", raw, "-r", "48000", "-c", "1", "-b", "16", self._once, *shape, *fade], check=True
        )

    def file(self, rate: int = 48000, channels: int = 1, seconds: int = 90) -> Path:
        """A wave file of the sentences over and over, 16 bit.

        Args:
            rate: samples a second.
            channels: 2: the same on both.
            seconds: at least so long (baresip ends a call when its file ends).
        """
        made = self._folder / f"{self.name}-{rate}-{channels}-{seconds}.wav"
        if not made.exists():
            form = ["-r", str(rate), "-c", str(channels), "-b", "16"]
            again = ["repeat", str(-(-seconds // PERIOD_S) - 1)]
            subprocess.run(["sox", self._once, *form, made, *again], check=True)
        return made

    def original(self) -> Samples:
        """One period at ``RATE``, full scale is 1."""
        return read(self._once)[: PERIOD_S * RATE]


def read(file: Path) -> Samples:
    """A 16 bit wave file as one channel (the first) at ``RATE``; a file still being written is read up to
    its end.
    """
    rate, samples = wavefile.read(file)
    return to_rate(samples, rate) if rate else samples


def to_rate(samples: Samples, rate: int) -> Samples:
    """Convert from ``rate`` to ``RATE``."""
    if rate == RATE:
        return samples
    from scipy import signal

    common = np.gcd(rate, RATE)
    return np.asarray(signal.resample_poly(samples, RATE // common, rate // common), dtype=np.float64)


def score(talker: Talker, heard: Path | Samples, skip: float = 1.0) -> Score:
    """Compare a recording with what ``talker`` says.

    Args:
        heard: a wave file, or samples at ``RATE``; needs ``skip`` + ``PERIOD_S`` seconds.
        skip: seconds at its beginning that are not judged (keys, jitter buffer).
    """
    import pesq  # what judges is heavy to load, and most who import this module only want its talkers

    recording = read(heard) if isinstance(heard, Path) else heard
    first, length = round(skip * RATE), PERIOD_S * RATE
    part = recording[first : first + length]
    if len(part) < length:
        raise AssertionError(
            f"recording has {len(recording) / RATE:.1f} s, {skip + PERIOD_S:.1f} s are needed"
        )
    power = float(np.mean(part**2))
    if power == 0:
        return Score(1.0, 0.0, -np.inf)
    original = np.roll(talker.original(), shift(talker.original(), part))
    try:
        quality = float(pesq.pesq(RATE, original, part, "wb"))
    except pesq.NoUtterancesError:
        quality = 1.0
    return Score(quality, _intelligibility(original, part), 10 * float(np.log10(power)))


def intelligible(talker: Talker, heard: Samples, skip: float = 0.5, seconds: float = 3) -> float:
    """STOI of so many seconds of a recording: enough to tell his voice from silence, noise or another's."""
    part = heard[round(skip * RATE) :][: round(seconds * RATE)]
    if len(part) < seconds * RATE:
        raise AssertionError(f"recording has {len(heard) / RATE:.1f} s, {skip + seconds:.1f} s are needed")
    if not np.any(part):
        return 0.0
    whole = np.concatenate([part, np.zeros(PERIOD_S * RATE - len(part))])
    original = np.roll(talker.original(), shift(talker.original(), whole))
    return _intelligibility(original, part)


def _intelligibility(original: Samples, part: Samples, pieces: int = 4, reach_s: float = 0.15) -> float:
    """STOI with each piece of the recording aligned by itself, within ``reach_s`` of the whole.

    STOI takes a jump of 20 ms, as a jitter buffer makes it, for a broken path (0.55) though nobody hears
    it; what such jumps do to the sound is in the PESQ, which aligns each utterance as P.862 says.
    """
    import pystoi
    from scipy import signal

    length, reach = len(part) // pieces, round(reach_s * RATE)
    fitted = []
    for first in range(0, pieces * length, length):
        piece = part[first : first + length]
        around = np.take(original, range(first - reach, first + length + reach), mode="wrap")
        fit = int(np.argmax(signal.correlate(around, piece, "valid", method="fft")))
        fitted.append(around[fit : fit + length])
    return float(pystoi.stoi(np.concatenate(fitted), part[: pieces * length], RATE))


def shift(original: Samples, part: Samples) -> int:
    """By how many samples ``original`` must be turned round to fit ``part`` best (both of one period)."""
    likeness = np.fft.irfft(np.fft.rfft(part) * np.conj(np.fft.rfft(original)), len(original))
    return int(np.argmax(likeness))
