"""What is measured on kernel devices. The limits here are for what is broken, not for what is slow."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.oled import I2c, OledDisplay
from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.gpio import GpioKeypad
from tests.rig import wavefile
from tests.rig.processes import Process, wait_until
from tests.vm.desk import BOARD, RATE, lines_of
from tests.vm.devices import SOUND, Bench, Witness
from tests.vm.figures import Figures
from tests.vm.house import House

KHZ = 400
FRAMES = 20
LOADED_S = 5
BURSTS = 5


def test_key_to_event(bench: Bench, tmp_path: Path, figures: Figures) -> None:
    """From the contact to the event, without the time that the debouncing waits."""
    keypad = GpioKeypad(BOARD.keypad, Gpio(tmp_path, BOARD.gpio.chip))
    posted: queue.SimpleQueue[tuple[float, KeyPressed | KeyReleased]] = queue.SimpleQueue()
    keypad.start(lambda event: posted.put((time.monotonic(), event)))
    took = []
    try:
        for key in 5 * "".join(BOARD.keypad.keys):
            row, column = lines_of(key)
            began = time.monotonic()
            bench.close(row, column)
            when, event = posted.get(timeout=5)
            assert event == KeyPressed(key)
            took.append((when - began) * 1000 - BOARD.keypad.debounce_ms)
            bench.open(row, column)
            assert posted.get(timeout=5)[1] == KeyReleased(key)
    finally:
        keypad.stop()
    _, slow = figures.spread("key to event, after debouncing", "ms", took)
    assert slow < 100
    assert bench.shorts == 0


def test_frames_a_second(witness: Witness, figures: Figures) -> None:
    """Pictures of which every pixel changes, on a bus of 400 kHz: 43 a second if nothing else took time."""
    witness.tell(f"clock {KHZ}")
    display = OledDisplay(BOARD.display.kind, I2c(BOARD.display.bus, BOARD.display.address))
    pictures = [Image.new("1", (WIDTH, HEIGHT)), Image.new("1", (WIDTH, HEIGHT), 255)]
    display.show(pictures[1])
    witness.tell("forget")
    took = []
    for number in range(FRAMES):
        began = time.monotonic()
        display.show(pictures[number % 2])
        took.append((time.monotonic() - began) * 1000)
    bus_s = sum(message.took_s for message in witness.written())
    display.close()
    median, _ = figures.spread("one full picture on the display", "ms", took)
    figures.one(
        "display, full pictures",
        "frames/s",
        1000 / float(np.mean(took)),
        bus_alone=round(FRAMES / bus_s, 1),
        bus_share=round(bus_s / (sum(took) / 1000), 2),
    )
    assert median < 250


def test_xruns_of_a_loaded_call(house: House, figures: Figures) -> None:
    """A call while two processes want all of the processor; a PCM that starts again had an xrun."""
    with house.phone.speak(house.near), house.call():
        wait_until(lambda: len(starts()) == 2, 10, "the handset's PCMs")
        with load(house.lab.folder):
            seen: set[tuple[str, str]] = starts()
            end = time.monotonic() + LOADED_S
            while time.monotonic() < end:
                seen |= starts()
                time.sleep(0.05)
    xruns = len(seen) - 2
    figures.one("xruns in a call under load", "1/h", xruns * 3600 / LOADED_S, counted=xruns, seconds=LOADED_S)
    assert xruns < LOADED_S * 5


def starts() -> set[tuple[str, str]]:
    """The phone's running PCMs of the handset, each with the time of its latest start."""
    found = set()
    for stream in "pc":
        status = (SOUND / "Handset" / f"pcm0{stream}" / "sub0" / "status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if lines.get("state", "").strip() == "RUNNING":
            found.add((stream, lines["trigger_time"].strip()))
    return found


@contextmanager
def load(folder: Path) -> Iterator[None]:
    """Two processes that never rest."""
    with ExitStack() as stack:
        for number in range(2):
            argv = ["sh", "-c", "while :; do :; done"]
            stack.enter_context(Process(f"load {number}", argv, folder / "load.log"))
        yield


def test_mouthpiece_to_far_end(house: House, figures: Figures) -> None:
    """From the moment a sound is on the phone's cable until the far end has decoded it."""
    import alsaaudio

    period, periods = RATE // 100, 4
    silence, sound = bytes(2 * period), tone(period * 6)
    with house.call():
        pcm = alsaaudio.PCM(
            alsaaudio.PCM_PLAYBACK,
            device="hw:Handset,1",
            rate=RATE,
            channels=1,
            format=alsaaudio.PCM_FORMAT_S16_LE,
            periodsize=period,
            periods=periods,
        )
        house.bob.wait_heard(1)
        recording, said = house.bob.recording(), list[float]()
        arrived: list[tuple[float, float]] = []
        for block in itertools.chain.from_iterable([*[silence] * 60, *pieces(sound)] for _ in range(BURSTS)):
            first = block is not silence and (not said or time.monotonic() - said[-1] > 0.3)
            pcm.write(block)
            if first:  # what was written is heard when the full buffer before it is out
                said.append(time.monotonic() + (periods - 1.5) * period / RATE)
            arrived.append((time.monotonic(), recording.stat().st_size / 2 / RATE))
        for _ in range(60):
            pcm.write(silence)
            arrived.append((time.monotonic(), recording.stat().st_size / 2 / RATE))
        pcm.close()
        heard = onsets(recording)
    decoded = [next(when for when, seconds in arrived if seconds > onset) for onset in heard[-len(said) :]]
    took = [(late - early) * 1000 for early, late in zip(said, decoded, strict=True)]
    _, slow = figures.spread("mouthpiece to the far end's decoder", "ms", took)
    assert min(took) > 0
    assert slow < 1500


def tone(frames: int) -> bytes:
    """A loud 1 kHz tone."""
    at = np.arange(frames) / RATE
    return np.asarray(np.sin(2 * np.pi * 1000 * at) * 20000, dtype="<i2").tobytes()


def pieces(sound: bytes) -> list[bytes]:
    """In periods."""
    size = 2 * RATE // 100
    return [sound[place : place + size] for place in range(0, len(sound), size)]


def onsets(file: Path) -> list[float]:
    """Where in a recording something loud begins after quiet, in seconds."""
    rate, samples = wavefile.read(file)
    window = rate // 200
    level = np.abs(samples[: len(samples) // window * window]).reshape(-1, window).max(axis=1)
    found: list[float] = []
    for place in np.flatnonzero(level > 0.1) * window / rate:
        if not found or place - found[-1] > 0.3:
            found.append(float(place))
    return found
