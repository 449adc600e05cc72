"""A voice without one, for tests and for boards without sound: silence of a length that follows the text."""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.voice.base import RATE

PER_LETTER_MS = 60


class FakeVoice:
    """``said``: what it was asked to say, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._post: Callable[[on.Event], None] | None = None

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post

    def say(self, command: do.Say) -> None:
        if self._post is None:
            return
        self.said.append(command.text)
        self._post(on.SpeechMade(bytes(2 * RATE * PER_LETTER_MS // 1000 * len(command.text)), command.aloud))

    def stop(self) -> None:
        self._post = None
