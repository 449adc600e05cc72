"""A room that is not there: how a loudspeaker is heard by a microphone in it, by the image-source method.

J. B. Allen, D. A. Berkley: Image method for efficiently simulating small-room acoustics (J. Acoust. Soc. Am.
65, 1979). Walls reflect all frequencies alike; directions do not matter; distances are rounded to samples.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import signal

from tests.rig.wavefile import Samples

SOUND = 343.0
"""Metres a second."""

Place = tuple[float, float, float]
"""Metres from a corner."""


@dataclass(frozen=True)
class Room:
    """A room with the sides ``size`` in metres, whose walls reflect the part ``reflection`` of the pressure.

    The default is a small office; a desk phone's loudspeaker is 25 cm from its microphone.
    """

    size: Place = (4.2, 3.4, 2.6)
    reflection: float = 0.85
    loudspeaker: Place = (2.0, 1.5, 0.8)
    microphone: Place = (2.2, 1.62, 0.76)

    def response(self, rate: int, seconds: float = 0.25) -> Samples:
        """The impulse response; the direct sound has the peak 1."""
        length = round(seconds * rate)
        found = np.zeros(length)
        most = [int(np.ceil(seconds * SOUND / (2 * side))) for side in self.size]
        for images in itertools.product(*(range(-count, count + 1) for count in most)):
            for flips in itertools.product((0, 1), repeat=3):
                self._add(found, rate, images, flips)
        response: Samples = found / np.max(np.abs(found))
        return response

    def _add(self, found: Samples, rate: int, images: tuple[int, ...], flips: tuple[int, ...]) -> None:
        """One mirrored loudspeaker: how far it is, and how many walls its sound has met."""
        square, walls = 0.0, 0
        for axis, (number, flip) in enumerate(zip(images, flips, strict=True)):
            mirrored = 2 * number * self.size[axis] + (1 - 2 * flip) * self.loudspeaker[axis]
            square += (mirrored - self.microphone[axis]) ** 2
            walls += abs(number - flip) + abs(number)
        distance = float(np.sqrt(square))
        sample = round(distance / SOUND * rate)
        if sample < len(found):
            found[sample] += self.reflection**walls / distance

    def heard(self, played: Samples, rate: int) -> Samples:
        """What the microphone gets of what is played, in the same number of samples."""
        heard: Samples = signal.fftconvolve(played, self.response(rate))[: len(played)]
        return heard


def reverberation_s(response: Samples, rate: int) -> float:
    """RT60 by Schroeder's integral, from the fall between -5 and -25 dB."""
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    fall = 10 * np.log10(energy / energy[0] + 1e-12)
    first, last = (int(np.argmax(fall < level)) for level in (-5, -25))
    return 3 * (last - first) / rate
