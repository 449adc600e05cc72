"""The voice of espeak-ng, as a program beside us: it crashes alone, and its licence (GPL-3) is ours.

The text goes to its standard input: the arguments of a process can be read by others.
"""

from __future__ import annotations

import io
import queue
import subprocess
import threading
import wave
from array import array
from collections.abc import Callable

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.voice.base import RATE

PROGRAM = "espeak-ng"
PATIENCE_S = 8.0
"""Seconds that one text may take, on a slow board."""

WORDS_A_MINUTE = 160
VOICES = {"zh": "cmn", "en": "en-gb"}
"""Our codes (ISO 639-1) where espeak-ng has another."""

MISSING = phrase("No voice: {program} is missing", program=PROGRAM)
FAILED = phrase("No voice: {program} failed", program=PROGRAM)


class EspeakVoice:
    """``crash`` hears of any fault in the thread but a program that fails."""

    def __init__(self, crash: Callable[[BaseException], None], program: str = PROGRAM) -> None:
        self._crash = crash
        self._program = program
        self._post: Callable[[on.Event], None] = lambda event: None
        self._queue: queue.SimpleQueue[do.Say | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post
        self._thread.start()

    def say(self, command: do.Say) -> None:
        self._queue.put(command)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            while (job := self._newest()) is not None:
                made = self._made(job)
                if self._queue.empty():
                    self._post(made)
        except BaseException as error:
            self._crash(error)
            raise

    def _newest(self) -> do.Say | None:
        job = self._queue.get()
        while job is not None and not self._queue.empty():
            job = self._queue.get()
        return job

    def _made(self, job: do.Say) -> on.SpeechMade:
        if not job.text:
            return on.SpeechMade(b"", job.aloud)
        voice = VOICES.get(job.language, job.language)
        asked = [self._program, "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"]
        try:
            done = subprocess.run(
                asked, input=job.text.encode(), capture_output=True, timeout=PATIENCE_S, check=True
            )
            return on.SpeechMade(samples(done.stdout), job.aloud)
        except FileNotFoundError:
            return on.SpeechMade(b"", job.aloud, MISSING)
        except (OSError, subprocess.SubprocessError, ValueError):
            return on.SpeechMade(b"", job.aloud, FAILED)


def samples(sound: bytes) -> bytes:
    """The samples of a WAVE file at RATE. Raises ValueError when it is none of 16 bit, mono."""
    try:
        with wave.open(io.BytesIO(_sized(sound))) as file:
            if (file.getsampwidth(), file.getnchannels()) != (2, 1):
                raise ValueError("not 16 bit, mono")
            found, rate = array("h", file.readframes(file.getnframes())), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(str(error)) from error
    step = rate / RATE
    last = len(found) - 1
    made = array("h")
    for number in range(int(len(found) / step)):
        at = number * step
        low = int(at)
        high = min(last, low + 1)
        made.append(round(found[low] + (found[high] - found[low]) * (at - low)))
    return made.tobytes()


def _sized(sound: bytes) -> bytes:
    """``sound`` with the lengths in its head that it has: what goes to a pipe does not know them before."""
    at = sound.find(b"data", 12, 64)
    if at < 0:
        return sound
    body = len(sound) - at - 8
    head = sound[:4] + (len(sound) - 8).to_bytes(4, "little") + sound[8 : at + 4]
    return head + body.to_bytes(4, "little") + sound[at + 8 :]
