"""What two parties may agree on (RFC 6189 section 5.1), and the two key agreements that are made here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from tests.rig import srtp
from tests.rig.zrtp.wire import MalformedError

KINDS = ("hash", "cipher", "auth", "agreement", "sas")
"""The five that a Hello lists and a Commit names, in their order."""

OFFERED: Mapping[str, tuple[str, ...]] = {
    "hash": ("S256",),
    "cipher": ("AES3", "AES1"),
    "auth": ("HS80", "HS32"),
    "agreement": ("EC25", "DH3k"),
    "sas": ("B32", "B256"),
}
"""What a party offers unless it is told otherwise, best first."""

MANDATORY: Mapping[str, tuple[str, ...]] = {
    "hash": ("S256",),
    "cipher": ("AES1",),
    "auth": ("HS32", "HS80"),
    "agreement": ("DH3k", "Mult"),
    "sas": ("B32",),
}
"""What everybody has, listed or not (sections 5.1.2 to 5.1.6)."""

KEY_OCTETS = {"AES1": 16, "AES3": 32}

SUITES = {
    ("AES1", "HS80"): "AES_CM_128_HMAC_SHA1_80",
    ("AES1", "HS32"): "AES_CM_128_HMAC_SHA1_32",
    ("AES3", "HS80"): "AES_256_CM_HMAC_SHA1_80",
    ("AES3", "HS32"): "AES_256_CM_HMAC_SHA1_32",
}


@dataclass(frozen=True)
class Choice:
    """What a Commit names."""

    hash: str
    cipher: str
    auth: str
    agreement: str
    sas: str

    @property
    def suite(self) -> srtp.Suite:
        """Of SRTP."""
        return srtp.SUITES[SUITES[self.cipher, self.auth]]


def choose(ours: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]]) -> Choice:
    """Of what both have, the best by our order.

    Raises:
        LookupError: there is nothing of a kind in common, which two parties that keep to the RFC cannot have.
    """
    found = {}
    for kind in KINDS:
        known = [name for name in ours[kind] if name in theirs[kind] or name in MANDATORY[kind]]
        if not known:
            raise LookupError(f"no {kind} in common")
        found[kind] = known[0]
    return Choice(**found)


class Exchange(Protocol):
    """One party's half of a key agreement."""

    public: bytes

    def shared(self, peer: bytes) -> bytes:
        """DHResult (section 4.4.1.4).

        Raises:
            MalformedError: the peer's public value is none.
        """


class FiniteField:
    """DH3k: group 15 of RFC 3526, of 3072 bits."""

    OCTETS = 384

    def __init__(self) -> None:
        self._secret = secrets.randbits(512)
        self.public = pow(2, self._secret, PRIME).to_bytes(self.OCTETS)

    def shared(self, peer: bytes) -> bytes:
        value = int.from_bytes(peer)
        if not 1 < value < PRIME - 1:
            raise MalformedError("a public value of 0, 1, p-1 or beyond")
        return pow(value, self._secret, PRIME).to_bytes(self.OCTETS)


class Curve:
    """EC25: the curve P-256; a public value is x and y, the result is x."""

    OCTETS = 64

    def __init__(self) -> None:
        self._secret = ec.generate_private_key(ec.SECP256R1())
        numbers = self._secret.public_key().public_numbers()
        self.public = numbers.x.to_bytes(32) + numbers.y.to_bytes(32)

    def shared(self, peer: bytes) -> bytes:
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + peer)
        except ValueError as error:
            raise MalformedError("a public value that is not on the curve") from error
        return self._secret.exchange(ec.ECDH(), point)


EXCHANGES: Mapping[str, Callable[[], Exchange]] = {"DH3k": FiniteField, "EC25": Curve}
PUBLIC_OCTETS = {"DH3k": FiniteField.OCTETS, "EC25": Curve.OCTETS}


def _pi(bits: int) -> int:
    """The whole part of pi times 2**bits, by Machin's formula."""

    def arctan(inverse: int) -> int:
        unit = 1 << bits + 64
        power = total = unit // inverse
        turn, odd = -1, 3
        while power:
            power //= inverse * inverse
            total += turn * (power // odd)
            turn, odd = -turn, odd + 2
        return total

    return 4 * (4 * arctan(5) - arctan(239)) >> 64


PRIME = 2**3072 - 2**3008 - 1 + 2**64 * (_pi(2942) + 1690314)
"""RFC 3526 section 4 gives it by this formula, and as digits."""
