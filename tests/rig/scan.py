"""What a stranger on the network and a reader of the memory find of a running process."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

HIGHEST_PORT = 65535


def open_tcp(address: str) -> list[int]:
    """The TCP ports, of all 65535, on which somebody takes a connection."""
    found = []
    for port in range(1, HIGHEST_PORT + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((address, port)) != errno.ECONNREFUSED:
                found.append(port)
    return found


def open_udp(address: str) -> list[int]:
    """The UDP ports, of all 65535, that do not say that nobody is there."""
    found = []
    for port in range(1, HIGHEST_PORT + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            probe.connect((address, port))
            try:
                probe.send(b"\0")
                probe.recv(1)
            except ConnectionRefusedError:
                continue
            except BlockingIOError:
                pass
            found.append(port)
    return found


def sockets(pid: int) -> list[str]:
    """The IP sockets of a process that strangers could reach: TCP that listens, UDP and raw ones.

    Each as ``tcp 127.0.0.1:5061``.
    """
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            own |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
    return [where for where, inode in _bound() if inode in own]


def others_ports(pid: int) -> set[int]:
    """The ports on which programs other than this process listen, whatever their address."""
    own = set(sockets(pid))
    return {int(where.rpartition(":")[2]) for where, _ in _bound() if where not in own}


def _bound() -> list[tuple[str, str]]:
    """Every socket of the machine that takes something from the network: where, and its inode."""
    found = []
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if not kind.startswith("tcp") or fields[3] == _LISTENS:
                found.append((f"{kind} {_readable(fields[1])}", fields[9]))
    return sorted(found)


_LISTENS = "0A"


def _readable(place: str) -> str:
    """``0100007F:13C5`` of /proc/net as ``127.0.0.1:5061``."""
    address, _, port = place.partition(":")
    words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return f"{socket.inet_ntop(family, b''.join(words))}:{int(port, 16)}"


def in_memory(pid: int, wanted: Sequence[bytes]) -> int:
    """How often any of these octets stand in the writable memory of a process."""
    return sum(each_in_memory(pid, {str(at): octets for at, octets in enumerate(wanted)}).values())


def each_in_memory(pid: int, wanted: Mapping[str, bytes]) -> dict[str, int]:
    """How often each of these stands in the writable memory of a process; those that do not are left out."""
    found: Counter[str] = Counter()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            region, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in region.split("-"))
            try:
                memory.seek(start)
                octets = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue  # a region of the kernel's
            found.update({name: count for name, one in wanted.items() if (count := octets.count(one))})
    return dict(found)
