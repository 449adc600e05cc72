"""A telephone in a network of its own, whose address can change: two network namespaces and a cable.

    with House() as house:                    # servers and other telephones that start now are in the world
        phone = lab.phone(within=house.phone, bind=False, address=house.address, ...)
        house.move("10.219.0.3")

Needs root, as a container has.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple, Self

WORLD, FIRST, SECOND = "10.219.0.1", "10.219.0.2", "10.219.0.3"
WORLD_6, FIRST_6 = "fd19::1", "fd19::2"

_CLONE_NEWNET = 0x40000000
_ETH_P_IP, _ETH_P_ALL = 0x0800, 0x0003  # only the second sees what leaves as well
_UDP = 17


class Packet(NamedTuple):
    """A datagram that the world saw. ``when``: monotonic seconds."""

    when: float
    source: str
    target: str
    source_port: int
    port: int
    size: int


class House:
    """``phone``: what goes before a command that runs at the telephone's end."""

    def __init__(self) -> None:
        self.address = FIRST
        self._over = threading.Event()
        self._packets: list[Packet] = []

    def __enter__(self) -> Self:
        self._ends = [
            subprocess.Popen(["unshare", "--net", "sleep", "600"], stdin=subprocess.DEVNULL) for _ in range(2)
        ]
        self._ours = open("/proc/self/ns/net")
        mine = os.readlink("/proc/self/ns/net")
        for end in self._ends:
            while os.readlink(f"/proc/{end.pid}/ns/net") == mine:
                time.sleep(0.005)
        inside, outside = self._ends
        self.phone: Sequence[str] = ("nsenter", "-t", str(inside.pid), "-n")
        self._at_phone(
            "ip", "link", "add", "p0", "type", "veth", "peer", "name", "w0", "netns", str(outside.pid)
        )
        for card, address, sixth in (("p0", FIRST, FIRST_6), ("w0", WORLD, WORLD_6)):
            run = self._at_phone if card == "p0" else self._in_world
            run("ip", "link", "set", "lo", "up")
            run("ip", "address", "add", f"{address}/24", "dev", card)
            run("ip", "address", "add", f"{sixth}/64", "dev", card, "nodad")
            run("ip", "link", "set", card, "up")
        with open(f"/proc/{outside.pid}/ns/net") as world:
            _setns(world.fileno())
        self._seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._seen.bind(("w0", _ETH_P_ALL))
        self._seen.settimeout(0.2)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watcher.join()
        self._seen.close()
        _setns(self._ours.fileno())
        self._ours.close()
        for end in self._ends:
            end.kill()
            end.wait()

    def explain(self) -> str:
        return f"--- the house: {len(self._packets)} datagrams ---"

    def move(self, address: str) -> None:
        """The telephone's address is another one from now on, as when a router gives it a new one."""
        self._at_phone("ip", "-4", "address", "flush", "dev", "p0")
        self._at_phone("ip", "address", "add", f"{address}/24", "dev", "p0")
        self.address = address

    @contextmanager
    def at_phone(self) -> Iterator[None]:
        """Sockets that are made now are at the telephone's end."""
        with (
            open("/proc/self/ns/net") as world,
            open(f"/proc/{self._ends[0].pid}/ns/net") as inside,
        ):
            _setns(inside.fileno())
            try:
                yield
            finally:
                _setns(world.fileno())

    def pull(self) -> None:
        """Out with the cable."""
        self._at_phone("ip", "link", "set", "p0", "down")

    def plug(self) -> None:
        """And in again."""
        self._at_phone("ip", "link", "set", "p0", "up")
        self._at_phone("ip", "address", "replace", f"{self.address}/24", "dev", "p0")

    def speech(self, source: str, target: str, since: float = 0.0) -> list[Packet]:
        """Datagrams of the size of speech between two addresses."""
        return [
            one
            for one in list(self._packets)
            if one.source == source and one.target == target and one.when >= since and one.size > 60
        ]

    def _at_phone(self, *argv: str) -> None:
        subprocess.run([*self.phone, *argv], check=True, capture_output=True)

    def _in_world(self, *argv: str) -> None:
        world = ("nsenter", "-t", str(self._ends[1].pid), "-n")
        subprocess.run([*world, *argv], check=True, capture_output=True)

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                octets, (_, protocol, *_) = self._seen.recvfrom(2048)
            except TimeoutError:
                continue
            if protocol != _ETH_P_IP:
                continue
            length = (octets[0] & 15) * 4
            if octets[9] != _UDP or len(octets) < length + 8:
                continue
            source, target = (socket.inet_ntoa(octets[at : at + 4]) for at in (12, 16))
            source_port, port, size = struct.unpack("!HHH", octets[length : length + 6])
            self._packets.append(Packet(time.monotonic(), source, target, source_port, port, size - 8))


def _setns(descriptor: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
