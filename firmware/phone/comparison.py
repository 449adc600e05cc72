"""The comparison code of a call by DTLS-SRTP: 160 bits over both ends' certificates. Pure.

ZRTP needs four characters, for its commitment allows one guess in each call (RFC 6189 section 4.4.1.1). The
certificates of DTLS-SRTP are there before the call, so somebody between may try as many of his own as he can
compute, one against each end, until both see the same code: of n bits, 2^(n/2) tries. Why 160 and what a try
costs is in docs/adr/0007-the-comparison-code-of-dtls-srtp.md.
"""

from __future__ import annotations

import hashlib
import re

BITS = 160
GROUP = 4
"""Characters of five bits each: 32 of them, in groups."""

COST, BLOCK = 1 << 14, 8
"""scrypt's N and r (RFC 7914): 16 MB of memory for one code."""

ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"
"""The characters of a ZRTP code (z-base-32, RFC 6189 section 5.1.6), which are hard to mistake aloud."""

_DOMAIN = b"sottovoce comparison code 1"
_FINGERPRINT = re.compile(r"(sha-256|sha-384|sha-512) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})")


def code(one_end: str, other_end: str) -> str:
    """The code over two fingerprints as SDP has them ("sha-256 AB:CD:…"), in whatever order; or "".

    No code over a fingerprint by a hash that can be forged (SHA-1), or what is no fingerprint: a code that
    proves nothing must not be there to be compared.
    """
    ends = sorted(_canonical(end) for end in (one_end, other_end))
    if not all(ends):
        return ""
    secret = hashlib.scrypt(
        b"\0".join(ends), salt=_DOMAIN, n=COST, r=BLOCK, p=1, maxmem=256 * COST * BLOCK, dklen=BITS // 8
    )
    number = int.from_bytes(secret, "big")
    text = "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -1, -5))
    return " ".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def _canonical(fingerprint: str) -> bytes:
    """The hash's name in small letters, the octets in capitals (RFC 8122 section 5); else b""."""
    name, _, octets = fingerprint.strip().partition(" ")
    text = f"{name.lower()} {octets.strip().upper()}"
    return text.encode() if _FINGERPRINT.fullmatch(text) else b""
