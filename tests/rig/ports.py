"""Free ports on loopback addresses, below the range from which the kernel takes ports for connections."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator

LOWEST, HIGHEST = 14000, 31000
"""The range handed out; Linux takes ephemeral ports from 32768 up."""

LOOPBACK = "127.0.0.1"

_given: set[tuple[str, int]] = set()
_random = random.Random(os.getpid())


def free(port: int, address: str = LOOPBACK) -> bool:
    """Whether nobody is bound to ``port`` over TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as trial:
            try:
                trial.bind((address.strip("[]"), port))
            except OSError:
                return False
    return True


def block(count: int, address: str = LOOPBACK) -> int:
    """The first (even) of ``count`` free ports in a row, not given to anyone else in this run."""
    for _ in range(1000):
        first = _random.randrange(LOWEST, HIGHEST - count, 2)
        wanted = [(address, port) for port in range(first, first + count)]
        if not _given.intersection(wanted) and all(free(port, address) for _, port in wanted):
            _given.update(wanted)
            return first
    raise AssertionError(f"no {count} free ports in a row on {address}")


def one(address: str = LOOPBACK) -> int:
    """One free port, for TCP and UDP."""
    return block(1, address)


def addresses(first: int = 2) -> Iterator[str]:
    """127.0.0.2, 127.0.0.3, …: each agent its own address, so that several may use the same port."""
    for last in range(first, 255):
        yield f"127.0.0.{last}"
