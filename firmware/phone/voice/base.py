"""What every driver of a reading voice does. It makes samples; the sound driver plays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.phone import commands as do
from firmware.phone import events as on

RATE = 16_000
"""Samples in a second, 16 bit, mono: what the sound driver plays."""


class Voice(Protocol):
    """Neither method but ``stop`` waits."""

    def start(self, post: Callable[[on.Event], None]) -> None: ...

    def say(self, command: do.Say) -> None:
        """Make ``SpeechMade`` of the text; what was asked for before and is not made yet is dropped. No text:
        ``SpeechMade`` without samples. When it cannot be made, ``SpeechMade`` says why.
        """
        ...

    def stop(self) -> None:
        """May be called twice, and without ``start``."""
        ...
