"""The secret that a telephone shares with who looks after it: 128 random bits, as 40 digits to be typed.

From it come the name of the telephone's file and the key to it (HKDF, RFC 5869). The last digit is a check
digit (Luhn, ISO/IEC 7812-1 annex B), so that a mistake in typing is told at once.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.phone.errors import ProvisioningError

BITS = 128
DIGITS = 39
"""Decimal digits of 128 bits, without the check digit."""

GROUP = 5


def new() -> str:
    """A code, in groups of five digits."""
    return shown(secrets.randbits(BITS))


def shown(number: int) -> str:
    digits = f"{number:0{DIGITS}d}"
    digits += str(_check(digits))
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))


def secret(text: str) -> bytes:
    """The 16 octets that a code stands for. Raises ``ProvisioningError``, which never repeats it."""
    digits = "".join(text.split())
    if len(digits) != DIGITS + 1 or not (digits.isascii() and digits.isdigit()):
        raise ProvisioningError(
            f"a code has {DIGITS + 1} digits; this one has another number, or other signs"
        )
    if _check(digits[:-1]) != int(digits[-1]) or int(digits[:-1]) >> BITS:
        raise ProvisioningError("a digit of the code is wrong; compare it with the paper, group by group")
    return int(digits[:-1]).to_bytes(BITS // 8, "big")


def name(of: bytes) -> str:
    """The file's name on the server: it tells nobody which telephone it is for, nor the key to it."""
    return _derived(of, b"sottovoce provisioning: name", 16).hex()


def key(of: bytes) -> bytes:
    """The key for A256GCM."""
    return _derived(of, b"sottovoce provisioning: key", 32)


def _derived(of: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, None, purpose).derive(of)


def _check(digits: str) -> int:
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return -sum(n - 9 if n > 9 else n for n in doubled) % 10
