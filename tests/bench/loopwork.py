"""The child process of ``loop``: a real ``Loop`` in a call and real drivers on pretended GPIO lines.

Prints its samples in ms as JSON. In a process of its own, so that the bench's memory and threads are no part
of the figure, as in the daemon.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.board import load_board
from firmware.phone.clock import SystemClock
from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.painter import Painter
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.gpio import GpioKeypad
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.switches.gpio import GpioSwitches
from firmware.phone.values import CallId, CallState, Hook, Media, Security
from tests.contract.rpi_gpio import RpiGpio

PATIENCE = 5.0
GAPS = (0.0005, 0.004)
"""Seconds between two keys, drawn evenly from this range."""

KEYS = "123456789"
"""Those that are sent when they are pressed; a short `*` or `#` waits for its release."""


class Recorder:
    """Drivers that note when a digit was to be sent; pictures go to a painting thread, as in the daemon."""

    def __init__(self, painter: Painter) -> None:
        self.sent: collections.deque[float] = collections.deque()
        self.done = threading.Semaphore(0)
        self.closed: collections.deque[float] = collections.deque()
        self.opened = threading.Semaphore(0)
        self._painter = painter

    def carry_out(self, command: do.Command) -> None:
        if isinstance(command, do.SendDigit):
            self.sent.append(time.perf_counter())
            self.done.release()
        elif isinstance(command, do.SetExposure):
            (self.closed.append(time.perf_counter()) if command.exposure.private else self.opened.release())
        elif isinstance(command, do.Show):
            self._painter.show(command.screen)


def crash(error: BaseException) -> None:
    sys.exit(f"a thread died: {error!r}")


def in_call(loop: Loop) -> None:
    """Bring the loop's state into an answered call."""
    for event in (
        on.HookChanged(Hook.OFF),
        on.DialAsked("sip:bob@phone.test"),
        on.CallAnswered(CallId(1)),
        on.MediaChanged(CallId(1), Media(Security.END_TO_END, "AEAD_AES_256_GCM", "opus")),
    ):
        loop.post(event)
    state = loop.request(lambda it: it.state).result(PATIENCE)
    if state.live is None or state.live.state is not CallState.ACTIVE:
        sys.exit("the call is not up")


def keys_to_commands(loop: Loop, recorder: Recorder, count: int) -> list[float]:
    """From posting a key to the command that sends it."""
    chance = random.Random(1)
    posted = []
    for number in range(count):
        posted.append(time.perf_counter())
        loop.post(on.KeyPressed(KEYS[number % len(KEYS)]))
        time.sleep(chance.uniform(*GAPS))
    return [1000 * (recorder.sent.popleft() - at) for at in taken(recorder, posted)]


def taken(recorder: Recorder, posted: list[float]) -> list[float]:
    """Wait until every posted key has its command."""
    for _ in posted:
        if not recorder.done.acquire(timeout=PATIENCE):
            sys.exit("a key had no command")
    return posted


def edges(loop: Loop, recorder: Recorder, count: int) -> tuple[list[float], list[float]]:
    """From a key's contact closing to ``KeyPressed``, and to the command that sends the digit."""
    board = RpiGpio()
    package = ModuleType("RPi")
    package.GPIO = board  # type: ignore[attr-defined]
    sys.modules |= {"RPi": package, "RPi.GPIO": board}  # type: ignore[dict-item]
    spec = load_board("raspberry-pi").keypad
    pressed: collections.deque[float] = collections.deque()
    chance = random.Random(2)
    to_event, to_command = [], []
    with tempfile.TemporaryDirectory() as folder:
        keypad = GpioKeypad(spec, Gpio(Path(folder)))
        keypad.start(_noting(pressed, loop.post))
        for number in range(count):
            row, column = divmod(number % len(KEYS), len(spec.columns))
            time.sleep(chance.uniform(0.03, 0.04))  # longer than the debounce: the key before has opened
            closed = time.perf_counter()
            board.close(spec.rows[row], spec.columns[column])
            taken(recorder, [closed])
            board.open(spec.rows[row], spec.columns[column])
            to_event.append(1000 * (pressed.popleft() - closed))
            to_command.append(1000 * (recorder.sent.popleft() - closed))
        keypad.stop()
    board.end()
    return to_event, to_command


def switch(loop: Loop, recorder: Recorder, count: int) -> list[float]:
    """From the privacy switch's contact leaving "open" to the command that closes all that leaves."""
    board = RpiGpio()
    package = ModuleType("RPi")
    package.GPIO = board  # type: ignore[attr-defined]
    sys.modules |= {"RPi": package, "RPi.GPIO": board}  # type: ignore[dict-item]
    spec = load_board("raspberry-pi").switches
    board.ground(spec.privacy_open)
    board.ground(spec.hook)
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        switches = GpioSwitches(spec, Gpio(Path(folder)))
        switches.start(loop.post)
        for _ in range(count):
            if not recorder.opened.acquire(timeout=PATIENCE):
                sys.exit("the switch did not open")
            recorder.closed.clear()
            moved = time.perf_counter()
            board.ground(spec.privacy_open, False)
            while not recorder.closed and time.perf_counter() < moved + PATIENCE:
                time.sleep(0.0002)
            taken.append(1000 * (recorder.closed.popleft() - moved))
            board.ground(spec.privacy_open)
        switches.stop()
    board.end()
    return taken


def _noting(
    pressed: collections.deque[float], post: Callable[[on.Event], None]
) -> Callable[[on.KeyPressed | on.KeyReleased], None]:
    def listen(event: on.KeyPressed | on.KeyReleased) -> None:
        if isinstance(event, on.KeyPressed):
            pressed.append(time.perf_counter())
        post(event)

    return listen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=2400)
    parser.add_argument("--edges", type=int, default=100)
    chosen = parser.parse_args()
    painter = Painter(FakeDisplay(), lambda trouble: None, crash=crash)
    recorder = Recorder(painter)
    loop = Loop(Rules(domain="phone.test", identity="Alice"), SystemClock(), recorder, Notifier({}))
    thread = threading.Thread(target=loop.run, name="loop", daemon=True)
    painter.start()
    thread.start()
    in_call(loop)
    latency = keys_to_commands(loop, recorder, chosen.keys)
    to_event, to_command = edges(loop, recorder, chosen.edges)
    closed = switch(loop, recorder, chosen.edges)
    loop.stop()
    thread.join(PATIENCE)
    painter.stop()
    print(
        json.dumps(
            {"loop": latency, "edge_event": to_event, "edge_command": to_command, "switch_closed": closed}
        )
    )


if __name__ == "__main__":
    main()
