"""pjmedia's echo canceller by itself: a loudspeaker's and a microphone's samples in, what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pjsua2 as pj

from tests.rig.speech import RATE
from tests.rig.wavefile import Samples

FRAME = RATE // 50
"""Samples of 20 ms, as the phone's bridge has them."""

TAIL_MS = 200


@dataclass(frozen=True)
class Cancelled:
    """What the far end gets. Full scale is 1."""

    samples: Samples

    def erle_db(self, echo: Samples, first: int) -> float:
        """How much softer the echo is behind the canceller, from the sample ``first`` on."""
        return level(echo[first : len(self.samples)]) - level(self.samples[first:])


def run(played: Samples, heard: Samples) -> Cancelled:
    """Through AEC3, frame by frame."""
    canceller = pj.EchoCanceller(RATE, FRAME, TAIL_MS)
    left = []
    for first in range(0, len(heard) - FRAME + 1, FRAME):
        span = slice(first, first + FRAME)
        left.append(canceller.cancel(_whole(heard[span]), _whole(played[span])))
    return Cancelled(np.concatenate([np.array(frame) for frame in left]) / 32768)


def level(samples: Samples) -> float:
    """dB of full scale."""
    return float(10 * np.log10(np.mean(np.asarray(samples) ** 2) + 1e-12))


def _whole(samples: Samples) -> list[int]:
    return [int(value) for value in np.clip(np.rint(samples * 32767), -32768, 32767)]
