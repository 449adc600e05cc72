"""Moments read from a capture: when an INVITE left, when protected speech flows.

The kernel stamps both phones' packets in the same way, by the clock that the bench reads at the key press.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from tests.rig.capture import Packet
from tests.rig.srtp import rtp_header_length

SMALLEST_INVITE = 400
"""Octets of a TLS record that can hold an INVITE with SDP; keep-alives and alerts are far below."""

APPLICATION_DATA = 23
SPEECH = 160
"""Octets of 20 ms of G.711."""

TAGS = (10, 16)
"""Octets of an authentication tag: HMAC-SHA1-80; AEAD GCM. (32-bit tags are not offered here.)"""

EVENT = 4
"""Octets of a telephone-event (RFC 4733)."""


@dataclass(frozen=True)
class End:
    """Where a phone's media comes from: its address and the range of its ports."""

    address: str
    ports: range = range(65536)

    def sent(self, packet: Packet) -> bool:
        return packet.source[0] == self.address and packet.source[1] in self.ports


def invite(packets: Iterable[Packet], source: str, port: int, since: float, until: float) -> float | None:
    """When the first TLS record that can be an INVITE went from ``source`` ("address:port") to ``port``."""
    host, _, number = source.rpartition(":")
    for packet in packets:
        if not since <= packet.when <= until or packet.transport != "tcp":
            continue
        if packet.source == (host, int(number)) and packet.target[1] == port and _record(packet.payload):
            return packet.when
    return None


def _record(segment: bytes) -> bool:
    place = 0
    while place + 5 <= len(segment):
        kind, _, length = struct.unpack_from("!BHH", segment, place)
        if kind == APPLICATION_DATA and length >= SMALLEST_INVITE:
            return True
        place += 5 + length
    return False


def payload_length(packet: Packet) -> int | None:
    """Octets after the RTP header, with the tag; None when it is no RTP."""
    if packet.transport != "udp" or packet.kind != "rtp":
        return None
    header = rtp_header_length(packet.payload)
    return None if header is None else len(packet.payload) - header


def first_speech(packets: Iterable[Packet], end: End, since: float, until: float) -> float | None:
    """When ``end`` first sent 20 ms of G.711 with an authentication tag."""
    lengths = {SPEECH + tag for tag in TAGS}
    for packet in packets:
        if since <= packet.when <= until and end.sent(packet) and payload_length(packet) in lengths:
            return packet.when
    return None


def first_event(packets: Iterable[Packet], end: End, since: float, until: float) -> float | None:
    """When ``end`` first sent a protected telephone-event."""
    lengths = {EVENT + tag for tag in TAGS}
    for packet in packets:
        if since <= packet.when <= until and end.sent(packet) and payload_length(packet) in lengths:
            return packet.when
    return None


def clear_speech(packets: Iterable[Packet], end: End, since: float, until: float) -> int:
    """How many RTP packets with 20 ms of G.711 and no tag ``end`` sent."""
    return sum(
        1
        for packet in packets
        if since <= packet.when <= until and end.sent(packet) and payload_length(packet) == SPEECH
    )
