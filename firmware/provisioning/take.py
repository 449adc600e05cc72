"""A configuration takes the place of the one in use: tried first, then whole or not at all.

The number of the new one is remembered before it is put in its place: after a power cut between the two the
same one is fetched again, and none that is older.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware.phone import config as configuration
from firmware.phone.errors import ConfigError, ProvisioningError
from firmware.provisioning import kept as keeping
from firmware.provisioning.judge import FILE, Offer
from firmware.provisioning.kept import Kept
from firmware.updater import disk

NAME = "phone.toml"
_TRIAL = "trial.toml"
_FILES = ("identity_cert", "identity_key", "caller_certificates")
_LISTS = ("files",)
_READABLE = 0o640


def digest_here(folder: Path) -> str:
    """SHA-256 of the configuration in use, "" without one."""
    try:
        return hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    except OSError:
        return ""


def take(offer: Offer, folder: Path, state: Path, kept: Kept, accept_weaker: bool) -> Kept:
    """Put it into ``folder`` as phone.toml; what is remembered then.

    Raises ``ProvisioningError``, and OSError: the one in use is then still there.
    """
    _names_only_what_came(offer)
    trial = folder / _TRIAL
    try:
        for name, content in offer.files.items():
            disk.replace(folder / name, content.encode())
            (folder / name).chmod(_READABLE)
        disk.replace(trial, offer.text.encode())
        _try(trial, accept_weaker)
        now = replace(kept, serial=offer.serial, digest=offer.digest, issuers=offer.issuers, etag="")
        keeping.write(state, now)
        trial.chmod(_READABLE)
        trial.replace(folder / NAME)
        disk.sync_folder(folder)
    finally:
        trial.unlink(missing_ok=True)
        _tidy(folder)
    return now


def _tidy(folder: Path) -> None:
    """Remove files that came with a configuration which is not in use (any more)."""
    try:
        document = tomllib.loads((folder / NAME).read_text())
    except (OSError, ValueError):
        document = {}
    named = json.dumps([table[key] for _, table, key in file_names(document)])
    for file in folder.iterdir():
        if FILE.fullmatch(file.name) and file.name not in named:
            file.unlink()


def _try(trial: Path, accept_weaker: bool) -> None:
    try:
        found = configuration.load(trial)
    except ConfigError as error:
        raise ProvisioningError(
            "the new configuration is wrong, the old one stays:\n"
            + "\n".join(fault.removeprefix(f"{_TRIAL}: ") for fault in error.faults)
        ) from None
    weaker = configuration.weakenings(replace(found, password_exposed=False))
    if weaker and not accept_weaker:
        raise ProvisioningError(
            "the new configuration is weaker than this telephone by itself, and its ticket does not allow "
            "that (accept_weaker = true); the old one stays:\n" + "\n".join(weaker)
        )


def _names_only_what_came(offer: Offer) -> None:
    """No file of the telephone can be named from afar: neither read, nor sent as a password."""
    try:
        document = tomllib.loads(offer.text)
    except (ValueError, RecursionError):
        return  # what is wrong with it, the trial says
    for path, table, key in file_names(document):
        names = table[key] if isinstance(table[key], list) else [table[key]]
        if any(name not in offer.files for name in names):
            raise ProvisioningError(
                f"the new configuration names a file that did not come with it ({path}); the old one stays"
            )


def file_names(table: dict[str, Any], at: str = "") -> list[tuple[str, dict[str, Any], str]]:
    """Where files are named in a configuration: how to call the place, the table, and the key in it."""
    found: list[tuple[str, dict[str, Any], str]] = []
    for key, value in table.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, dict):
            found += file_names(value, path)
        elif key.endswith("_file") or key in (*_FILES, *_LISTS):
            found.append((path, table, key))
        elif isinstance(value, list):
            found += [place for one in value if isinstance(one, dict) for place in file_names(one, path)]
    return found
