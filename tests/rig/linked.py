"""What links two captures: every identifier that a telephone chose or was given, and those that both have.

An identifier is a kind and a value. What the network chose (an address by DHCP, its prefix, a server's
name) is none of the telephone's, and neither is what all telephones of this kind send alike.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6MLReport2, ICMPv6ND_NS, ICMPv6ND_RA, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.utils import rdpcap

Identifier = tuple[str, str]

_DHCP = {
    12: "DHCP host name",
    50: "DHCP wish",
    60: "DHCP class",
    61: "DHCP client",
    81: "DHCP name",
    97: "DHCP machine",
}
"""Options of RFC 2132, RFC 4702 and RFC 4578."""


def links(one: set[Identifier], other: set[Identifier]) -> list[Identifier]:
    """What both have."""
    return sorted(one & other)


def of_line(capture: Path) -> set[Identifier]:
    """The identifiers below SIP in what the telephone sent: the packets whose card is not the gateway's."""
    packets = [packet for packet in rdpcap(str(capture)) if Ether in packet]
    gateway = _gateway(packets)
    found: set[Identifier] = set()
    for packet in packets:
        if packet[Ether].src == gateway:
            continue
        found.add(("card", packet[Ether].src))
        found |= _dhcp(packet)
        if ARP in packet:
            found.add(("ARP", packet[ARP].hwsrc))
        if IPv6 in packet:
            found |= {("IPv6 interface", _interface(packet[IPv6].src))} if packet[IPv6].src != "::" else set()
        if ICMPv6ND_NS in packet:
            own = packet[IPv6].src == "::"  # RFC 4862 section 5.4: is this address free? Else: where is it?
            found |= {("ND target", _interface(packet[ICMPv6ND_NS].tgt))} if own else set()
        if ICMPv6MLReport2 in packet:
            groups = (str(record.dst) for record in packet[ICMPv6MLReport2].records)
            found |= {("MLD group", group) for group in groups if group.startswith("ff02::1:ff")}
        found |= {("ND option", layer.lladdr) for layer in _layers(packet) if hasattr(layer, "lladdr")}
    return found


WINDOW = 8
"""Octets in a row that two captures have in common only by having the same origin."""


def of_octets(captures: Iterable[bytes]) -> set[bytes]:
    """Every row of WINDOW octets, but those that are mostly one and the same octet."""
    return {
        row
        for octets in captures
        for at in range(len(octets) - WINDOW + 1)
        if len(set(row := octets[at : at + WINDOW])) > WINDOW // 2
    }


LEAST = 3
"""Rows one after the other, each an octet further on: a row that is constant but for its last octet is in two
captures by chance once in 256 times."""


def runs(rows: set[bytes]) -> list[bytes]:
    """The octets that LEAST rows or more make one after the other: what is not there by chance."""
    ends, following = {row[1:] for row in rows}, {row[:-1]: row for row in rows}
    found = []
    for row in rows:
        if row[:-1] in ends:
            continue
        octets, now, seen = row, row, {row}
        while (after := following.get(now[1:])) is not None and after not in seen:
            octets, now = octets + after[-1:], after
            seen.add(after)
        if len(seen) >= LEAST:
            found.append(octets)
    return sorted(found)


def of_contents(capture: Path, card: str) -> list[bytes]:
    """What a card sent by TCP and UDP, but DHCP, whose fields ``of_line`` reads."""
    found = []
    for packet in rdpcap(str(capture)):
        for kind in (TCP, UDP):
            if Ether in packet and packet[Ether].src == card and kind in packet and BOOTP not in packet:
                found.append(bytes(packet[kind].payload))
    return found


def of_streams(capture: Path, address: str) -> list[tuple[int, bytes]]:
    """What an address sent by TCP and UDP: its port, and the content of each packet."""
    found = []
    for packet in rdpcap(str(capture)):
        for kind in (TCP, UDP):
            if IP in packet and kind in packet and packet[IP].src == address:
                found.append((int(packet[kind].sport), bytes(packet[kind].payload)))
    return found


def of_datagrams(capture: Path, card: str) -> list[tuple[int, bytes]]:
    """What a card sent by UDP: port and content."""
    return [
        (int(packet[UDP].sport), bytes(packet[UDP].payload))
        for packet in rdpcap(str(capture))
        if Ether in packet and packet[Ether].src == card and UDP in packet
    ]


def is_speech(octets: bytes) -> bool:
    """Whether these are an RTP packet (RFC 3550 section 5.1, RFC 5761 section 4)."""
    return len(octets) > 60 and octets[0] >> 6 == 2 and not 64 <= octets[1] & 0x7F <= 95


def of_speech(streams: Iterable[tuple[int, bytes]]) -> set[Identifier]:
    """RFC 3550 section 5.1: who sends, and where its numbers begin."""
    first: dict[str, bytes] = {}
    for _, octets in streams:
        if is_speech(octets):
            first.setdefault(octets[8:12].hex(), octets)
    found = {("RTP source", source) for source in first}
    return found | {("RTP time", octets[4:8].hex()) for octets in first.values()}


_WORD = re.compile(r"[A-Za-z0-9+/_~.-]{6,}")


def of_messages(texts: Iterable[str]) -> set[Identifier]:
    """Every word of the SIP messages that a telephone sent, SDP too."""
    return {("SIP word", word) for text in texts for word in _WORD.findall(text)}


def gateway(capture: Path) -> str:
    """The access point's card."""
    return _gateway([packet for packet in rdpcap(str(capture)) if Ether in packet])


def _gateway(packets: list[Any]) -> str:
    """Who sends router advertisements or answers DHCP: the one card that is not the telephone's."""
    for packet in packets:
        if ICMPv6ND_RA in packet or (BOOTP in packet and packet[BOOTP].op == 2):
            return str(packet.src)
    raise AssertionError("the access point said nothing")


def _dhcp(packet: Any) -> set[Identifier]:
    if BOOTP not in packet:
        return set()
    found = {
        ("DHCP transaction", f"{packet[BOOTP].xid:08x}"),
        ("DHCP card", packet[BOOTP].chaddr[:6].hex(":")),
    }
    asked = bytes(packet[BOOTP])[240:]
    options = _options(asked)
    discover = options.get(53) == b"\x01"
    for number, kind in _DHCP.items():
        if number in options and (number != 50 or discover):  # in a REQUEST it is the server's own offer
            found.add((kind, options[number].hex(":")))
    return found


def _options(octets: bytes) -> dict[int, bytes]:
    """RFC 2132 section 2."""
    found, at = {}, 0
    while at + 1 < len(octets) and octets[at] != 255:
        if octets[at] == 0:
            at += 1
            continue
        length = octets[at + 1]
        found[octets[at]] = octets[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def _layers(packet: Any) -> list[Any]:
    found = []
    while packet:
        found.append(packet)
        packet = packet.payload
    return found


def _interface(address: str) -> str:
    """The half of an IPv6 address that the telephone chose."""
    return ipaddress.IPv6Address(address).packed[8:].hex(":")
