"""What every driver for tones, ringer and mixer does. The voice itself is the SIP engine's."""

from __future__ import annotations

from typing import Protocol

from firmware.phone.audio.melodies import COUNTRY
from firmware.phone.audio.volume import Volumes
from firmware.phone.values import Tone


class Audio(Protocol):
    """Call-progress tones in the handset, and the ringer.

    Starting a sound returns at once. One owner for each PCM: ``tone(None)`` and ``ring(False)`` have closed
    their PCM when they return, so that the SIP engine can open it for the voice; that takes a few ms, with a
    device that does not let go at most 200 ms, which is logged. The capture device is never touched here.

    Whether a device is there is looked at when the phone starts and after each call, and every few seconds
    while it is not; what is found goes to the ``on_trouble`` that the driver was made with.
    """

    def start(self) -> None: ...

    def tone(self, tone: Tone | None) -> None: ...

    def ring(self, on: bool, melody: str = COUNTRY) -> None:
        """Ring with a melody of ``melodies.NAMES``, or stop. Another melody takes the place of the first."""
        ...

    def volumes(self, volumes: Volumes) -> float:
        """Make tones and ringer so loud from now on, and the voice as far as the mixer goes.

        Returns the dB that are missing at the voice: the SIP engine has to add them. Where there is no mixer
        these are all; the same is true while its card is away.
        """
        ...

    def speak(self, samples: bytes, aloud: bool) -> None:
        """Sound these samples (16 bit, mono, 16 kHz) once, from the ringer (``aloud``) or the handset.

        None: no more of them. A tone or the bell takes their place; while the voice has the handset, nothing
        sounds there.
        """
        ...

    def lend(self, lent: bool) -> None:
        """The SIP engine is about to open the sound devices for the voice, or is closing them.

        When ``lend(True)`` returns no PCM of the handset is open here, and none is opened to look whether
        it is there until ``lend(False)``.
        """
        ...

    def stop(self) -> None:
        """Silence, and every PCM closed. May be called twice."""
        ...
