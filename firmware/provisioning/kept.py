"""What the telephone remembers of its configuration from afar: so that no older one is ever taken."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware.phone.errors import ProvisioningError
from firmware.updater import disk


@dataclass(frozen=True)
class Kept:
    """``ticket``: whose this is. ``serial``: of the newest that was good. ``digest``: its SHA-256, as it lies
    on the disk. ``etag``: what the server called it. ``issuers``: who may sign the next one; empty: whom the
    ticket names. ``result``: how the last try went, in words. ``asked``: when.
    """

    ticket: str
    serial: int = 0
    digest: str = ""
    etag: str = ""
    issuers: tuple[str, ...] = ()
    result: str = ""
    asked: str = ""


def read(path: Path, ticket: str) -> Kept:
    """What is known of the configurations of this ticket; another ticket begins anew.

    Raises ``ProvisioningError`` for a file that says nothing clear: then nothing is taken, rather than
    something old.
    """
    try:
        found = json.loads(path.read_bytes())
        kept = Kept(
            str(found["ticket"]),
            int(found["serial"]),
            str(found["digest"]),
            str(found["etag"]),
            tuple(map(str, found["issuers"])),
            str(found["result"]),
            str(found["asked"]),
        )
        return kept if kept.ticket == ticket else Kept(ticket)
    except FileNotFoundError:
        return Kept(ticket)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ProvisioningError(
            f"{path} is damaged, so that nobody knows how new the configuration must be; erase it to begin "
            "anew"
        ) from error


def write(path: Path, kept: Kept) -> None:
    """Whole or not at all."""
    disk.replace(path, json.dumps(asdict(kept)).encode())
