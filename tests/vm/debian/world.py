"""The world at the other end of the telephone's cable: a router with DHCP and IPv6, a server for names."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CARD = "eth1"
ADDRESS, ADDRESS6 = "192.0.2.1", "2001:db8::1"
PHONE = "192.0.2.50"
"""What the telephone gets by DHCP."""
CAPTURE = Path("/run/results/from-power-on.pcap")
MAGIC = b"\x63\x82\x53\x63"
_BIND_TO_DEVICE = 25


@dataclass
class World:
    """``asked``: every DHCP message as it came; ``looked_up``: every name that was asked for."""

    asked: list[bytes] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        for each in (self._dhcp, self._names, self._advertise):
            threading.Thread(target=self._forever, args=(each,), daemon=True).start()

    def _forever(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError:
            if not self.ended.is_set():
                raise

    def _dhcp(self) -> None:
        """RFC 2131: one address for one client; answers go to all, for it has none yet."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.setsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, CARD.encode())
        server.bind(("", 67))
        while not self.ended.is_set():
            packet, _ = server.recvfrom(1500)
            self.asked.append(packet)
            kind = options(packet).get(53, b"\0")[0]
            if kind in (1, 3):
                server.sendto(_offer(packet, 2 if kind == 1 else 5), ("255.255.255.255", 68))

    def _names(self) -> None:
        """RFC 1035: every name is at one address, which is ours; nobody has another kind of record."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((ADDRESS, 53))
        while not self.ended.is_set():
            question, who = server.recvfrom(1500)
            end = question.index(0, 12)
            labels, at = [], 12
            while at < end:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            self.looked_up.append(".".join(labels))
            (kind,) = struct.unpack_from("!H", question, end + 1)
            answer = (
                struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ADDRESS) if kind == 1 else b""
            )
            head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if answer else 0, 0, 0)
            server.sendto(head + question[12 : end + 5] + answer, who)

    def _advertise(self) -> None:
        """RFC 4861 section 4.2: a router with one prefix for addresses."""
        router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        card = socket.if_nametoindex(CARD)
        prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0)
        prefix += socket.inet_pton(socket.AF_INET6, "2001:db8::")
        while not self.ended.wait(3):
            message = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix
            router.sendto(message, ("ff02::1", 0, 0, card))


def _offer(packet: bytes, kind: int) -> bytes:
    head = b"\x02" + packet[1:8] + bytes(4) + bytes(4) + socket.inet_aton(PHONE) + socket.inet_aton(ADDRESS)
    answer = head + bytes(4) + packet[28:44] + bytes(192) + MAGIC
    own = socket.inet_aton(ADDRESS)
    for code, value in (
        (53, bytes([kind])),
        (54, own),
        (51, struct.pack("!I", 86400)),
        (1, socket.inet_aton("255.255.255.0")),
        (3, own),
        (6, own),
    ):
        answer += bytes([code, len(value)]) + value
    return answer + b"\xff"


def options(packet: bytes) -> dict[int, bytes]:
    """The options of a DHCP message."""
    found, at = {}, 240
    while at < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        found[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return found


def settle(seconds: float = 1.0) -> None:
    """Let the capture reach its file."""
    time.sleep(seconds)
