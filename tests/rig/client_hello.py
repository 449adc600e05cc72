"""What a TLS client says first (RFC 8446 section 4.1.2), read from the octets of the record."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass

from tests.rig import ports

SERVER_NAME, STATUS_REQUEST, GROUPS, EARLY_DATA = 0, 5, 10, 42
SESSION_TICKET, PRE_SHARED_KEY, VERSIONS, KEY_SHARE = 35, 41, 43, 51

X25519MLKEM768 = 0x11EC


@dataclass(frozen=True)
class ClientHello:
    """``extensions``: number -> content."""

    session: bytes
    suites: tuple[int, ...]
    extensions: dict[int, bytes]

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups of key agreement, in the order of preference."""
        return _numbers(self.extensions[GROUPS][2:])

    @property
    def shares(self) -> tuple[int, ...]:
        """The groups for which a share is sent along."""
        rest, found = self.extensions[KEY_SHARE][2:], []
        while rest:
            found.append(int.from_bytes(rest[:2], "big"))
            rest = rest[4 + int.from_bytes(rest[2:4], "big") :]
        return tuple(found)

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions of TLS, in the order of preference."""
        return _numbers(self.extensions[VERSIONS][1:])


def parse(record: bytes) -> ClientHello:
    """Raises ValueError for anything else than a record with one whole ClientHello."""
    if record[:2] != b"\x16\x03" or record[5:6] != b"\x01":
        raise ValueError(f"no ClientHello: {record[:8].hex()}")
    body = record[9 + 2 + 32 :]
    session, body = body[1 : 1 + body[0]], body[1 + body[0] :]
    size = int.from_bytes(body[:2], "big")
    suites, body = _numbers(body[2 : 2 + size]), body[2 + size :]
    body = body[1 + body[0] + 2 :]  # compression; the extensions' length
    extensions = {}
    while body:
        kind, size = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")
        extensions[kind], body = body[4 : 4 + size], body[4 + size :]
    return ClientHello(session, suites, extensions)


def openssl_version() -> tuple[int, ...]:
    """Major and minor version of the OpenSSL that the phone's engine runs with."""
    ask = "import pjsua2; print(pjsua2.opensslVersion())"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in done.stdout.split(".")[:2])


def of_openssl() -> ClientHello:
    """What the system's OpenSSL says when nobody asks it for more or less: ``openssl s_client``."""
    with socket.create_server((ports.LOOPBACK, 0)) as listener:
        listener.settimeout(10)
        argv = ["openssl", "s_client", "-connect", f"{ports.LOOPBACK}:{listener.getsockname()[1]}"]
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                return parse(record(connection))


def record(connection: socket.socket) -> bytes:
    """The first TLS record that comes, left where it is; what there is if it is none."""
    start = connection.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
    if start[:2] != b"\x16\x03" or len(start) < 5:
        return start
    return connection.recv(5 + int.from_bytes(start[3:5], "big"), socket.MSG_PEEK | socket.MSG_WAITALL)


def _numbers(octets: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
