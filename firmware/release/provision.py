"""``sotto-release provision``: a signed and encrypted configuration for each telephone, as static files."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwcrypto import jwk

from firmware.phone import config as configuration
from firmware.phone.errors import ConfigError, ProvisioningError
from firmware.provisioning import code, sealed
from firmware.provisioning.take import file_names
from firmware.release import fleet
from firmware.release.fleet import CODES, COLUMN, TABLE, TEMPLATE, Row, Settings
from firmware.release.keys import KeyFolder

KEY = "fleet"
_MADE, _TICKETS, _SERVED = "made.json", "tickets", "served"
_RENEWED = 3
"""A file that says what it said is made anew after a third of the time that it is good for."""

_EXAMPLE = """\
# A phone.toml (docs/configuration.md) for all telephones: ${column} is that cell of phones.csv.
[account]
user = "${user}"
domain = "phone.example"
password = "${password}"
display_name = "${name}"

[phone]
country = "DE"
language = "de"
"""


def begin(folder: Path, url: str, keys: KeyFolder) -> list[str]:
    """Make a fleet's folder and its key; what to do next. Raises ``ProvisioningError``, ``UpdateError``."""
    if (folder / fleet.SETTINGS).exists():
        raise ProvisioningError(f"{folder} is a fleet already; nothing was changed")
    if not url:
        raise ProvisioningError("say where the files will be served: --url https://phones.example/folder/")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = (
        f'url = "{url}"\ndays = 90                       # so long a file may be taken after it was made\n'
    )
    fleet.secret_file(folder / fleet.SETTINGS, settings)
    try:
        fleet.settings(folder)
    except ProvisioningError:
        (folder / fleet.SETTINGS).unlink()
        raise
    keys.make_plain(KEY)
    fleet.secret_file(folder / TEMPLATE, _EXAMPLE)
    fleet.secret_file(folder / TABLE, f"{COLUMN},user,password,name\n")
    return [f"write {folder / TEMPLATE} and {folder / TABLE}, then: sotto-release provision make"]


def make(folder: Path, keys: KeyFolder, now: datetime) -> list[str]:
    """Write what is new; what was done, in words. Raises ``ProvisioningError``: then nothing was written."""
    settings, rows, template = fleet.settings(folder), fleet.table(folder), fleet.parsed(folder / TEMPLATE)
    made = [_made(folder, settings, template, row) for row in rows]
    faults = [fault for one in made if isinstance(one, list) for fault in one]
    if faults:
        raise ProvisioningError("\n".join(faults))
    issuer = _issuer(keys)
    codes, known = _codes(folder, rows), _known(folder)
    (folder / _SERVED).mkdir(exist_ok=True)
    (folder / _TICKETS).mkdir(mode=0o700, exist_ok=True)
    fleet.secret_file(folder / CODES, _csv(codes))
    served, written = set(), 0
    for row, one in zip(rows, made, strict=True):
        assert isinstance(one, dict)  # noqa: S101 - the faults were raised above
        secret = code.secret(codes[row.phone])
        name = code.name(secret)
        served.add(name)
        _ticket(folder, row.phone, settings, codes[row.phone], sealed.thumbprint(issuer))
        last = known.get(row.phone, {"digest": "", "serial": 0, "made": 0})
        digest = _digest([one, name, settings.issuers], issuer)
        age = timedelta(seconds=now.timestamp() - last["made"])
        if digest == last["digest"] and age < timedelta(days=settings.days) / _RENEWED and _at(folder, name):
            continue
        serial = max(int(now.timestamp()), last["serial"] + 1)
        ends = now + timedelta(days=settings.days)
        claims = one | {
            "iss": sealed.thumbprint(issuer),
            "sub": name,
            "iat": int(now.timestamp()),
            "exp": int(ends.timestamp()),
            "serial": serial,
            "issuers": [sealed.thumbprint(issuer), *settings.issuers],
        }
        _serve(folder / _SERVED / name, sealed.seal(claims, secret, issuer))
        known[row.phone] = {"digest": digest, "serial": serial, "made": int(now.timestamp())}
        written += 1
    gone = [file for file in (folder / _SERVED).iterdir() if file.name not in served]
    for file in gone:
        file.unlink()
    names = {row.phone for row in rows}
    _forget(folder, names)
    fleet.secret_file(folder / _MADE, json.dumps({k: v for k, v in known.items() if k in names}))
    return [
        f"signed by {sealed.thumbprint(issuer)}",
        f"{len(rows)} telephones: {written} files written, {len(rows) - written} as before, {len(gone)} "
        "removed",
        f"serve {folder / _SERVED} at {settings.url}; hand each telephone its file of {folder / _TICKETS}",
    ]


