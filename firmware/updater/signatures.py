"""The release manifest's own signature: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204), both required.

It stands beside TUF's signatures: whoever breaks one kind of mathematics, or steals one set of keys, cannot
make a release. The public keys are in the image.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from firmware.phone.errors import UpdateError

FORMAT = 1
DOMAIN = b"sottovoce release manifest, format 1\n"
"""Comes before the manifest in what is signed: no signature of anything else passes for one of a release."""

_LONGEST = 64 * 1024
_MOST = 8
"""Keys in a file of keys, signatures in a file of signatures."""

_NOT_SIGNED = "the release is not signed by its makers; it is not installed"
_NOT_SIGNED_NOTICES = "they are not signed by the makers of this firmware"


@dataclass(frozen=True)
class ReleaseKey:
    """A pair of public keys, in their raw octets (32 and 1952), that sign together."""

    ed25519: bytes
    mldsa65: bytes

    @property
    def id(self) -> str:
        """SHA-256 over both, in hex."""
        return hashlib.sha256(self.ed25519 + self.mldsa65).hexdigest()


@dataclass(frozen=True)
class Signature:
    """Both signatures of one pair of keys, raw (64 and 3309 octets)."""

    key: str
    ed25519: bytes
    mldsa65: bytes


def verify(
    manifest: bytes, signatures: Sequence[Signature], keys: Sequence[ReleaseKey], domain: bytes = DOMAIN
) -> str:
    """The id of the pair that signed ``manifest`` with both its keys. Raises UpdateError when none did.

    ``domain``: of what kind of file the signatures are.
    """
    known = {key.id: key for key in keys}
    for signature in signatures:
        key = known.get(signature.key)
        if key is not None and _both(key, signature, domain + manifest):
            return key.id
    raise UpdateError(_NOT_SIGNED if domain == DOMAIN else _NOT_SIGNED_NOTICES)


def _both(key: ReleaseKey, signature: Signature, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.ed25519).verify(signature.ed25519, signed)
        MLDSA65PublicKey.from_public_bytes(key.mldsa65).verify(signature.mldsa65, signed)
    except InvalidSignature:
        return False
    return True


def read_signatures(octets: bytes) -> tuple[Signature, ...]:
    """The signatures of a file of them. Raises UpdateError."""
    try:
        return tuple(
            Signature(str(item["key"]), _octets(item, "ed25519", 64), _octets(item, "mldsa65", 3309))
            for item in _items(octets, "signatures")
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UpdateError(f"the release's signature is not readable ({error}); it is not installed") from None


def write_signatures(signatures: Sequence[Signature]) -> bytes:
    items = [{"key": s.key, "ed25519": _text(s.ed25519), "mldsa65": _text(s.mldsa65)} for s in signatures]
    return _written("signatures", items)


def read_keys(octets: bytes) -> tuple[ReleaseKey, ...]:
    """The public keys of the image's file of them. Raises UpdateError."""
    try:
        keys = tuple(
            ReleaseKey(_octets(item, "ed25519", 32), _octets(item, "mldsa65", 1952))
            for item in _items(octets, "keys")
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UpdateError(f"the file of release keys is not readable ({error})") from None
    if not keys:
        raise UpdateError("the file of release keys holds none; nothing can be installed with it")
    return keys


def write_keys(keys: Sequence[ReleaseKey]) -> bytes:
    return _written("keys", [{"ed25519": _text(k.ed25519), "mldsa65": _text(k.mldsa65)} for k in keys])


def _items(octets: bytes, name: str) -> list[dict[str, Any]]:
    if len(octets) > _LONGEST:
        raise ValueError("too long")
    value = json.loads(octets)
    items = value[name]
    if value["format"] != FORMAT or not isinstance(items, list) or len(items) > _MOST:
        raise ValueError("another format")
    return items


def _written(name: str, items: list[dict[str, str]]) -> bytes:
    return json.dumps({"format": FORMAT, name: items}, indent=1).encode() + b"\n"


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(item: dict[str, Any], name: str, length: int) -> bytes:
    octets = base64.b64decode(item[name], validate=True)
    if len(octets) != length:
        raise ValueError(f"{name} has a wrong length")
    return octets
