"""The header of a board as data: ``board/headers/<name>.toml`` says which pin is which line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

POWER = ("3V3", "5V", "GND")
LAST_LINE = 53
"""The RPi.GPIO API takes lines from 0 to 53 (the BCM2835 has so many)."""


@dataclass(frozen=True)
class Header:
    """``line``: how a line is called, such as "GPIO {}"; ``pins``: what is at pin 1, 2 …: a line, power, or
    the name of what cannot be used. ``reserved``: lines that have another owner always; ``functions``: when
    that function is in use.
    """

    name: str
    title: str
    line: str
    pins: tuple[int | str, ...]
    reserved: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    functions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(pin for pin in self.pins if isinstance(pin, int))

    def label(self, line: int) -> str:
        """What people call it."""
        return self.line.format(line)

    def pin(self, line: int) -> int:
        """Where it is, counted from 1. Raises ValueError when it is not on this header."""
        return self.pins.index(line) + 1


def header(name: str, document: Mapping[str, Any]) -> Header:
    """The header that a document describes. Raises ValueError: what is wrong with it."""
    known = {"title", "line", "pins", "reserved", "functions"}
    if set(document) != known:
        raise ValueError(f"has {', '.join(document)}; write {', '.join(sorted(known))}")
    pins = document["pins"]
    if not isinstance(pins, list) or len(pins) < 2 or len(pins) % 2:
        raise ValueError("pins: is not a list of two rows; write what is at each pin, from 1")
    lines = [pin for pin in pins if not isinstance(pin, str)]
    if any(type(line) is not int or not 0 <= line <= LAST_LINE for line in lines):
        raise ValueError(f"pins: a line is a whole number from 0 to {LAST_LINE}")
    if len(set(lines)) != len(lines):
        raise ValueError("pins: a line is there twice")
    for table in (document["reserved"], document["functions"]):
        for owner, owned in table.items():
            if not set(owned) <= set(lines):
                raise ValueError(f"{owner}: lines that are not on the header")
    if not re.fullmatch(r"[^{}]*\{\}[^{}]*", document["line"]):
        raise ValueError('line: write {} where the number stands, such as "GPIO {}"')
    return Header(
        name,
        document["title"],
        document["line"],
        tuple(pins),
        {owner: tuple(owned) for owner, owned in document["reserved"].items()},
        {owner: tuple(owned) for owner, owned in document["functions"].items()},
    )
