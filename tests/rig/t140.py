"""Real-time text in RTP packets, made and read without the product: RFC 4103 with the redundancy of RFC 2198.

Nothing is waited for, nothing put in order: it says what packets hold.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence

T140, RED = 98, 100
"""Payload types of ours; both ends may name theirs as they like."""


def blocks(packet: bytes, red: int) -> list[bytes]:
    """The text blocks of an RTP packet in clear, oldest first, its own last."""
    payload = packet[12:]
    if packet[1] & 127 != red:
        return [payload]
    lengths = []
    while payload[0] & 128:
        word = struct.unpack("!I", payload[:4])[0]
        lengths.append(word & 1023)
        payload = payload[4:]
    payload = payload[1:]
    found = []
    for length in lengths:
        found.append(payload[:length])
        payload = payload[length:]
    return [*found, payload]


def ages(packet: bytes) -> list[int]:
    """By how many milliseconds the redundant blocks of a packet are older than its own."""
    payload, found = packet[12:], []
    while payload[0] & 128:
        found.append(struct.unpack("!I", payload[:4])[0] >> 10 & 0x3FFF)
        payload = payload[4:]
    return found


def text(packets: Sequence[bytes], red: int) -> str:
    """All text of a stream, each block once, by the sequence numbers."""
    found: dict[int, bytes] = {}
    for packet in packets:
        number = struct.unpack_from("!H", packet, 2)[0]
        for back, block in enumerate(reversed(blocks(packet, red))):
            found.setdefault(number - back, block)
    return b"".join(found[number] for number in sorted(found)).decode()


class Typist:
    """Makes the packets of what is typed, one a call; each repeats the two before it, with their ages."""

    def __init__(self, t140: int, red: int, sequence: int = 1000) -> None:
        self._types = (t140, red)
        self._number, self._time = sequence, secrets.randbits(31)
        self._ssrc = secrets.randbits(32)
        self._before: list[tuple[bytes, int]] = []

    def packet(self, typed: str, after_ms: int = 300) -> bytes:
        """The next one, so much later than the one before."""
        self._time += after_ms
        t140, red = self._types
        block, own = typed.encode(), self._time
        headers = b"".join(
            struct.pack("!I", 1 << 31 | t140 << 24 | (own - at) << 10 | len(old)) for old, at in self._before
        )
        payload = headers + bytes([t140]) + b"".join(old for old, _ in self._before) + block
        marker = 128 if not self._before else 0
        head = struct.pack("!BBHII", 0x80, marker | red, self._number & 0xFFFF, own & 0xFFFFFFFF, self._ssrc)
        self._number += 1
        self._before = [*self._before, (block, own)][-2:]
        return head + payload