def _made(folder: Path, settings: Settings, template: dict[str, Any], row: Row) -> dict[str, Any] | list[str]:
    """What the telephone gets, or what is wrong with it."""
    where = f"{TABLE}, line {row.line} ({row.phone})"
    try:
        document = fleet.filled(template, row)
        files = _with_files(folder, document)
    except ProvisioningError as error:
        return [str(error)]
    text = fleet.written(document)
    with tempfile.TemporaryDirectory() as there:
        for name, content in files.items():
            (Path(there) / name).write_text(content)
        trial = Path(there) / "phone.toml"
        fleet.secret_file(trial, text)
        try:
            weaker = configuration.weakenings(configuration.load(trial))
        except ConfigError as error:
            return [f"{where}: {fault.removeprefix('phone.toml: ')}" for fault in error.faults]
    if weaker and not settings.accept_weaker:
        return [f"{where}: {line} Or write accept_weaker = true in {fleet.SETTINGS}." for line in weaker]
    return {"configuration": text, "files": files}


def _with_files(folder: Path, document: dict[str, Any]) -> dict[str, str]:
    """The files that are named, under names by their content, which are written in their place."""
    files: dict[str, str] = {}

    def named(value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [named(one, path) for one in value]
        if path.endswith("password_file"):
            raise ProvisioningError(f"{TEMPLATE}: {path}: write password itself; it travels encrypted")
        try:
            content = (folder / str(value)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ProvisioningError(f"{TEMPLATE}: {path}: there is no such file of text") from None
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        name = f"provisioned-{digest}.{'vcf' if str(value).endswith('.vcf') else 'pem'}"
        files[name] = content
        return name

    for path, table, key in file_names(document):
        table[key] = named(table[key], path)
    return files


def _issuer(keys: KeyFolder) -> jwk.JWK:
    pem = keys.plain(KEY).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return jwk.JWK.from_pem(pem)


def _digest(what: list[Any], issuer: jwk.JWK) -> str:
    said = json.dumps([*what, sealed.thumbprint(issuer)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _codes(folder: Path, rows: list[Row]) -> dict[str, str]:
    """The code of each telephone, new ones for those that have none."""
    path, known = folder / CODES, dict[str, str]()
    if path.exists():
        known = {row[0]: row[1] for row in csv.reader(path.read_text().splitlines()) if len(row) == 2}
    return {row.phone: known.get(row.phone) or code.new() for row in rows}


def _csv(codes: dict[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(codes.items())
    return text.getvalue()


def _known(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        found: dict[str, dict[str, Any]] = json.loads((folder / _MADE).read_text())
    except FileNotFoundError:
        return {}
    return found


def _ticket(folder: Path, phone: str, settings: Settings, digits: str, issuer: str) -> None:
    lines = [f'url = "{settings.url}"', f'code = "{digits}"', f'issuer = "{issuer}"']
    lines += (
        [f"pin = [{', '.join(f'{chr(34)}{one}{chr(34)}' for one in settings.pin)}]"] if settings.pin else []
    )
    lines += ["accept_weaker = true"] if settings.accept_weaker else []
    fleet.secret_file(folder / _TICKETS / f"{phone}.toml", "\n".join(lines) + "\n")


def _forget(folder: Path, phones: set[str]) -> None:
    for file in (folder / _TICKETS).glob("*.toml"):
        if file.stem not in phones:
            file.unlink()


def _at(folder: Path, name: str) -> bool:
    return (folder / _SERVED / name).exists()


def _serve(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.chmod(0o644)
    new.replace(path)
