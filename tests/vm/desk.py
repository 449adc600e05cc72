"""The whole phone on the devices of the virtual machine: pressed by wires, seen on the glass, heard by cable.

    with Desk(bench, witness, folder, authority, registrar=registrar) as desk:
        desk.privacy("open")
        desk.hook("up")
        desk.keys("102#")
        assert desk.label() is Security.END_TO_END
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops

from firmware.phone.board import load_board
from firmware.phone.cli import Client
from firmware.phone.display import views
from firmware.phone.display.screens import InCall
from firmware.phone.values import Direction, Light, Security, SwitchPosition
from tests.rig.cables import Recording
from tests.rig.phone import Answer, Phone
from tests.rig.processes import Process, wait_until
from tests.rig.wavefile import Samples
from tests.vm.devices import Bench, Witness, results

BOARD = load_board("raspberry-pi")
"""The board file that a phone has; the machine's GPIO chip has its lines."""

PRESSED_S = 0.25
"""How long a finger holds a key."""

RATE = 16000
"""Hz on the handset's cable."""


class Desk(Phone):
    """A phone whose board is the machine's devices; hands and eyes are outside of the daemon."""

    def __init__(self, bench: Bench, witness: Witness, *arguments: Any, **options: Any) -> None:
        options = {
            "board": BOARD.name,
            "playback": "plughw:Handset,0",
            "capture": "plughw:Handset,0",
            "ringer": "plughw:Ringer,0",
            "mixer": "hw:Knobs",
            "env": {"RPI_LGPIO_REVISION": "c03114", "RPI_LGPIO_CHIP": str(bench.chip)},
        } | options
        super().__init__(*arguments, **options)
        self.bench = bench
        self.witness = witness
        self.privacy("private")

    def start(self, ready: bool = True) -> None:
        self.process.start()
        if ready:
            wait_until(self._answers, 60, f"phone {self.user} to answer its socket", every=0.1)

    def sotto(self, *words: str, seconds: float = 10, as_json: bool = True) -> Answer:
        """Ask its socket; one interpreter less to start, which takes seconds here."""
        command, *rest = words
        assert not rest
        answer = Client(self.socket).ask(command, {})
        result = answer.get("result")
        text = "\n".join(result["lines"]) if command == "screen" and answer["ok"] else str(answer)
        return Answer(0 if answer["ok"] else 1, result, text)

    def press(self, key: str) -> None:
        """Close a key's contact."""
        self.bench.close(*lines_of(key))

    def release(self, key: str) -> None:
        """Open it."""
        self.bench.open(*lines_of(key))

    def keys(self, keys: str) -> None:
        for key in keys:
            self.press(key)
            time.sleep(PRESSED_S)
            self.release(key)
            time.sleep(PRESSED_S)

    def hook(self, position: str) -> None:
        lifted_low = BOARD.switches.hook_lifted == "low"
        self.bench.ground(BOARD.switches.hook, (position == "up") == lifted_low)

    def privacy(self, position: str) -> None:
        """``private``, ``open``, ``floating`` (both high) or ``short`` (both low)."""
        spec = BOARD.switches
        self.bench.ground(spec.privacy_open, position in ("open", "short"))
        self.bench.ground(spec.privacy_private, position in ("private", "short"))

    def lit(self, light: Light) -> bool:
        """Whether a light has current."""
        return self.bench.driven(BOARD.lights[light])

    def glass(self) -> Image.Image:
        """What the display shows, rebuilt from the octets on its bus."""
        return self.witness.glass(BOARD.display.kind)

    def keep(self, name: str) -> None:
        """Keep a picture of the glass, four times as large, with the results."""
        glass = self.glass().convert("L")
        glass.resize((glass.width * 4, glass.height * 4), Image.Resampling.NEAREST).save(
            results() / f"{name}.png"
        )

    def label(self) -> Security | None:
        """Which protection the glass tells of: the label's pixels against those that ``views`` draws."""
        shown = self.glass()
        drawn = {
            security: views.draw(InCall("", Direction.OUT, 0, security, SwitchPosition.OPEN))
            for security in Security
        }
        pictures = list(drawn.values())
        boxes = [ImageChops.difference(pictures[0], other).getbbox() for other in pictures[1:]]
        left, top, right, bottom = (
            pick(box[side] for box in boxes if box) for side, pick in enumerate((min, min, max, max))
        )
        box = (left, top, right, bottom)
        return next((s for s, image in drawn.items() if same(image.crop(box), shown.crop(box))), None)

    @contextmanager
    def speak(self, file: Path) -> Iterator[None]:
        """Play a wave file of ``RATE`` into its microphone for as long as the block lasts."""
        argv = ["aplay", "-q", "-D", "hw:Handset,1", "--buffer-time=400000", str(file)]
        with Process("aplay", argv, self.folder / "aplay.log"):
            yield

    @contextmanager
    def listen(self) -> Iterator[Recording]:
        """Record its earpiece for as long as the block lasts."""
        file = self.folder / "heard.raw"
        argv = ["arecord", "-q", "-D", "hw:Handset,1", "-t", "raw", "-f", "S16_LE", "-r", str(RATE), "-c", "1"]
        with Process("arecord", [*argv, "--buffer-time=400000", str(file)], self.folder / "arecord.log"):
            recording = Recording(file)
            wait_until(lambda: recording.seconds > 0, 20, "the first sample from the earpiece")
            yield recording


def lines_of(key: str) -> tuple[int, int]:
    """Row and column of a key."""
    for row, keys in zip(BOARD.keypad.rows, BOARD.keypad.keys, strict=True):
        if key in keys:
            return row, BOARD.keypad.columns[keys.index(key)]
    raise ValueError(f"the board has no key {key}")


def same(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures are the same, pixel for pixel."""
    return one.size == other.size and one.convert("L").tobytes() == other.convert("L").tobytes()


def level_db(samples: Samples) -> float:
    """Level relative to full scale."""
    return 10 * float(np.log10(max(1e-10, np.mean(samples**2))))
