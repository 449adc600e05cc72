"""What a TLS client says first (RFC 8446 section 4.1.2), read from the octets of the record."""

from __future__ import annotations

from dataclasses import dataclass

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


def _numbers(octets: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
