"""Records on the disk, each encrypted with a key of its own that can be destroyed alone.

Two files for each vault, in the state directory::

    NAME.records   b"SVAULT1\\n", then for each record: slot (2 octets), nonce (12), ciphertext
                   (ChaCha20-Poly1305, RFC 8439); replaced as a whole, by a new file and a rename
    NAME.keys      32 octets for each slot, zeros = no key; written in place, never copied or replaced

A record comes as: key, fsync, records. It goes as: zeros over the key, fsync, records. Whatever moment the
power goes at, a record is there with its key, or its key is gone or belongs to nothing and goes at the next
start. All records have one length on the disk; nothing of them is in clear, their time and direction neither.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from firmware.phone.stored_form import LONGEST

SLOTS = 100
"""Records that one vault holds."""

_MAGIC = b"SVAULT1\n"
_KEY, _SLOT, _NONCE, _TAG = 32, 2, 12, 16
_PLAIN = 2 + LONGEST
_CELL = _SLOT + _NONCE + _PLAIN + _TAG
_NO_KEY = bytes(_KEY)
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


class Vault:
    """``folder`` must exist. Every method but the constructor may raise OSError; see ``sweep``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._records = folder / f"{name}.records"
        self._keys = folder / f"{name}.keys"
        self._cells: dict[int, bytes] = {}
        self._doomed: set[int] = set()

    def load(self) -> tuple[dict[int, bytes], bool]:
        """The records by slot, and whether something was damaged. What is damaged is destroyed.

        After an OSError nothing is known of them: ``sweep`` destroys them all.
        """
        self._doomed = set(range(SLOTS))
        found, damaged = self._loaded()
        self._doomed = set()
        return found, damaged

    def _loaded(self) -> tuple[dict[int, bytes], bool]:
        for path in (self._new(self._records), self._new(self._keys)):
            path.unlink(missing_ok=True)
        if not self._records.exists() and not self._keys.exists():
            return {}, False
        keys = self._keys.read_bytes() if self._keys.exists() else b""
        raw = self._records.read_bytes() if self._records.exists() else _MAGIC
        cells = _cells(raw)
        if len(keys) != SLOTS * _KEY or cells is None:
            self.destroy()
            return {}, True
        found, damaged = self._decrypted(keys, cells)
        self._cells = {slot: cells[slot] for slot in found}
        self._doomed = {slot for slot in range(SLOTS) if _key(keys, slot) != _NO_KEY} - found.keys()
        if self._doomed or len(cells) != len(found) or not found:
            self._take_out()
        return found, damaged

    def _decrypted(self, keys: bytes, cells: dict[int, bytes]) -> tuple[dict[int, bytes], bool]:
        found: dict[int, bytes] = {}
        damaged = False
        for slot, cell in cells.items():
            if _key(keys, slot) == _NO_KEY:
                continue  # its key was destroyed; the power went before the record did
            try:
                cipher = ChaCha20Poly1305(_key(keys, slot))
                nonce, text = cell[_SLOT : _SLOT + _NONCE], cell[_SLOT + _NONCE :]
                found[slot] = _unpadded(cipher.decrypt(nonce, text, self._context(slot)))
            except InvalidTag:
                damaged = True
        return found, damaged

    def add(self, record: bytes) -> int:
        """Keep ``record``; returns its slot. Raises ValueError when it is too long or the vault is full."""
        self.sweep()
        slot = next((slot for slot in range(SLOTS) if slot not in self._cells), None)
        if slot is None or len(record) > LONGEST:
            raise ValueError(f"{self._name}: full, or the record is longer than {LONGEST} octets")
        if not self._keys.exists():
            self._replace(self._keys, bytes(SLOTS * _KEY))
        key, nonce = ChaCha20Poly1305.generate_key(), secrets.token_bytes(_NONCE)
        text = ChaCha20Poly1305(key).encrypt(nonce, _padded(record), self._context(slot))
        try:
            self._write_keys({slot: key})
            self._replace(self._records, self._file({**self._cells, slot: _number(slot) + nonce + text}))
        except OSError:
            self._doomed.add(slot)
            raise
        self._cells[slot] = _number(slot) + nonce + text
        return slot

    def remove(self, slots: Iterable[int]) -> None:
        """Destroy the keys of ``slots``, then their records."""
        self._doomed |= set(slots)
        self._cells = {slot: cell for slot, cell in self._cells.items() if slot not in self._doomed}
        self.sweep()

    def sweep(self) -> None:
        """Finish what an earlier OSError left undone: until then keys that have to go are still there."""
        if self._doomed:
            self._take_out()

    def destroy(self) -> None:
        """Zeros over all keys, then no files. Where there are none, nothing is touched."""
        self._cells = {}
        if any(path.exists() for path in (self._records, self._keys, self._new(self._records))):
            self._doomed = set(range(SLOTS))
            self._take_out()

    def _take_out(self) -> None:
        if self._cells:
            self._write_keys(dict.fromkeys(self._doomed, _NO_KEY))
            self._replace(self._records, self._file(self._cells))
        else:
            if self._keys.exists():
                self._overwrite(self._keys.stat().st_size)
            for path in (self._new(self._records), self._records, self._keys):
                path.unlink(missing_ok=True)
            self._sync_folder()
        self._doomed = set()

    def _write_keys(self, keys: dict[int, bytes]) -> None:
        descriptor = os.open(self._keys, os.O_RDWR | _FLAGS)
        try:
            for slot, key in keys.items():
                _write_at(descriptor, key, slot * _KEY)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _overwrite(self, size: int) -> None:
        """Zeros over the whole file of keys, whatever it holds."""
        descriptor = os.open(self._keys, os.O_RDWR | _FLAGS)
        try:
            for at in range(0, size, SLOTS * _KEY):
                _write_at(descriptor, bytes(min(SLOTS * _KEY, size - at)), at)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _replace(self, path: Path, content: bytes) -> None:
        descriptor = os.open(self._new(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS, mode=0o600)
        try:
            _write_at(descriptor, content, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(self._new(path), path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _file(self, cells: dict[int, bytes]) -> bytes:
        return _MAGIC + b"".join(cells.values())

    def _context(self, slot: int) -> bytes:
        """What is authenticated beside the record: a record moved to another place is damaged."""
        return f"sottovoce {self._name} {slot}".encode()

    @staticmethod
    def _new(path: Path) -> Path:
        return path.with_name(f"{path.name}.new")


def destroy_keys(folder: Path) -> None:
    """Zeros over every key of every vault in ``folder``: what they opened is noise. May raise OSError."""
    for path in sorted(folder.glob("*.keys")):
        descriptor = os.open(path, os.O_RDWR | _FLAGS)
        try:
            _write_at(descriptor, bytes(os.fstat(descriptor).st_size), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cells(raw: bytes) -> dict[int, bytes] | None:
    """The cells by slot, or None for a file that no vault wrote."""
    body = raw.removeprefix(_MAGIC)
    if len(body) == len(raw) or len(body) % _CELL:
        return None
    cells = [body[at : at + _CELL] for at in range(0, len(body), _CELL)]
    slots = [int.from_bytes(cell[:_SLOT], "big") for cell in cells]
    if len(set(slots)) != len(slots) or any(slot >= SLOTS for slot in slots):
        return None
    return dict(zip(slots, cells, strict=True))


def _key(keys: bytes, slot: int) -> bytes:
    return keys[slot * _KEY : (slot + 1) * _KEY]


def _number(slot: int) -> bytes:
    return slot.to_bytes(_SLOT, "big")


def _padded(record: bytes) -> bytes:
    return len(record).to_bytes(2, "big") + record + bytes(LONGEST - len(record))


def _unpadded(plain: bytes) -> bytes:
    return plain[2 : 2 + int.from_bytes(plain[:2], "big")]


def _write_at(descriptor: int, content: bytes, at: int) -> None:
    done = 0
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], at + done)
