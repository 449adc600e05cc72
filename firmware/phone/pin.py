"""The PIN of the keypad lock: which one may be chosen, how it is kept, the wait after wrong ones. Pure.

It is kept as an Argon2id hash (RFC 9106) in the PHC string form, which names its parameters: 32 MiB and
three passes, the second recommended choice of RFC 9106 with half of its memory: a Raspberry Pi Zero 2 W has
512 MiB, and the telephone's unit 256.
Few digits are few guesses whatever a guess costs; what stops somebody at the keypad is the wait.
"""

from __future__ import annotations

import os
from itertools import pairwise

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from firmware.phone.language.phrase import phrase

SHORTEST, LONGEST = 4, 8
"""Digits."""

MEMORY_KIB, PASSES, LANES = 32 * 1024, 3, 1
_SALT, _HASH = 16, 32

LENGTH = phrase("{low} to {high} digits", low=SHORTEST, high=LONGEST)
EASY = phrase("Too easy to guess")

FREE = 3
"""Wrong PINs in a row until the first wait."""

FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0
"""Seconds. Each further wrong PIN doubles the wait: a hundred guesses take four days."""


def why_not(pin: str) -> str:
    """Why this may not be chosen, or ""."""
    if not SHORTEST <= len(pin) <= LONGEST or not pin.isdecimal():
        return LENGTH
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return EASY if steps in ({0}, {1}, {9}) else ""


def hashed(pin: str) -> str:
    """What is kept of a PIN. Takes some tenths of a second on a slow board."""
    made = Argon2id(
        salt=os.urandom(_SALT), length=_HASH, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    )
    return made.derive_phc_encoded(pin.encode())


def fits(pin: str, kept: str) -> bool:
    """Whether this is the PIN of which ``kept`` is kept; compared in constant time."""
    try:
        Argon2id.verify_phc_encoded(pin.encode(), kept)
    except (InvalidKey, ValueError):
        return False
    return True


def wait(wrong: int) -> float:
    """Seconds until the next try after so many wrong PINs in a row."""
    if wrong < FREE:
        return 0.0
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(wrong - FREE, 20))
