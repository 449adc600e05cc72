"""The whole phone on the devices of the virtual machine: pressed by wires, seen on the glass, heard by cable.

with Desk(bench, witness, folder, authority, registrar=registrar) as desk:
    desk.privacy("open")
    desk.hook("up")
    desk.keys("102#")
    assert desk.label() is Security.END_TO_END
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from firmware.phone.board import load_board
from firmware.phone.cli import Client, NoDaemon
from firmware.phone.display import views
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.layout import ROW
from firmware.phone.display.screens import InCall
from firmware.phone.values import Direction, Light, Security, SwitchPosition
from tests.rig.cables import Recording
from tests.rig.phone import Answer, Phone
from tests.rig.processes import Process, wait_until
from tests.vm.devices import SOUND, Bench, Witness, results

BOARD = load_board("raspberry-pi-4")
"""The board file that a phone has; the machine's GPIO chip has its lines."""

PRESSED_S = 0.12
"""How long a finger holds a key."""

RATE = 16000
"""Hz on the handset's cable."""


class Desk(Phone):
    """A phone whose board is the machine's devices; hands and eyes are outside of the daemon."""

    def __init__(self, bench: Bench, witness: Witness, *arguments: Any, **options: Any) -> None:
        options.setdefault("board", BOARD.name)
        options.setdefault("playback", "plughw:Handset,0")
        options.setdefault("capture", "plughw:Handset,0")
        options.setdefault("ringer", "plughw:Ringer,0")
        options.setdefault("mixer", "hw:Knobs")
        super().__init__(*arguments, **options)
        self.bench = bench
        self.witness = witness
        self._heard = 0
        self.bench.clear()
        self.privacy("private")

    def explain(self) -> str:
        """What the phone says, and in which state its sound devices are."""
        states = [
            f"{path}: {' '.join(path.read_text().split())}"
            for path in sorted(SOUND.glob("*/pcm*/sub0/status"))
        ]
        return "\n".join([super().explain(), *states])

    def start(self, ready: bool = True) -> None:
        self.process.start()
        if ready:
            wait_until(self._answers, 60, f"phone {self.user} to answer its socket", every=0.1)

    def sotto(self, *words: str, seconds: float = 10, as_json: bool = True) -> Answer:
        """Ask its socket; one interpreter less to start, which takes seconds here."""
        command, *rest = words
        assert not rest
        try:
            answer = Client(self.socket).ask(command, {})
        except NoDaemon as gone:
            return Answer(3, None, str(gone))
        result: Any = answer.get("result")
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
        wanted = "off" if position == "up" else "on"
        self.wait_status(lambda s: s["hook"] == wanted, 10, f"the hook to be {wanted}")

    def privacy(self, position: str) -> None:
        """``private``, ``open``, ``floating`` (both high) or ``short`` (both low)."""
        spec = BOARD.switches
        for line, low in (
            (spec.privacy_open, position in ("open", "short")),
            (spec.privacy_private, position in ("private", "short")),
        ):
            self.bench.ground(line, low)

    def lit(self, light: Light) -> bool:
        """Whether a light has current; one that the board has not is dark."""
        return light in BOARD.lights.lines and self.bench.driven(BOARD.lights.lines[light])

    def glass(self) -> Image.Image:
        """What the display shows, rebuilt from the octets on its bus."""
        return self.witness.glass(BOARD.display.kind)

    def shows_its_screen(self) -> bool:
        """Whether the glass is what the daemon says that it shows, pixel for pixel."""
        told = Image.open(io.BytesIO(base64.b64decode(self.sotto("screen").data["png"])))
        return same(told, self.glass())

    def wait_glass(self, pattern: str, seconds: float = 15) -> None:
        """Wait until the glass shows a screen with these words."""
        self.wait_screen(pattern, seconds)
        wait_until(self.shows_its_screen, seconds, "the glass to show the screen", every=0.1)

    def keep(self, name: str) -> None:
        """Keep a picture of the glass, four times as large, with the results."""
        glass = self.glass().convert("L")
        glass.resize((glass.width * 4, glass.height * 4), Image.Resampling.NEAREST).save(
            results() / f"{name}.png"
        )

    def label(self) -> Security | None:
        """Which protection the glass tells of: a row of its pixels is that which ``views`` draws for it."""
        shown = self.glass()
        rows = [shown.crop((0, top, WIDTH, top + ROW)) for top in range(HEIGHT - ROW, HEIGHT - 4 * ROW, -ROW)]
        for security in Security:
            drawn = views.draw(InCall("", Direction.OUT, 0, security, SwitchPosition.OPEN))
            label = drawn.crop((0, HEIGHT - ROW, WIDTH, HEIGHT))
            if any(same(label, row) for row in rows):
                return security
        return None

    @contextmanager
    def speak(self, file: Path) -> Iterator[None]:
        """Play a wave file of ``RATE`` into its microphone for as long as the block lasts."""
        argv = ["aplay", "-q", "-D", "hw:Handset,1", "--buffer-time=400000", str(file)]
        with Process("aplay", argv, self.folder / "aplay.log"):
            yield

    @contextmanager
    def listen(self) -> Iterator[Recording]:
        """Record its earpiece for as long as the block lasts."""
        self._heard += 1
        file = self.folder / f"heard-{self._heard}.raw"
        argv = [
            "arecord",
            "-q",
            "-D",
            "hw:Handset,1",
            "-t",
            "raw",
            "-f",
            "S16_LE",
            "-r",
            str(RATE),
            "-c",
            "1",
        ]
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
