"""The configuration, phone.toml: strict, every fault at once, each with its remedy.

The table of options is in ``config_types``; nothing else knows what may be configured.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

from firmware.phone.config_files import Secret
from firmware.phone.config_read import read
from firmware.phone.config_text import dump, reference
from firmware.phone.config_types import (
    Account,
    Audio,
    Block,
    Config,
    Contact,
    Media,
    Network,
    Phone,
    Privacy,
    Sip,
    Watcher,
)
from firmware.phone.errors import ConfigError
from firmware.phone.providers.fill import fill
from firmware.phone.values import Encryption

__all__ = [
    "Account",
    "Audio",
    "Block",
    "Config",
    "Contact",
    "Media",
    "Network",
    "Phone",
    "Privacy",
    "Secret",
    "Sip",
    "Watcher",
    "dump",
    "load",
    "reference",
    "weakenings",
]

LARGEST = 256 * 1024


CREDENTIAL = "account-password"
"""The name of the password among systemd's credentials (systemd.exec(5)), for an account that names none;
that of the second account ends in "-2"."""


def load(path: Path | None, files: bool = True) -> Config:
    """The configuration in the file, or all defaults without one.

    ``files``: False for who may not read passwords, keys and certificates: then they are left out.
    Raises ``ConfigError`` with one line for each fault: file, key, what is wrong, what would be right.
    """
    if path is None:
        return Config()
    document, mode, fault = _parse(path)
    if fault:
        raise ConfigError([f"{path.name}: {fault}"])
    tables = (*_account_tables(document), document.get("guest"))
    inside = any("password" in table for table in tables if isinstance(table, dict))
    config = judged(document, path, files)
    return replace(config, password_exposed=inside and bool(mode & (stat.S_IRWXG | stat.S_IRWXO)))


def judged(document: dict[str, object], path: Path, files: bool = True) -> Config:
    """What ``document`` says when it stands in ``path``. Raises ``ConfigError`` as ``load`` does."""
    accounts = _account_tables(document)
    if files:
        for number, account in enumerate(accounts, start=1):
            _take_credential(account, CREDENTIAL if number == 1 else f"{CREDENTIAL}-{number}")
    else:
        for account in accounts:
            account.setdefault("password", "-")
        document = _without_files(document)
    profiled = fill(document)
    config, faults = read(document, _folder(path), path)
    if config is None:
        raise ConfigError([f"{path.name}: {_asked(line, profiled.asks)}" for line in faults])
    return replace(config, profiled=profiled.notes)


def _account_tables(document: dict[str, object]) -> list[dict[str, object]]:
    written = document.get("account")
    return [one for one in (written if isinstance(written, list) else [written]) if isinstance(one, dict)]


def _folder(path: Path) -> Path:
    """Where relative names of files begin: beside the file itself, where ``path`` is a link to it."""
    return (path.resolve() if path.is_symlink() else path.absolute()).parent


def _asked(fault: str, asks: dict[str, str]) -> str:
    """A fault of a missing key, with what the provider calls it."""
    at, _, what = fault.partition(": ")
    return f"{fault} ({asks[at]})" if at in asks and what.startswith("is missing") else fault


def _take_credential(account: dict[str, object], name: str) -> None:
    """Name systemd's credential as the password's file where there is one, and no other password."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or account.keys() & {"password", "password_file"}:
        return
    if (file := Path(folder) / name).exists():
        account["password_file"] = str(file)


def _without_files(table: dict[str, object]) -> dict[str, object]:
    """``table`` and those in it without what is in files; a password is then one that nobody has."""
    kept: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            kept[name] = _without_files(value)
        elif isinstance(value, list):
            kept[name] = [_without_files(one) if isinstance(one, dict) else one for one in value]
        elif name not in _FILES:
            kept[name] = value
    if table.keys() & {"password", "password_file"}:
        kept["password"] = "-"  # noqa: S105 - stands for the one that is not read
    return {name: value for name, value in kept.items() if name not in _LISTS_OF_FILES}


_LISTS_OF_FILES = {"files"}
_FILES = {
    "password", "password_file", "ca_file", "cert_file", "key_file", "caller_certificates",
    "identity_cert", "identity_key", "identity_url",
}  # fmt: skip


def _parse(path: Path) -> tuple[dict[str, object], int, str]:
    """What TOML says and the file's mode, or why it says nothing."""
    mode = 0
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(LARGEST + 1)
    except OSError as error:
        return {}, mode, f"cannot be read: {error.strerror}; correct the name or the rights of the file"
    if len(raw) > LARGEST:
        return {}, mode, f"is larger than {LARGEST // 1024} KiB; this is not a configuration"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - before.rfind(b"\n")
        return {}, mode, f"line {before.count(10) + 1}, column {column}: is not UTF-8; save the file as UTF-8"
    try:
        return tomllib.loads(text), mode, ""
    except RecursionError:
        return {}, mode, "has brackets in brackets without end; no option needs that"
    except ValueError as error:
        return {}, mode, _syntax_fault(str(error))


def _syntax_fault(message: str) -> str:
    match = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", message, re.DOTALL)
    said, place = match.groups() if match else (message, "somewhere")
    return f'{place}: is not TOML: {ascii(said)[1:-1]}; write lines such as key = "text" below a [table]'


def weakenings(config: Config) -> list[str]:
    """What the configuration makes weaker than the defaults, one plain sentence each with its remedy."""
    found = []
    transport, encryption = config.sip.transport, config.media.encryption
    if transport != "tls":
        found.append(
            f'SIP is sent unencrypted (sip.transport = "{transport}"): '
            'anyone on the way can read whom you call. Remedy: remove the line or write "tls".'
        )
    for account in config.accounts:
        if account.transport not in ("", "tls", transport):
            found.append(
                f"SIP of the account {account.label} is sent unencrypted "
                f'(account.transport = "{account.transport}"): '
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
    if config.password_exposed and config.source is not None:
        found.append(
            f"The account's password stands in {config.source.name}, which other users of this machine may "
            f"read or change. Remedy: run chmod 600 {shlex.quote(str(config.source))}, "
            "or move the password to a file of its own (account.password_file)."
        )
    if any(account.preferred_identity for account in config.accounts):
        found.append(
            "Your provider is told in each anonymous call who calls (account.preferred_identity = true), "
            "and has to keep it to itself. Remedy: remove the line or write false."
        )
    return found
