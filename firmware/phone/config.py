"""The configuration, phone.toml: strict, every fault at once, each with its remedy.

The table of options is in ``config_types``; nothing else knows what may be configured.
"""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

from firmware.phone.config_files import Secret
from firmware.phone.config_read import read
from firmware.phone.config_text import dump, reference
from firmware.phone.config_types import Account, Audio, Config, Contact, Media, Phone, Privacy, Sip, Watcher
from firmware.phone.errors import ConfigError
from firmware.phone.values import Encryption

__all__ = [
    "Account",
    "Audio",
    "Config",
    "Contact",
    "Media",
    "Phone",
    "Privacy",
    "Secret",
    "Sip",
    "Watcher",
    "dump",
    "load",
    "open_to_all",
    "reference",
    "weakenings",
]

LARGEST = 256 * 1024


def load(path: Path | None) -> Config:
    """The configuration in the file, or all defaults without one.

    Raises ``ConfigError`` with one line for each fault: file, key, what is wrong, what would be right.
    """
    if path is None:
        return Config()
    document, fault = _parse(path)
    config, faults = read(document, path.absolute().parent, path) if not fault else (None, [fault])
    if config is None:
        raise ConfigError([f"{path.name}: {line}" for line in faults])
    return config


def _parse(path: Path) -> tuple[dict[str, object], str]:
    """What TOML says, or why it says nothing."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        return {}, f"cannot be read: {error.strerror}; correct the name or the rights of the file"
    if len(raw) > LARGEST:
        return {}, f"is larger than {LARGEST // 1024} KiB; this is not a configuration"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - before.rfind(b"\n")
        return {}, f"line {before.count(10) + 1}, column {column}: is not UTF-8; save the file as UTF-8"
    try:
        return tomllib.loads(text), ""
    except RecursionError:
        return {}, "has brackets in brackets without end; no option needs that"
    except ValueError as error:
        return {}, _syntax_fault(str(error))


def _syntax_fault(message: str) -> str:
    match = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", message, re.DOTALL)
    said, place = match.groups() if match else (message, "somewhere")
    return f'{place}: is not TOML: {ascii(said)[1:-1]}; write lines such as key = "text" below a [table]'


def open_to_all(config: Config) -> bool:
    """Whether every user of the machine may read (or write) the file that the configuration is from."""
    try:
        mode = config.source.stat().st_mode if config.source else 0
    except OSError:
        return False
    return bool(mode & (stat.S_IROTH | stat.S_IWOTH))


def weakenings(config: Config) -> list[str]:
    """What the configuration makes weaker than the defaults, one plain sentence each with its remedy."""
    found = []
    transport, encryption = config.sip.transport, config.media.encryption
    if transport != "tls":
        found.append(
            f'SIP is sent unencrypted (sip.transport = "{transport}"): '
            'anyone on the way can read whom you call. Remedy: remove the line or write "tls".'
        )
    if encryption is Encryption.PROVIDER and transport != "tls":
        found.append(
            "The keys of calls may be sent unencrypted "
            f'(media.encryption = "provider" with sip.transport = "{transport}"): '
            "anyone on the way can then listen. Remedy: remove both lines."
        )
    elif encryption is Encryption.PROVIDER:
        found.append(
            'Your provider can listen to calls (media.encryption = "provider"). '
            'Remedy: remove the line or write "end-to-end".'
        )
    if config.media.allow_clear:
        found.append(
            "Calls without any encryption are possible after consent (media.allow_clear = true): "
            "anyone on the way can listen to them. Remedy: remove the line or write false."
        )
    return found
