"""How soon a lifted handset is heard: from the hook's event to the first sound that the card is given."""

from __future__ import annotations

import threading
import time
from unittest import mock

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio import alsa
from firmware.phone.audio.alsa import AlsaAudio
from firmware.phone.audio.volume import Volumes
from firmware.phone.clock import SystemClock
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.values import Hook
from tests.bench.bed import Bench
from tests.bench.figures import Limit, Row
from tests.contract.alsa_library import AlsaLibrary, Card
from tests.rig.processes import RigError, wait_until

AUDIBLE_MS = 100.0
PATIENCE = 5.0


class Ear:
    """The part of the phone that makes a tone of the hook, on a card that takes samples at their pace."""

    def __init__(self, country: str) -> None:
        self.library = AlsaLibrary("handset", "bell")
        self.audio = AlsaAudio("handset", "bell", "default", country)
        self.loop = Loop(Rules(), SystemClock(), self, Notifier({}))
        self._thread = threading.Thread(target=self.loop.run, daemon=True)

    def carry_out(self, command: do.Command) -> None:
        if isinstance(command, do.PlayTone):
            self.audio.tone(command.tone)
        elif isinstance(command, do.SetVolumes):
            self.audio.volumes(command.volumes)

    def start(self) -> None:
        self.audio.start()
        self._thread.start()
        wait_until(lambda: self.card.opened > 0 and not self.card.open, PATIENCE, "the look at the start")

    def stop(self) -> None:
        self.loop.stop()
        self._thread.join(PATIENCE)
        self.audio.stop()

    @property
    def card(self) -> Card:
        return self.library.cards["handset"]

    def lifted(self) -> float:
        """Milliseconds from the hook to the first sample that is not silence; the handset is put down."""
        heard = len(self.card.heard)
        began = time.perf_counter()
        self.loop.post(on.HookChanged(Hook.OFF))
        while not any(self.card.heard[heard:]):
            if time.perf_counter() - began > PATIENCE:
                raise RigError("no tone was heard")
            time.sleep(0.0002)
        took = 1000 * (time.perf_counter() - began)
        self.loop.post(on.HookChanged(Hook.ON))
        wait_until(lambda: not self.card.open, PATIENCE, "silence", every=0.001)
        return took


def measure(bench: Bench) -> list[Row]:
    bench.say("hook to tone")
    first, again = [], []
    for turn in range(bench.several(20, 5)):
        with mock.patch.object(alsa, "alsaaudio", AlsaLibrary()):
            ear = Ear("US")
            with mock.patch.object(alsa, "alsaaudio", ear.library):
                ear.start()
                if turn % 2:
                    ear.audio.volumes(Volumes(handset=6))
                first.append(ear.lifted())
                again += [ear.lifted() for _ in range(3)]
                ear.stop()
    meaning = (
        "From the hook's event to the first sound that the card is given: the loop, the decision, the "
        "player's thread. The card adds its buffer of the first period, 20 ms here."
    )
    limit = Limit(AUDIBLE_MS, "max")
    return [
        Row(
            "hook-first", "handset lifted → dial tone, the first time", "ms", meaning, limit, ("max",), first
        ),
        Row("hook-again", "the same later", "ms", meaning, limit, ("max",), again),
    ]
