"""What was typed at the first start: it counts as phone.toml as long as phone.toml itself says nothing."""

from __future__ import annotations

import hashlib
import logging
import os
import tomllib
from dataclasses import replace
from pathlib import Path

from firmware.phone import config as configuration
from firmware.phone.config import Config
from firmware.phone.config_text import toml
from firmware.phone.errors import ConfigError
from firmware.phone.machine.first_state import Provider
from firmware.updater import disk

log = logging.getLogger("sottovoce.typed")

FILE, DONE, MOVED = "typed.toml", "typed.done", "typed.moved"
"""In the state directory: a phone.toml, an empty file once the person has seen that it works, and the SHA-256
of the phone.toml into which the set-up page takes what was typed."""

FOLDER, TOLD = Path("/etc/sottovoce/typed"), "account.toml"
"""Where the telephone tells what the firewall's rules need of it (``firmware.network.first``)."""

TOLD_OPTIONS = ("provider", "domain", "accept_weaker")


def untouched(config: Config) -> bool:
    """Whether there is a phone.toml that says nothing, as one is flashed."""
    return config.source is not None and replace(config, source=None) == Config()


def effective(config: Config, state_dir: Path) -> Config:
    """``config``, or what was typed where it says nothing. A typed one that is damaged counts as none."""
    file = state_dir / FILE
    if not untouched(config) or not file.exists():
        return config
    try:
        return configuration.load(file)
    except ConfigError as error:
        log.error("what was typed at the first start cannot be used: %s", "; ".join(error.faults))
        return config


def text(state_dir: Path) -> str:
    """What was typed, as it lies there; "" where nothing was. Raises OSError and ``UnicodeDecodeError``."""
    try:
        return (state_dir / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def moves(state_dir: Path, after: str) -> None:
    """A phone.toml of the text ``after`` is to hold what was typed, once it is in place. Raises OSError."""
    disk.replace(state_dir / MOVED, _hashed(after.encode()).encode())


def settle(config: Config, state_dir: Path) -> None:
    """At a start: what phone.toml holds by now is kept here no more, and comes back from here no more.
    Raises OSError."""
    moved, file = state_dir / MOVED, state_dir / FILE
    if config.source is None or not moved.exists():
        return
    if moved.read_text() == _hashed(config.source.read_bytes()):
        file.unlink(missing_ok=True)
        disk.sync_folder(state_dir)
        moved.unlink()


def tell(config: Config, state_dir: Path, folder: Path) -> None:
    """Tell who makes the firewall's rules where the provider of a typed account is, and nothing else of it;
    where another configuration counts, nothing. Written only when it differs. Raises OSError."""
    if not os.access(folder, os.W_OK):
        return
    file, wanted = folder / TOLD, _told(text(state_dir)) if config.source == state_dir / FILE else ""
    present = file.read_text() if file.is_file() else ""
    if wanted and wanted != present:
        disk.replace(file, wanted.encode(), 0o640)
    elif not wanted:
        file.unlink(missing_ok=True)


def _told(written: str) -> str:
    account = tomllib.loads(written).get("account", {})
    return "".join(f"{name} = {toml(account[name])}\n" for name in TOLD_OPTIONS if name in account)


def _hashed(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def to_test(config: Config, state_dir: Path) -> bool:
    """Whether it was typed, and nobody has seen yet that it works."""
    return config.source == state_dir / FILE and not (state_dir / DONE).exists()


def providers() -> tuple[Provider, ...]:
    """What the first start offers: any provider, then those of the profiles."""
    from firmware.phone.providers.profile import every
    from firmware.phone.providers.told import weaker

    return (
        Provider(),
        *(
            Provider(one.word, one.name, tuple(one.ask), bool(weaker(one)), one.transport != "tls")
            for one in every()
        ),
    )
