"""The retained secrets of ZRTP (RFC 6189 section 4.9), one sealed record for each contact; in another vault,
the certificates of DTLS-SRTP that contacts know this telephone by.

The SIP thread asks and gives while the storage's thread writes. What was given counts at once, whatever
becomes of the write: a record that never reached the disk costs one step of RFC 6189's two (rs1 and rs2),
and no alarm.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from firmware.phone.stored_form import LONGEST
from firmware.phone.vault import SLOTS, Vault

log = logging.getLogger("sottovoce.storage")


@dataclass(frozen=True)
class KeepSecrets:
    """What is to be written: the ``record`` of a contact, in the form of the SIP engine, shown nowhere."""

    contact: str
    record: str = field(repr=False)


class Retained:
    """``contacts``: whose records are kept, all others are destroyed. ``write`` hands a job to the storage's
    thread, the only one that calls ``load``, ``do`` and ``wipe``; these raise OSError.
    """

    def __init__(self, vault: Vault, contacts: Collection[str], write: Callable[[KeepSecrets], None]) -> None:
        self._vault = vault
        self._contacts = frozenset(contacts)
        self._write = write
        self._lock = threading.Lock()
        self._records: dict[str, str] = {}
        self._slots: dict[str, int] = {}

    # --- any thread ----------------------------------------------------------------------------------

    def find(self, contact: str) -> str:
        """The record of ``contact``, or ""."""
        with self._lock:
            return self._records.get(contact, "")

    def keep(self, contact: str, record: str) -> None:
        """From now on this is the record of ``contact``."""
        with self._lock:
            if contact not in self._contacts or self._records.get(contact) == record:
                return
            self._records[contact] = record
        self._write(KeepSecrets(contact, record))

    @property
    def number(self) -> int:
        with self._lock:
            return len(self._records)

    # --- the storage's thread ------------------------------------------------------------------------

    def load(self) -> bool:
        """Read what was kept. Returns whether something was damaged."""
        found, damaged = self._vault.load()
        useless = []
        for slot, raw in found.items():
            read = _read(raw)
            damaged = damaged or read is None
            # Two records of one contact: the power went before the older was destroyed. Either will do.
            if read is None or read.contact not in self._contacts or read.contact in self._slots:
                useless.append(slot)
                continue
            self._slots[read.contact] = slot
            with self._lock:
                self._records.setdefault(read.contact, read.record)
        self._vault.remove(useless)
        return damaged

    def do(self, job: KeepSecrets) -> None:
        """Write a record beside the old one, then destroy that."""
        if self.find(job.contact) != job.record:
            return  # a newer one waits, or all was erased
        raw = json.dumps({"contact": job.contact, "record": job.record}).encode()
        if len(raw) > LONGEST or (job.contact not in self._slots and len(self._slots) >= SLOTS - 1):
            log.warning("what is shared with a contact is not kept: there is no room")
            return
        before = self._slots.get(job.contact)
        self._slots[job.contact] = self._vault.add(raw)
        if before is not None:
            self._vault.remove([before])

    def wipe(self) -> None:
        with self._lock:
            self._records.clear()
        self._slots.clear()
        self._vault.destroy()


def _read(raw: bytes) -> KeepSecrets | None:
    try:
        fields = json.loads(raw)
        return KeepSecrets(str(fields["contact"]), str(fields["record"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
