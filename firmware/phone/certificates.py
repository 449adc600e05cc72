"""The certificates of DTLS-SRTP that contacts know this telephone by: one for each contact.

Two contacts cannot tell by them that they know the same telephone. What is kept is sealed like a call record,
under a hash of the contact's address; it is destroyed when the contact is no longer in phone.toml, and by a
wipe. Everybody else, and everybody while the call is private, sees a certificate that was made for that call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

from firmware.phone.sip import uri

LIFETIME = "until you remove the contact"


class Sealed(Protocol):
    """What is needed of a vault."""

    def load(self) -> tuple[dict[int, bytes], bool]: ...
    def add(self, record: bytes) -> int: ...
    def remove(self, slots: Iterable[int]) -> None: ...
    def sweep(self) -> None: ...
    def destroy(self) -> None: ...


class Certificates:
    """``of`` and ``keep`` may be called from any thread; the others from the storage's thread alone.

    ``contacts``: their addresses. ``later`` has the storage's thread call ``seal``.
    """

    def __init__(self, vault: Sealed, contacts: Iterable[str], later: Callable[[str, str], None]) -> None:
        self._vault = vault
        self._contacts = {name_of(contact) for contact in contacts}
        self._later = later
        self._kept: dict[str, str] = {}
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, contact: str) -> str | None:
        """Certificate and key (PEM) for calls with ``contact``, if there is one."""
        return self._kept.get(name_of(contact))

    def keep(self, contact: str, pem: str) -> None:
        """From now on this is the certificate for ``contact``, also should the disk not take it."""
        if name_of(contact) in self._contacts:
            self._kept[name_of(contact)] = pem
            self._later(name_of(contact), pem)

    def open(self) -> bool:
        """Load what was kept; those of nobody are destroyed. Returns whether something was damaged."""
        found, damaged = self._vault.load()
        useless = []
        for slot, raw in found.items():
            name, _, pem = raw.decode(errors="replace").partition("\n")
            if name in self._contacts and name not in self._slots and "PRIVATE KEY" in pem:
                self._kept[name], self._slots[name] = pem, slot
            else:
                useless.append(slot)
        self._vault.remove(useless)
        return damaged

    def seal(self, name: str, pem: str) -> None:
        """Write one that ``keep`` was given; not one that a wipe has taken meanwhile."""
        if self._kept.get(name) != pem:
            return
        if name in self._slots:
            self._vault.remove([self._slots.pop(name)])
        self._slots[name] = self._vault.add(f"{name}\n{pem}".encode())

    def sweep(self) -> None:
        """Finish what the disk left undone."""
        self._vault.sweep()

    def destroy(self) -> None:
        self._kept.clear()
        self._slots.clear()
        self._vault.destroy()


def name_of(contact: str) -> str:
    """Under what a contact's certificate is kept: of one length, whatever the address is."""
    try:
        who = uri.parse(contact)
        contact = f"{who.user}@{who.host}:{who.port or ''}"
    except ValueError:
        pass
    return hashlib.sha256(contact.encode(errors="replace")).hexdigest()[:32]
