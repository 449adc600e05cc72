"""A stranger on the telephone's cable: scans all ports, and knows what the telephone may send unasked."""

from __future__ import annotations

import select
import socket
import struct
import time

from tests.vm.debian.packets import Packet
from tests.vm.debian.world import ADDRESS, ADDRESS6

HIGHEST = 65535


def sums(words: bytes) -> int:
    """The words added as RFC 1071 does."""
    total: int = sum(struct.unpack(f"!{len(words) // 2}H", words))
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def answers(
    address: str, protocol: int, highest: int = HIGHEST, rest_s: float = 3, pace_s: float = 0
) -> set[tuple[int, int]]:
    """Send to all ports up to ``highest``; who answered, as protocol and port (or for ICMP type and 0).

    ``rest_s``: how long answers are waited for after the last packet; ``pace_s``: and after each 512, for a
    machine that is slower than this one.

    The checksum is made so that it is right for every port: what the port adds the source port takes away.
    """
    six = ":" in address
    family = socket.AF_INET6 if six else socket.AF_INET
    own = ADDRESS6 if six else ADDRESS
    heard = [socket.socket(family, socket.SOCK_RAW, kind) for kind in (protocol, 58 if six else 1)]
    sender = socket.socket(family, socket.SOCK_RAW, protocol)
    sender.bind((own, 0))  # with several addresses the kernel would choose, and the checksum be wrong
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    ends = socket.inet_pton(family, own) + socket.inet_pton(family, address)
    length = 20 if protocol == socket.IPPROTO_TCP else 8
    pseudo = sums(ends + struct.pack("!HH", protocol, length))
    found: set[tuple[int, int]] = set()
    for port in range(1, highest + 1):
        source = 1024 + port % 50000
        if protocol == socket.IPPROTO_TCP:
            head = struct.pack("!HHIIBBHHH", source, port, 1, 0, 5 << 4, 2, 1024, 0, 0)
            total = pseudo + sums(head)
            check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            packet = head[:16] + struct.pack("!H", check) + head[18:]
        else:
            head = struct.pack("!HHHH", source, port, 8, 0)
            total = pseudo + sums(head)
            check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF or 0xFFFF
            packet = head[:6] + struct.pack("!H", check)
        sender.sendto(packet, (address, 0))
        if port % 512 == 0:
            found |= _heard(heard, address, pace_s)
    found |= _heard(heard, address, rest_s)
    for one in (*heard, sender):
        one.close()
    return found


def _heard(heard: list[socket.socket], address: str, seconds: float) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    end = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select(heard, [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return found
        for one in ready:
            packet, who = one.recvfrom(2048)
            if who[0] != address:
                continue
            start = 0 if one.family == socket.AF_INET6 else (packet[0] & 15) * 4
            if one is heard[0]:
                port, to = struct.unpack_from("!HH", packet, start)
                if to == 1024 + port % 50000:  # else it is the telephone's own connection to somebody
                    found.add((one.proto, port))
            elif packet[start] not in (133, 134, 135, 136, 143):  # neighbour discovery
                found.add((one.proto, packet[start]))


def declared(packet: Packet) -> bool:
    """Whether the telephone may send this, in its factory state."""
    match packet.protocol:
        case "arp":
            return True
        case "icmp6":
            return packet.kind in (133, 135, 136, 143)  # neighbour discovery, and which groups it listens to
        case "udp" if packet.port == 67 and packet.own_port == 68:
            return True
        case "udp" if packet.port == 53:
            return packet.host == ADDRESS
        case "udp" if packet.port == 123:
            return True
        case "tcp" if packet.port == 4460:
            return True
    return False
