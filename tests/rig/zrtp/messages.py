"""The messages of ZRTP as octets and back (RFC 6189 sections 5.2 to 5.16)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

try:  # where newer versions of the library keep it
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:  # pragma: no cover
    from cryptography.hazmat.primitives.ciphers.modes import CFB

from tests.rig.zrtp import wire
from tests.rig.zrtp.algorithms import KINDS, PUBLIC_OCTETS, Choice
from tests.rig.zrtp.keys import mac
from tests.rig.zrtp.wire import MalformedError

VERSION = b"1.10"
CLIENT = b"Sottovoce rig   "
MAC_OCTETS = 8

ENABLED_DISCLOSURE, VERIFIED = 1, 4
"""Flags of a Confirm: D and V (section 5.7)."""


def seal(message: bytes, key: bytes) -> bytes:
    """Append the MAC that is checked when its key is disclosed."""
    return message + mac(key, message)[:MAC_OCTETS]


def sealed_by(message: bytes, key: bytes) -> bool:
    """Whether the MAC at its end is right."""
    return mac(key, message[:-MAC_OCTETS])[:MAC_OCTETS] == message[-MAC_OCTETS:]


@dataclass(frozen=True)
class Hello:
    """What a party can do (section 5.2)."""

    h3: bytes
    zid: bytes
    offers: Mapping[str, Sequence[str]]
    version: bytes = VERSION
    client: bytes = CLIENT

    def encode(self) -> bytes:
        """Without its MAC."""
        flags = 0
        for place, kind in enumerate(KINDS):
            flags |= len(self.offers[kind]) << 16 - 4 * place
        names = b"".join(_block(name) for kind in KINDS for name in self.offers[kind])
        body = self.version + self.client + self.h3 + self.zid + struct.pack("!I", flags) + names
        return wire.head("Hello", len(body) + MAC_OCTETS) + body

    @classmethod
    def decode(cls, message: bytes) -> Hello:
        """Of a whole message."""
        body = _body(message, 68 + MAC_OCTETS, at_least=True)[:-MAC_OCTETS]
        flags = struct.unpack_from("!I", body, 64)[0]
        names = [_name(body[place : place + 4]) for place in range(68, len(body), 4)]
        offers: dict[str, Sequence[str]] = {}
        for place, kind in enumerate(KINDS):
            count = flags >> 16 - 4 * place & 15
            offers[kind], names = tuple(names[:count]), names[count:]
            if len(offers[kind]) != count:
                raise MalformedError("a Hello shorter than its lists")
        return cls(body[20:52], body[52:64], offers, body[:4], body[4:20])


@dataclass(frozen=True)
class Commit:
    """Who begins, and with what (section 5.4)."""

    h2: bytes
    zid: bytes
    choice: Choice
    hvi: bytes

    def encode(self) -> bytes:
        """Without its MAC."""
        names = b"".join(_block(getattr(self.choice, kind)) for kind in KINDS)
        body = self.h2 + self.zid + names + self.hvi
        return wire.head("Commit", len(body) + MAC_OCTETS) + body

    @classmethod
    def decode(cls, message: bytes) -> Commit:
        """Of a whole message; only those of a Diffie-Hellman exchange are taken."""
        body = _body(message, 96 + MAC_OCTETS)
        names = [_name(body[44 + place : 48 + place]) for place in range(0, 20, 4)]
        return cls(body[:32], body[32:44], Choice(*names), body[64:96])


@dataclass(frozen=True)
class DHPart:
    """Half an exchange and the names of the secrets that are kept (sections 5.5 and 5.6)."""

    kind: str
    h1: bytes
    secrets: tuple[bytes, bytes, bytes, bytes]
    """The identifiers of rs1, rs2, auxsecret and pbxsecret."""
    public: bytes

    def encode(self) -> bytes:
        """Without its MAC."""
        body = self.h1 + b"".join(self.secrets) + self.public
        return wire.head(self.kind, len(body) + MAC_OCTETS) + body

    @classmethod
    def decode(cls, message: bytes, agreement: str) -> DHPart:
        """Of a whole message."""
        body = _body(message, 64 + PUBLIC_OCTETS[agreement] + MAC_OCTETS)
        ids = [body[32 + place : 40 + place] for place in range(0, 32, 8)]
        return cls(wire.kind(message), body[:32], (ids[0], ids[1], ids[2], ids[3]), body[64:-MAC_OCTETS])


@dataclass(frozen=True)
class Confirm:
    """The proof of having the keys (section 5.7)."""

    kind: str
    h0: bytes
    flags: int
    expires: int = 0xFFFFFFFF
    """Seconds for which the secret may be kept."""

    def encode(self, mac_key: bytes, key: bytes, vector: bytes) -> bytes:
        """Encrypted and authenticated."""
        clear = self.h0 + struct.pack("!II", self.flags, self.expires)
        secret = Cipher(algorithms.AES(key), CFB(vector)).encryptor().update(clear)
        body = mac(mac_key, secret)[:MAC_OCTETS] + vector + secret
        return wire.head(self.kind, len(body)) + body

    @classmethod
    def decode(cls, message: bytes, mac_key: bytes, key: bytes) -> Confirm:
        """Of a whole message.

        Raises:
            PermissionError: the MAC is wrong.
        """
        body = _body(message, 24 + 40, at_least=True)
        secret = body[24:]
        if mac(mac_key, secret)[:MAC_OCTETS] != body[:MAC_OCTETS]:
            raise PermissionError("wrong confirm MAC")
        clear = Cipher(algorithms.AES(key), CFB(body[8:24])).decryptor().update(secret)
        flags, expires = struct.unpack_from("!II", clear, 32)
        return cls(wire.kind(message), clear[:32], flags & 255, expires)


def simple(kind: str) -> bytes:
    """HelloACK, Conf2ACK and ErrorACK: a type alone."""
    return wire.head(kind, 0)


def error(code: int) -> bytes:
    """Section 5.9."""
    return wire.head("Error", 4) + struct.pack("!I", code)


def go_clear(mac_key: bytes) -> bytes:
    """The wish to speak in clear, well sealed (section 5.11)."""
    return wire.head("GoClear", MAC_OCTETS) + mac(mac_key, b"GoClear ")[:MAC_OCTETS]


def ping_ack(ping: bytes, endpoint: bytes, ssrc: int) -> bytes:
    """The answer to a Ping (section 5.16)."""
    body = VERSION + endpoint + ping[16:24] + struct.pack("!I", ssrc)
    return wire.head("PingACK", len(body)) + body


def _body(message: bytes, octets: int, at_least: bool = False) -> bytes:
    body = message[12:]
    if len(body) < octets or (len(body) != octets and not at_least):
        raise MalformedError(f"a {wire.kind(message)} of {len(message)} octets")
    return body


def _block(name: str) -> bytes:
    return name.ljust(4).encode()


def _name(block: bytes) -> str:
    return block.decode("ascii", "replace").rstrip()
