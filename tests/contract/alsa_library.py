"""A stand-in for the module ``alsaaudio`` at its boundary, with cards that are busy, gone or ill."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import dataclass, field
from typing import Any


class ALSAAudioError(Exception):
    pass


@dataclass
class Card:
    """One PCM. ``trouble``: what opening it says; ``ill``: what each write returns or raises instead."""

    trouble: str = ""
    ill: int | str | None = None
    exclusive: bool = True
    paced: bool = True
    rate: int = 16000
    open: int = 0
    opened: int = 0
    tries: int = 0
    writes: int = 0
    heard: bytearray = field(default_factory=bytearray)


class AlsaLibrary:
    """Has the names of the module; ``cards`` are the PCMs, ``controls`` the mixer's."""

    VOLUME_UNITS_DB = 2
    PCM_PLAYBACK, PCM_NONBLOCK, PCM_FORMAT_S16_LE, PCM_CAPTURE = 0, 1, 2, 3
    ALSAAudioError = ALSAAudioError

    def __init__(self, *names: str) -> None:
        self.cards = {name: Card() for name in names}
        self.controls: dict[str, Control] = {}
        self.lock = threading.Lock()

    def PCM(self, type: int, mode: int, **form: Any) -> Pcm:
        assert mode == self.PCM_NONBLOCK, "a blocking open waits for whoever holds the device"
        name = form["device"]
        card = self.cards.get(name)
        if card is None:
            raise ALSAAudioError(f"No such file or directory [{name}]")
        with self.lock:
            card.tries += 1
            if card.trouble:
                raise ALSAAudioError(f"{card.trouble} [{name}]")
            if card.exclusive and card.open:
                raise ALSAAudioError(f"Device or resource busy [{name}]")
            card.open += 1
            card.opened += 1
        return Pcm(self, name, card, form.get("periodsize", 0) * form.get("periods", 0))

    def mixers(self, device: str) -> list[str]:
        if not self.controls:
            raise ALSAAudioError(f"No such file or directory [{device}]")
        return list(self.controls)

    def Mixer(self, control: str, device: str) -> Control:
        return self.controls[control]


class Pcm:
    def __init__(self, library: AlsaLibrary, name: str, card: Card, buffer: int) -> None:
        self._library, self._name, self._card, self._buffer = library, name, card, buffer
        self._started = time.monotonic()
        self._taken = 0
        self._open = True

    def info(self) -> dict[str, int]:
        return {"rate": self._card.rate, "channels": 1, "format": AlsaLibrary.PCM_FORMAT_S16_LE}

    def write(self, data: bytes) -> int:
        assert self._open
        self._card.writes += 1
        if isinstance(self._card.ill, str):
            raise ALSAAudioError(f"{self._card.ill} [{self._name}]")
        if self._card.ill is not None:
            return self._card.ill
        played = round((time.monotonic() - self._started) * self._card.rate)
        room = self._buffer - max(0, self._taken - played) if self._card.paced else len(data) // 2
        taken = min(room, len(data) // 2)
        self._taken += taken
        self._card.heard += data[: taken * 2]
        return taken

    def drop(self) -> None:
        if self._card.trouble:
            raise ALSAAudioError("No such device")

    def close(self) -> None:
        if self._open:
            self._open = False
            with self._library.lock:
                self._card.open -= 1


@dataclass
class Control:
    """One mixer control."""

    volume: bool = True
    mute: bool = False
    range_cdb: tuple[int, int] | None = (-6000, 0)
    """Hundredths of a dB; None: a control that does not know its dB."""
    level_cdb: int | None = None
    muted: int = -1
    closed: int = 0

    def volumecap(self) -> list[str]:
        return ["Playback Volume"] if self.volume else ["Capture Volume"]

    def switchcap(self) -> list[str]:
        return ["Playback Mute"] if self.mute else []

    def getrange(self, pcmtype: int, units: int) -> list[int]:
        if self.range_cdb is None:
            raise ALSAAudioError("Invalid argument")
        return list(self.range_cdb)

    def setvolume(self, volume: int, pcmtype: int, units: int) -> None:
        assert units == AlsaLibrary.VOLUME_UNITS_DB
        assert self.range_cdb is not None
        assert self.range_cdb[0] <= volume <= self.range_cdb[1]
        self.level_cdb = volume

    def setmute(self, muted: int) -> None:
        self.muted = muted

    def close(self) -> None:
        self.closed += 1


XRUN = -errno.EPIPE
