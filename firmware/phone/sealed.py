"""One document of any length on the disk, encrypted with a key of its own that can be destroyed.

The key is the one record of a vault; the document is beside it, ``NAME-ID.sealed``: nonce and ciphertext
(ChaCha20-Poly1305, RFC 8439) of the compressed text. A new one is there, with its key, before the old key is
destroyed: whatever moment the power goes at, one of them can be read.
"""

from __future__ import annotations

import os
import secrets
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from firmware.phone.vault import Vault

LARGEST = 64 * 1024 * 1024
"""Octets of the document before it is compressed."""

_ID, _KEY, _NONCE = 8, 32, 12


class Sealed:
    """``folder`` must exist. Every method but the constructor may raise OSError."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._vault = Vault(folder, name)
        self._slots: list[int] = []

    def load(self) -> tuple[bytes | None, bool]:
        """The document, and whether something was damaged. What is of no use is destroyed."""
        found, damaged = self._vault.load()
        document: bytes | None = None
        keep: list[int] = []
        for slot, record in sorted(found.items()):
            read = self._read(record)
            damaged = damaged or read is None
            if read is not None and document is None:
                document, keep = read, [slot]
        self._vault.remove(set(found) - set(keep))
        self._slots = keep
        self._sweep([found[slot] for slot in keep])
        return document, damaged

    def keep(self, document: bytes) -> None:
        """This document and no other. Raises ValueError when it is too large."""
        if len(document) > LARGEST:
            raise ValueError(f"{self._name}: the document is larger than {LARGEST} octets")
        record = secrets.token_bytes(_ID) + ChaCha20Poly1305.generate_key()
        nonce = secrets.token_bytes(_NONCE)
        cipher = ChaCha20Poly1305(record[_ID:])
        sealed = nonce + cipher.encrypt(nonce, zlib.compress(document), self._name.encode())
        path = self._path(record)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode=0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(descriptor)
        before = self._slots
        self._slots = [self._vault.add(record)]
        self._vault.remove(before)
        self._sweep([record])

    def destroy(self) -> None:
        """The key first; without it the rest is noise."""
        self._slots = []
        self._vault.destroy()
        self._sweep([])

    def _read(self, record: bytes) -> bytes | None:
        if len(record) != _ID + _KEY or not self._path(record).exists():
            return None
        raw = self._path(record).read_bytes()
        try:
            plain = ChaCha20Poly1305(record[_ID:]).decrypt(raw[:_NONCE], raw[_NONCE:], self._name.encode())
        except (InvalidTag, ValueError):
            return None
        return zlib.decompressobj().decompress(plain, LARGEST)

    def _path(self, record: bytes) -> Path:
        return self._folder / f"{self._name}-{record[:_ID].hex()}.sealed"

    def _sweep(self, records: list[bytes]) -> None:
        kept = [self._path(record) for record in records]
        for path in self._folder.glob(f"{self._name}-*.sealed"):
            if path not in kept:
                path.unlink()
