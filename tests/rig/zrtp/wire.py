"""ZRTP packets (RFC 6189 section 5): header, cookie and the CRC of RFC 4960 appendix B."""

from __future__ import annotations

import struct

COOKIE = b"ZRTP"
PREAMBLE = 0x505A
_HEADER = struct.Struct("!HH4sI")
_POLYNOMIAL = 0x82F63B78
"""Of CRC-32C, its bits in reverse."""


class MalformedError(ValueError):
    """Octets that are no ZRTP packet, or no such message as they say."""


def _row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_row(value) for value in range(256)]


def crc32c(octets: bytes) -> int:
    """The checksum as a number; on the wire its lowest octet comes first."""
    value = 0xFFFFFFFF
    for octet in octets:
        value = value >> 8 ^ _TABLE[(value ^ octet) & 255]
    return value ^ 0xFFFFFFFF


def packet(message: bytes, sequence: int, ssrc: int) -> bytes:
    """A message as it goes out."""
    head = _HEADER.pack(0x1000, sequence & 0xFFFF, COOKIE, ssrc)
    return head + message + struct.pack("<I", crc32c(head + message))


def looks_so(octets: bytes) -> bool:
    """Whether this is ZRTP and not RTP, STUN or DTLS."""
    return len(octets) >= 12 and octets[0] >> 4 == 1 and octets[4:8] == COOKIE


def message(octets: bytes) -> bytes:
    """The message in a packet.

    Raises:
        MalformedError: the checksum or the length is wrong, or it is no ZRTP at all.
    """
    if not looks_so(octets) or len(octets) < _HEADER.size + 12 + 4:
        raise MalformedError("no ZRTP packet")
    if crc32c(octets[:-4]) != struct.unpack("<I", octets[-4:])[0]:
        raise MalformedError("wrong CRC")
    found = octets[_HEADER.size : -4]
    preamble, words = struct.unpack_from("!HH", found)
    if preamble != PREAMBLE or 4 * words != len(found):
        raise MalformedError("wrong preamble or length")
    return found


def head(kind: str, body: int) -> bytes:
    """Preamble, length and type of a message with so many octets of body."""
    return struct.pack("!HH8s", PREAMBLE, 3 + body // 4, kind.ljust(8).encode())


def kind(found: bytes) -> str:
    """The type of a message, without the spaces at its end."""
    return found[4:12].decode("ascii", "replace").rstrip()
