"""The schema of a board file, and how a document is held against it. Pure.

``SECTIONS`` is the whole schema. All that is wrong with a document is said at once, one line for each fault.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware.phone.board_header import LAST_LINE, Header
from firmware.phone.values import KEYS, Light

HEADER = "raspberry-pi"
"""The header of a board that names none."""
Table = dict[str, Any]


class Wrong(Exception):
    """A value is not right; the text says what is wrong and what would be right."""


Check = Callable[[object], Any]


@dataclass(frozen=True)
class Key:
    """One key of a section. ``only``: the kinds that use it; ``needed``: they cannot do without."""

    check: Check
    only: str = ""
    needed: bool = False


def one_of(*allowed: str | int) -> Check:
    def check(value: object) -> object:
        if isinstance(value, bool) or value not in allowed:
            raise Wrong(f"{shown(value)} is not known; write {' or '.join(map(shown, allowed))}")
        return value

    return check


def number(low: int, high: int, what: str) -> Check:
    def check(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Wrong(f"{shown(value)} is not {what}; write a whole number from {low} to {high}")
        return value

    return check


def listed(item: Check, *counts: int) -> Check:
    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"{shown(value)} is not a list; write [..., ...]")
        if counts and len(value) not in counts:
            raise Wrong(f"has {len(value)} entries; write {' or '.join(map(str, counts))}")
        return tuple(item(each) for each in value)

    return check


def text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 60:
        raise Wrong(f"{shown(value)} is not a name; write up to 60 printable characters in quotes")
    return value


def key_row(value: object) -> str:
    if not isinstance(value, str) or not value or not set(value) <= set(KEYS):
        raise Wrong(f'{shown(value)} is not a row of keys; write some of {KEYS}, such as "123"')
    return value


OLEDS = ("ssd1306", "ssd1309", "sh1106")
"""Displays, on I2C; on SPI the kind ends in "-spi"."""


def chip(value: object) -> int | str | tuple[str, ...]:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        labels: tuple[str, ...] = listed(text, *range(1, 9))(value)
        return labels
    if type(value) is not int or not 0 <= value < 64:
        raise Wrong(f'{shown(value)} is not a gpiochip; write its label, such as "pinctrl-bcm2711"')
    return value


pin = number(0, LAST_LINE, "a line of the gpiochip")
channel = number(0, 15, "a channel of the PWM chip")

SECTIONS: dict[str, dict[str, Key]] = {
    "keypad": {
        "kind": Key(one_of("simulated", "gpio"), needed=True),
        "keys": Key(listed(key_row, 4)),
        "rows": Key(listed(pin, 4), only="gpio", needed=True),
        "columns": Key(listed(pin, 3, 4), only="gpio", needed=True),
        "debounce_ms": Key(number(5, 100, "a debounce time in ms"), only="gpio"),
        "jam_s": Key(number(5, 600, "a time in seconds"), only="gpio"),
    },
    "switches": {
        "kind": Key(one_of("simulated", "gpio"), needed=True),
        "hook": Key(pin, only="gpio", needed=True),
        "hook_lifted": Key(one_of("high", "low"), only="gpio", needed=True),
        "privacy_private": Key(pin, only="gpio", needed=True),
        "privacy_open": Key(pin, only="gpio", needed=True),
    },
    "lights": {"kind": Key(one_of("simulated", "gpio", "none"))}
    | {light.value: Key(pin, only="gpio") for light in Light},
    "pwm": {"chip": Key(text, needed=True), "brightness": Key(number(1, 100, "a brightness in per cent"))}
    | {light.value: Key(channel) for light in Light},
    "display": {
        "kind": Key(one_of("simulated", *OLEDS, *(f"{kind}-spi" for kind in OLEDS), "none"), needed=True),
        "bus": Key(number(0, 30, "an I2C bus"), only="i2c"),
        "address": Key(number(0x08, 0x77, "an I2C address"), only="i2c"),
        "rotate": Key(one_of(0, 2), only="i2c spi"),
        "port": Key(number(0, 6, "an SPI bus"), only="spi"),
        "device": Key(number(0, 2, "the number of a chip select"), only="spi"),
        "dc": Key(pin, only="spi", needed=True),
        "reset": Key(pin, only="spi", needed=True),
        "mhz": Key(one_of(1, 2, 4, 8), only="spi"),
    },
    "audio": {
        "kind": Key(one_of("simulated", "alsa"), needed=True),
        "period_ms": Key(number(5, 60, "a period in ms")),
        "periods": Key(number(2, 16, "a number of periods")),
        "voice_ms": Key(number(40, 400, "a buffer in ms")),
        "sidetone_db": Key(number(-40, 0, "a level in dB (0 = none)")),
        "hat": Key(text, only="alsa"),
    },
    "gpio": {"chip": Key(chip), "taken": Key(listed(pin)), "uses": Key(listed(text))},
    "health": {
        "kind": Key(one_of("simulated", "kernel", "none"), needed=True),
        "throttles_at": Key(number(40, 120, "a temperature in degrees Celsius"), only="kernel"),
    },
}
TITLE = Key(text, needed=True)
GROUPS = dict.fromkeys(OLEDS, "i2c") | {f"{kind}-spi": "spi" for kind in OLEDS}
"""Kinds that share their keys (``Key.only``)."""
OPTIONAL = ("lights", "pwm", "gpio", "health")
DEFAULT_KINDS = {"lights": "gpio"}


def read(document: Table, headers: Mapping[str, Header]) -> tuple[Table, list[str]]:
    """The checked sections, ready to be put into the dataclasses of ``board``, and all faults."""
    reader = _Reader()
    reader.unknown("", document, ["title", "header", *SECTIONS])
    sections: Table = {name: reader.section(name, document.get(name)) for name in SECTIONS}
    sections["title"] = reader.value("title", TITLE, document.get("title"))
    named = Key(one_of(*headers))
    sections["header"] = reader.value("header", named, document.get("header", HEADER))
    if not reader.faults:
        header = headers[sections["header"]]
        reader.faults += _layout_faults(sections["keypad"]) + _pin_faults(sections, header)
    return sections, reader.faults


class _Reader:
    def __init__(self) -> None:
        self.faults: list[str] = []

    def section(self, section: str, table: object) -> Table:
        keys = SECTIONS[section]
        if table is None and section in OPTIONAL:
            return {}
        if not isinstance(table, dict):
            self.faults.append(f"{section}: is missing; write a table [{section}] with {', '.join(keys)}")
            return {}
        self.unknown(f"{section}.", table, list(keys))
        kind = self._kind(section, table) if "kind" in keys else ""
        kind = kind or DEFAULT_KINDS.get(section, "")
        values = {"kind": kind} if kind else {}
        for name, key in keys.items():
            used = not key.only or GROUPS.get(kind, kind) in key.only.split()
            if name == "kind" or not (name in table or (key.needed and used)):
                continue
            if used:
                values[name] = self.value(f"{section}.{name}", key, table.get(name))
            elif kind:
                self.faults.append(f"{section}.{name}: has no use with kind {shown(kind)}; leave it out")
        return values

    def _kind(self, section: str, table: Table) -> str:
        if section in DEFAULT_KINDS and "kind" not in table:
            return ""
        return self.value(f"{section}.kind", SECTIONS[section]["kind"], table.get("kind")) or ""

    def value(self, path: str, key: Key, value: object) -> Any:
        """The checked value; None (there is no null in TOML): the key is missing."""
        if value is None:
            self.faults.append(f"{path}: is missing; write {path.split('.')[-1]} = ...")
            return None
        try:
            return key.check(value)
        except Wrong as wrong:
            self.faults.append(f"{path}: {wrong}")
            return None

    def unknown(self, prefix: str, table: Table, known: list[str]) -> None:
        for name in table:
            if name not in known:
                hint = f"{meant(name, known)}known: {', '.join(known)}"
                self.faults.append(f"{prefix}{shown(name)[1:-1]}: is not known; {hint}")


def _layout_faults(keypad: Table) -> list[str]:
    keys = keypad.get("keys", ("123", "456", "789", "*0#"))
    columns = len(keypad["columns"]) if keypad["kind"] == "gpio" else len(keys[0])
    faults = []
    if {len(row) for row in keys} != {columns}:
        faults.append(f"keypad.keys: rows differ; write {columns} keys in each row")
    flat = "".join(keys)
    doubles = sorted({key for key in flat if flat.count(key) > 1})
    return faults + [f"keypad.keys: {shown(key)} is there twice; write each key once" for key in doubles]


def _pin_faults(sections: Table, header: Header) -> list[str]:
    """Each line that is not on the header, is reserved or has two users; each light that has two outputs."""
    uses = _functions(sections)
    known = " or ".join(map(shown, header.functions))
    faults = [
        f"{path}: {shown(name)} is not a function of this header; write {known}"
        for name, (path, _) in uses.items()
        if name not in header.functions and path == "gpio.uses"
    ]
    holders = {line: owner for owner, lines in header.reserved.items() for line in lines}
    for name, (_, owner) in uses.items():
        holders |= dict.fromkeys(header.functions.get(name, ()), owner)
    holders |= dict.fromkeys(sections["gpio"].get("taken", ()), "gpio.taken")
    used = _pins(sections)
    free = sorted(header.lines - holders.keys() - {line for _, line in used})
    for path, line in used:
        hint = f"free are {', '.join(map(str, free))}"
        if line not in header.lines:
            faults.append(f"{path}: line {line} is not on the {header.title}; {hint}")
        elif line in holders:
            faults.append(
                f"{path}: {header.label(line)} (pin {header.pin(line)}) belongs to {holders[line]}; {hint}"
            )
        holders.setdefault(line, path)
    twice = sections["lights"].keys() & sections["pwm"].keys()
    return faults + [
        f"pwm.{name}: this light has a line in [lights]; remove one of them" for name in sorted(twice)
    ]


def _functions(sections: Table) -> dict[str, tuple[str, str]]:
    """The functions of the header that are in use: which key says so, and what to call the owner."""
    display, audio = sections["display"], sections["audio"]
    found = {name: ("gpio.uses", f"{name} (gpio.uses)") for name in sections["gpio"].get("uses", ())}
    if GROUPS.get(display["kind"]) == "i2c":
        found[f"i2c{display.get('bus', 1)}"] = ("display.bus", "the display's I2C bus")
    if GROUPS.get(display["kind"]) == "spi":
        found[f"spi{display.get('port', 0)}"] = ("display.port", "the display's SPI bus")
    if audio.get("hat"):
        found["i2s"] = ("audio.hat", f"the sound card {audio['hat']} (I2S)")
    return found


def _pins(sections: Table) -> list[tuple[str, int]]:
    """Every line that is used, with the key that uses it."""
    lists = [(f"keypad.{name}", sections["keypad"].get(name, ())) for name in ("rows", "columns")]
    used = [(path, line) for path, lines in lists for line in lines]
    for section in ("switches", "lights", "display"):
        for name, value in sections[section].items():
            if SECTIONS[section][name].check is pin:
                used.append((f"{section}.{name}", value))
    return used


def meant(asked: str, known: list[str]) -> str:
    """ "did you mean …? " or nothing."""
    near = difflib.get_close_matches(asked, known, 1)
    return f'did you mean "{near[0]}"? ' if near else ""


def shown(value: object) -> str:
    """A value of the file for a message: one short line of ASCII, whatever was written."""
    plain = f'"{value}"' if isinstance(value, str) else str(value)
    escaped = ascii(plain)[1:-1]
    return escaped if len(escaped) <= 60 else f"{escaped[:57]}..."
