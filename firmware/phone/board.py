"""A board as data: ``board/<name>/board.toml``, checked before anything touches a pin."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.phone.board_header import Header, header
from firmware.phone.board_read import meant, read, shown
from firmware.phone.errors import ConfigError
from firmware.phone.values import Light

BOARDS = Path(__file__).resolve().parents[2] / "board"
HEADERS = BOARDS / "headers"
LARGEST = 64 * 1024
"""Bytes of a board file."""


@dataclass(frozen=True)
class KeypadSpec:
    """``rows``, ``columns``: lines; ``keys``: one string for each row."""

    kind: str
    keys: tuple[str, ...] = ("123", "456", "789", "*0#")
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    debounce_ms: int = 20
    jam_s: int = 30


@dataclass(frozen=True)
class SwitchesSpec:
    """``hook_lifted``: level of the hook's line when the handset is lifted, "high" or "low"."""

    kind: str
    hook: int = -1
    hook_lifted: str = "low"
    privacy_private: int = -1
    privacy_open: int = -1


@dataclass(frozen=True)
class LightsSpec:
    """``lines``: outputs, high = lit. ``pwm``: channels of ``pwm_chip``; ``brightness`` in per cent."""

    kind: str
    lines: Mapping[Light, int] = field(default_factory=dict)
    pwm: Mapping[Light, int] = field(default_factory=dict)
    pwm_chip: str = ""
    brightness: int = 100


@dataclass(frozen=True)
class DisplaySpec:
    """``rotate``: quarter turns. ``bus``, ``address``: of I2C; from ``port`` on: of SPI (pins: BCM)."""

    kind: str
    bus: int = 1
    address: int = 0x3C
    rotate: int = 0
    port: int = 0
    device: int = 0
    dc: int = -1
    reset: int = -1
    mhz: int = 8


@dataclass(frozen=True)
class AudioSpec:
    """``simulated``: no card is expected; the PCM names of phone.toml decide in any case.

    ``period_ms``, ``periods``: of tones and ringer; ``voice_ms``: the buffer of the voice, which is what the
    earpiece lags behind. ``sidetone_db``: how loud the microphone is in the earpiece, 0 = never.
    ``hat``: the name of a sound card on the header, which has the I2S pins then.
    """

    kind: str
    period_ms: int = 20
    periods: int = 8
    hat: str = ""
    voice_ms: int = 140
    sidetone_db: int = -18

    @property
    def sidetone(self) -> float | None:
        """The level of the side tone, or None: one that comes late is an echo of oneself (ITU-T G.131)."""
        late = self.voice_ms + VOICE_PERIOD_MS > SIDETONE_LATEST_MS
        return None if late or not self.sidetone_db else float(self.sidetone_db)


VOICE_PERIOD_MS = 20
"""What the voice is read and written by."""

SIDETONE_LATEST_MS = 60
"""From the microphone's samples to the earpiece's, by the buffers alone."""

SIMULATED = AudioSpec("simulated")


@dataclass(frozen=True)
class GpioSpec:
    """``chip``: label of the gpiochip, or several of which one is there; its number; None = what the library
    finds. ``taken``: lines that something else uses; ``uses``: functions of the header that do.
    """

    chip: int | str | tuple[str, ...] | None = None
    taken: tuple[int, ...] = ()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class HealthSpec:
    """``throttles_at``: degrees Celsius at which the board slows down without telling the kernel; 0: none."""

    kind: str = "none"
    throttles_at: int = 0


@dataclass(frozen=True)
class Board:
    """``name``: what was asked for; ``title``: for people."""

    name: str
    title: str
    keypad: KeypadSpec
    switches: SwitchesSpec
    display: DisplaySpec
    audio: AudioSpec
    header: Header
    gpio: GpioSpec = GpioSpec()
    lights: LightsSpec = LightsSpec("none")
    health: HealthSpec = HealthSpec()


def known_boards() -> list[str]:
    """The names of the boards that come with the firmware."""
    return sorted(file.parent.name for file in BOARDS.glob("*/board.toml"))


def known_headers() -> dict[str, Header]:
    """The headers that come with the firmware, by name. Raises ConfigError when one is wrong."""
    found = {}
    for path in sorted(HEADERS.glob("*.toml")):
        try:
            found[path.stem] = header(path.stem, _parse(path))
        except ValueError as error:
            raise ConfigError([f"{path}: {error}"]) from error
    return found


def load_board(name_or_path: str | Path) -> Board:
    """The board of that name, or the one in that file (a path has a "/" or ends in ".toml").

    Raises:
        ConfigError: one line for each fault: file, key, what is wrong, what would be right.
    """
    asked = str(name_or_path)
    if "/" in asked or asked.endswith(".toml"):
        path = Path(asked)
        name = path.resolve().parent.name if path.name == "board.toml" else path.stem
    elif asked in known_boards():
        path, name = BOARDS / asked / "board.toml", asked
    else:
        known = known_boards()
        hint = f"{meant(asked, known)}known: {', '.join(known)}; or give the path of a board file"
        raise ConfigError([f"--board: {shown(asked)} is not known; {hint}"])
    headers = known_headers()
    sections, faults = read(_parse(path), headers)
    if faults:
        raise ConfigError([f"{path}: {fault}" for fault in faults])
    return Board(
        name,
        sections["title"],
        KeypadSpec(**sections["keypad"]),
        SwitchesSpec(**sections["switches"]),
        DisplaySpec(**sections["display"]),
        AudioSpec(**sections["audio"]),
        headers[sections["header"]],
        GpioSpec(**sections["gpio"]),
        _lights(sections),
        HealthSpec(**sections["health"]),
    )


def _lights(sections: Mapping[str, Any]) -> LightsSpec:
    lights, pwm = sections["lights"], sections["pwm"]
    kind = lights.get("kind", "gpio" if lights or pwm else "none")

    def chosen(table: Mapping[str, Any]) -> dict[Light, int]:
        return {light: table[light.value] for light in Light if light.value in table}

    brightness = pwm.get("brightness", LightsSpec.brightness)
    return LightsSpec(kind, chosen(lights), chosen(pwm), pwm.get("chip", ""), brightness)


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError([f"{path}: is larger than {LARGEST // 1024} KiB; a board file is a page"])
        return tomllib.loads(content.decode())
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}; check its name and rights"]) from error
    except (ValueError, RecursionError) as error:  # also what decoding and TOML raise
        raise ConfigError([f"{path}: is not TOML: {shown(str(error))}; correct the syntax"]) from error
