"""Two network namespaces with a cable between them: the telephone's, with the firewall, and the world's.

Sockets are made in either, as any user; what arrives in the world is seen as packets.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
PHONE = {4: "192.0.2.2", 6: "2001:db8::2"}
WORLD = {4: "192.0.2.1", 6: "2001:db8::1"}
ELSEWHERE = {4: "192.0.2.9", 6: "2001:db8::9"}
"""Another address of the world."""
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
KIND = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
USERS = {
    "root": 0,
    "sottovoce": 61001,
    "sottovoce-update": 61002,
    "systemd-resolve": 61003,
    "_chrony": 61004,
    "systemd-network": 61005,
    "nobody": 65534,
}
"""Numbers that stand for the users, who are not on this machine."""

_CLONE_NEWNET = 0x40000000
_ETH_P_ALL = 3


class Cable:
    """``phone`` and ``world`` are processes that hold the namespaces open."""

    def __init__(self) -> None:
        self.phone, self.world = (
            subprocess.Popen(["unshare", "--net", "sleep", "600"], stdin=subprocess.DEVNULL) for _ in range(2)
        )
        ours = os.readlink("/proc/self/ns/net")
        for process in (self.phone, self.world):
            while os.readlink(f"/proc/{process.pid}/ns/net") == ours:
                time.sleep(0.005)
        with self.within(self.phone):
            run("ip", "link", "add", "p0", "type", "veth", "peer", "name", "w0", "netns", str(self.world.pid))
            self._up("p0", [PHONE])
        with self.within(self.world):
            self._up("w0", [WORLD, ELSEWHERE])
            self._seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._open: list[socket.socket] = [self._seen]
        for family in FAMILY:  # the two ends get to know each other, which takes a second in IPv6
            for host in (WORLD[family], ELSEWHERE[family]):
                self.send("root", family, "udp", host, 9)
                assert (family, "udp", host, 9) in self.arrivals(5, until=(family, "udp", host, 9))

    def close(self) -> None:
        for one in self._open:
            one.close()
        for process in (self.phone, self.world):
            process.kill()
            process.wait()

    def _up(self, card: str, addresses: list[Mapping[int, str]]) -> None:
        run("ip", "link", "set", "lo", "up")
        for each in addresses:
            run("ip", "address", "add", f"{each[4]}/24", "dev", card)
            run("ip", "address", "add", f"{each[6]}/64", "dev", card, "nodad")
        run("ip", "link", "set", card, "up")

    @contextlib.contextmanager
    def within(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Make sockets and start programs in the namespace of ``process``."""
        with open("/proc/self/ns/net") as ours, open(f"/proc/{process.pid}/ns/net") as theirs:
            _setns(theirs.fileno())
            try:
                yield
            finally:
                _setns(ours.fileno())

    def load(self, rules: str) -> None:
        """Have the telephone's end hold these rules, with numbers for the users."""
        text = re.sub(r'skuid "([^"]+)"', lambda found: f"skuid {USERS[found[1]]}", rules)
        with self.within(self.phone):
            run("nft", "-f", "-", text=text)

    def listing(self) -> str:
        with self.within(self.phone):
            return run("nft", "list", "ruleset")

    def opened(self, side: str, family: int, protocol: str, user: str = "root") -> socket.socket:
        """A socket of ``user`` at one end."""
        with self.within(self.phone if side == "phone" else self.world):
            os.seteuid(USERS[user])
            try:
                made = socket.socket(FAMILY[family], KIND[protocol])
            finally:
                os.seteuid(0)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._open.append(made)
        return made

    def send(
        self, user: str, family: int, protocol: str, host: str, port: int, own_port: int = 0
    ) -> socket.socket:
        """A first packet from the telephone."""
        made = self.opened("phone", family, protocol, user)
        made.bind((PHONE[family], own_port))
        with contextlib.suppress(BlockingIOError, PermissionError):
            made.connect((host, port))
            if protocol == "udp":
                made.send(b"first")
        return made

    def arrived(self, family: int, protocol: str, host: str, port: int) -> bool:
        """Whether such a packet arrives in the world, within a moment."""
        return (family, protocol, host, port) in self.arrivals(0.15, until=(family, protocol, host, port))

    def arrivals(self, seconds: float, until: object = None) -> set[tuple[int, str, str, int]]:
        """What arrives: family, protocol, address and port."""
        found: set[tuple[int, str, str, int]] = set()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and until not in found:
            if select.select([self._seen], [], [], left)[0]:
                packet, where = self._seen.recvfrom(65535)
                if where[2] != socket.PACKET_OUTGOING and (read := _read(packet)):
                    found.add(read)
        return found


def _read(packet: bytes) -> tuple[int, str, str, int] | None:
    names = {6: "tcp", 17: "udp"}
    if packet[0] >> 4 == 4 and packet[9] in names:
        start = (packet[0] & 15) * 4
        (port,) = struct.unpack_from("!H", packet, start + 2)
        return 4, names[packet[9]], socket.inet_ntop(socket.AF_INET, packet[16:20]), port
    if packet[0] >> 4 == 6 and packet[6] in names:
        (port,) = struct.unpack_from("!H", packet, 42)
        return 6, names[packet[6]], socket.inet_ntop(socket.AF_INET6, packet[24:40]), port
    return None


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def run(*command: str, text: str | None = None) -> str:
    environment = os.environ | {"PATH": f"/usr/sbin:/sbin:{os.environ['PATH']}"}
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
