"""The short authentication string as people read it (RFC 6189 section 5.1.6)."""

from __future__ import annotations

from pathlib import Path

ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"
"""Of B32."""

_PAIRS = [line.split() for line in Path(__file__).with_name("words.txt").read_text().splitlines()]
"""PGP's word list: line n has the word for n in an even place, and the one for n in an odd place."""


def base32(value: bytes) -> str:
    """Four characters for the leftmost 20 bits."""
    number = int.from_bytes(value[:4]) >> 12
    return "".join(ALPHABET[number >> shift & 31] for shift in (15, 10, 5, 0))


def base256(value: bytes) -> str:
    """Two words for the leftmost 16 bits."""
    return f"{_PAIRS[value[0]][0]} {_PAIRS[value[1]][1]}"
