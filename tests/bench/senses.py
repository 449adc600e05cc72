"""Display and sound: what goes over the bus, what the echo canceller does, and how late the voice is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image
from scipy import signal

from firmware.phone.display.oled import OledDisplay
from firmware.phone.display.screens import Dialling, Idle, InCall, Screen
from firmware.phone.display.views import draw
from firmware.phone.values import Direction, Registration, RegistrationState, Security, SwitchPosition
from tests.bench.bed import Bench
from tests.bench.figures import Limit, Row
from tests.rig import wavefile
from tests.rig.cables import Cables
from tests.rig.echo import level, run
from tests.rig.processes import Process
from tests.rig.room import Room
from tests.rig.speech import RATE, Talker
from tests.rig.voice import Voice
from tests.rig.wavefile import Samples
from tests.unit.display.controller import Wires

BUS_HZ = 400_000
REGISTERED = Registration(RegistrationState.REGISTERED)
PRIVATE = SwitchPosition.PRIVATE


def measure(bench: Bench) -> list[Row]:
    return [*display(bench), *echo(bench), *latency(bench), *gaps(bench)]


# --- display -----------------------------------------------------------------------------------------


class PacedWires(Wires):
    """A module on a bus that takes the time of its clock: 9 bits for each octet."""

    def _write(self, address: int, octets: list[int]) -> None:
        end = time.perf_counter() + 9 * (len(octets) + 1) / BUS_HZ
        super()._write(address, octets)
        time.sleep(max(0.0, end - time.perf_counter()))


def in_call(seconds: int) -> InCall:
    return InCall("Bob", Direction.OUT, seconds, Security.END_TO_END, PRIVATE)


UPDATES: dict[str, tuple[Screen, Screen]] = {
    "a minute of the clock": (
        Idle("10:24", "Alice", REGISTERED, PRIVATE),
        Idle("10:25", "Alice", REGISTERED, PRIVATE),
    ),
    "a second of a call": (in_call(83), in_call(84)),
    "a digit": (Dialling("0301", "", "nothing", True), Dialling("03012", "", "nothing", True)),
    "another view": (Idle("10:24", "Alice", REGISTERED, PRIVATE), in_call(0)),
}


@contextmanager
def on_wires(wires: Wires) -> Iterator[OledDisplay]:
    with mock.patch("smbus2.SMBus", wires):
        made = OledDisplay("ssd1306")
        yield made
        made.close()


def display(bench: Bench) -> list[Row]:
    bench.say("display")
    rows = []
    for name, (before, after) in UPDATES.items():
        wires = Wires("ssd1306")
        with on_wires(wires) as oled:
            oled.show(draw(before))
            sent = wires.octets
            oled.show(draw(after))
            octets = wires.octets - sent
        rows.append(
            Row(
                f"display-{name.replace(' ', '-')}",
                f"display: {name}",
                "octets",
                "What goes over the I2C bus to an SSD1306, addresses and commands too; a whole picture is "
                "1034.",
                None,
                (),
                [float(octets)],
            )
        )
    frames = bench.several(120, 40)
    wires = PacedWires("ssd1306")
    pictures = [Image.new("1", (128, 64), 255 * (number % 2)) for number in range(frames)]
    with on_wires(wires) as oled:
        oled.show(pictures[1])
        began = time.perf_counter()
        for picture in pictures:
            oled.show(picture)
        rate = frames / (time.perf_counter() - began)
    rows.append(
        Row(
            "display-frames",
            "display: whole pictures",
            "1/s",
            "Through the driver and luma to a bus that takes the time of 400 kHz, which has room for 43.",
            None,
            (),
            [rate],
        )
    )
    return rows


# --- echo --------------------------------------------------------------------------------------------

SECONDS = 12


def echo(bench: Bench) -> list[Row]:
    bench.say("echo canceller")
    far, near = _speech(bench.folder, "far"), _speech(bench.folder, "near")
    noise = np.random.default_rng(1).normal(0, 10 ** (-70 / 20), len(far))
    heard = Room().heard(far, RATE)
    left = run(far, heard + noise)
    both = len(far) // 2
    talking = near.copy()
    talking[:both] = 0
    softer = heard * 10 ** ((level(near) - level(heard)) / 20)
    double = run(far, softer + talking + noise).samples[both:]
    return [
        Row(
            "echo-return",
            "echo taken away (ERLE), far speech alone",
            "dB",
            "WebRTC AEC3 in a synthetic office (image sources, 0.4 s of reverberation, the echo as loud as "
            "the sound itself, noise at -70 dBFS), from the fourth second on.",
            None,
            (),
            [left.erle_db(heard, 4 * RATE)],
        ),
        Row(
            "echo-second",
            "the same, in the second second",
            "dB",
            "How quickly it learns the room.",
            None,
            (),
            [level(heard[RATE : 2 * RATE]) - level(left.samples[RATE : 2 * RATE])],
        ),
        Row(
            "echo-double",
            "near speech lost while both talk",
            "dB",
            "Both without a pause, equally loud at the microphone; ITU-T P.340 type 1 is at most 3 dB.",
            Limit(3.0),
            (),
            [level(near[both:]) - level(double)],
        ),
    ]


def _speech(folder: Path, name: str) -> Samples:
    once = Talker(folder, name).original()
    speech: Samples = np.tile(once, 2)[: SECONDS * RATE]
    speech *= 10 ** (-26 / 20) / np.sqrt(np.mean(speech**2))
    return speech


# --- latency -----------------------------------------------------------------------------------------


def latency(bench: Bench) -> list[Row]:
    if not shutil.which("pulseaudio"):
        return []
    rows = []
    for voice_ms in (40, 80, 140):
        bench.say(f"latency, {voice_ms} ms")
        folder = bench.folder / f"voice-{voice_ms}"
        with (
            Cables(folder) as cables,
            cables.both() as both,
            Voice(folder, cables, sidetone_db=-6, voice_ms=voice_ms),
            cables.listen() as ear,
        ):
            ear.wait(1.5)
            with cables.speak(_clicks(folder), both):
                heard = ear.wait(bench.several(10, 5)).samples()
        rows.append(
            Row(
                f"voice-late-{voice_ms}",
                f"mouth to ear through the phone, voice_ms = {voice_ms}",
                "ms",
                "From a sound at the microphone to the side tone of it in the earpiece, through pjmedia's "
                "ALSA device and bridge, over PulseAudio's null sinks, whose own delay is in it.",
                None,
                ("max",),
                _echoes(heard),
            )
        )
    return rows


def gaps(bench: Bench) -> list[Row]:
    """Beside one process for each core that never sleeps."""
    if not shutil.which("pulseaudio"):
        return []
    bench.say("gaps under load")
    folder, seconds = bench.folder / "gaps", bench.several(60, 15)
    burner = [sys.executable, "-c", "while True: pass"]
    with ExitStack() as stack:
        cables = stack.enter_context(Cables(folder))
        voice = stack.enter_context(Voice(folder, cables))
        for number in range(os.cpu_count() or 1):
            stack.enter_context(Process("busy", burner, folder / f"busy-{number}.log"))
        stack.enter_context(cables.listen()).wait(seconds)
        counted = voice.gaps
    return [
        Row(
            "voice-gaps",
            "gaps in the voice (xruns) beside busy processes",
            "1/h",
            "pjmedia's ALSA device with voice_ms = 140 over PulseAudio's null sinks, and one process for "
            "each core that never sleeps; no thread has a real-time priority here.",
            None,
            (),
            [counted * 3600 / seconds],
        )
    ]


def _chirp() -> Samples:
    """5 ms, found again by its own shape."""
    return np.asarray(signal.chirp(np.arange(RATE // 200) / RATE, 500, 0.005, 5000))


def _clicks(folder: Path) -> Path:
    """A chirp every second."""
    second = np.zeros(RATE)
    second[: len(_chirp())] = 0.5 * _chirp()
    file = folder / "clicks.wav"
    wavefile.write(file, RATE, np.tile(second, 20))
    return file


def _echoes(heard: Samples) -> list[float]:
    """Milliseconds from each chirp to its side tone, which is softer."""
    like = np.abs(signal.correlate(heard, _chirp(), "valid"))
    loud = 0.5 * np.max(like)
    found, at = [], 0
    while (first := int(np.argmax(like[at:] > loud))) or like[at] > loud:
        peak = at + first + int(np.argmax(like[at + first : at + first + 80]))
        after = like[peak + RATE // 100 : peak + RATE * 6 // 10]
        if len(after) < RATE // 2:
            break
        found.append(1000 * (RATE // 100 + int(np.argmax(after))) / RATE)
        at = peak + RATE * 7 // 10
    return found
