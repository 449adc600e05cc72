"""Packets out of a capture file (pcap), as far as the tests ask for them; the standard library alone."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Packet:
    """``card``: the sender's. ``kind``: of ICMP. ``host`` and ``port``: where it goes."""

    card: str
    protocol: str
    host: str = ""
    port: int = 0
    own_port: int = 0
    kind: int = 0


_NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6", 2: "igmp"}


def read(capture: bytes) -> Iterator[Packet]:
    """Every whole packet of an Ethernet capture. Raises ValueError for another kind of file."""
    if capture[:4] != b"\xd4\xc3\xb2\xa1" or struct.unpack_from("<I", capture, 20)[0] != 1:
        raise ValueError("is no capture of Ethernet frames by this kind of machine")
    at = 24
    while at + 16 <= len(capture):
        (length,) = struct.unpack_from("<I", capture, at + 8)
        frame = capture[at + 16 : at + 16 + length]
        at += 16 + length
        if len(frame) == length:
            yield _packet(frame)


def _packet(frame: bytes) -> Packet:
    card = frame[6:12].hex(":")
    (kind,) = struct.unpack_from("!H", frame, 12)
    body = frame[14:]
    if kind == 0x0806:
        return Packet(card, "arp")
    if kind == 0x0800:
        return _inner(
            card, body[9], socket.inet_ntop(socket.AF_INET, body[16:20]), body[(body[0] & 15) * 4 :]
        )
    if kind == 0x86DD:
        number, rest = body[6], body[40:]
        while number in (0, 60):  # hop-by-hop and destination options, RFC 8200 section 4
            number, rest = rest[0], rest[(rest[1] + 1) * 8 :]
        return _inner(card, number, socket.inet_ntop(socket.AF_INET6, body[24:40]), rest)
    return Packet(card, f"ethernet {kind:04x}")


def _inner(card: str, number: int, host: str, body: bytes) -> Packet:
    name = _NAMES.get(number, f"protocol {number}")
    if name in ("tcp", "udp"):
        own, port = struct.unpack_from("!HH", body)
        return Packet(card, name, host, port, own)
    return Packet(card, name, host, kind=body[0] if name in ("icmp", "icmp6") else 0)
