"""What is derived from the shared secret (RFC 6189 sections 4.4.1.4 and 4.5)."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tests.rig import srtp
from tests.rig.zrtp import words
from tests.rig.zrtp.algorithms import KEY_OCTETS, Choice


def digest(*parts: bytes) -> bytes:
    """S256."""
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC with S256."""
    return hmac.digest(key, b"".join(parts), hashlib.sha256)


def kdf(key: bytes, label: str, context: bytes, bits: int) -> bytes:
    """Section 4.5.1: NIST SP 800-108 in counter mode, one round of it."""
    made = mac(key, struct.pack("!I", 1), label.encode(), b"\0", context, struct.pack("!I", bits))
    return made[: bits // 8]


def shared_secret(result: bytes, zids: Sequence[bytes], total: bytes, secrets: Sequence[bytes]) -> bytes:
    """s0 of section 4.4.1.4.

    Args:
        result: DHResult.
        zids: the initiator's and the responder's.
        total: total_hash.
        secrets: s1, s2 and s3, each empty if there is none.
    """
    joined = b"".join(struct.pack("!I", len(secret)) + secret for secret in secrets)
    return digest(struct.pack("!I", 1), result, b"ZRTP-HMAC-KDF", *zids, total, joined)


@dataclass(frozen=True)
class Keys:
    """All that two parties have in common once they have s0; the first of each pair is the initiator's."""

    mac: tuple[bytes, bytes]
    zrtp: tuple[bytes, bytes]
    srtp: tuple[srtp.Session, srtp.Session]
    retained: bytes
    """The next rs1."""
    sas: bytes
    """sasvalue, 32 bits."""
    session: bytes
    """ZRTPSess, of which the keys of further streams are made."""

    @property
    def base32(self) -> str:
        """The SAS in four characters."""
        return words.base32(self.sas)

    @property
    def words(self) -> str:
        """The SAS in two words."""
        return words.base256(self.sas)


def derive(s0: bytes, context: bytes, choice: Choice) -> Keys:
    """Sections 4.5.2 and 4.5.3. ``context``: ZIDi, ZIDr and total_hash."""
    bits = 8 * KEY_OCTETS[choice.cipher]
    sides = ("Initiator", "Responder")
    sessions = [
        srtp.Session(
            choice.suite,
            kdf(s0, f"{side} SRTP master key", context, bits),
            kdf(s0, f"{side} SRTP master salt", context, 112),
            f"ZRTP {choice.suite.name}, {side.lower()}",
        )
        for side in sides
    ]
    macs = [kdf(s0, f"{side} HMAC key", context, 256) for side in sides]
    ciphers = [kdf(s0, f"{side} ZRTP key", context, bits) for side in sides]
    return Keys(
        (macs[0], macs[1]),
        (ciphers[0], ciphers[1]),
        (sessions[0], sessions[1]),
        kdf(s0, "retained secret", context, 256),
        kdf(s0, "SAS", context, 256)[:4],
        kdf(s0, "ZRTP Session Key", context, 256),
    )
