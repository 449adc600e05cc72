"""The folder of who looks after many telephones: what it is made of, and how it is read.

::

    fleet.toml      where the files are served, for how long one is good
    template.toml   a phone.toml with ${column} where telephones differ
    phones.csv      a line for each telephone: its name in the column "phone", and the other columns
    codes.csv       the code of each telephone (made here; 0600)
    tickets/        what each telephone is given by hand, on a USB stick
    served/         what a web server serves
"""

from __future__ import annotations

import csv
import os
import re
import string
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.phone.config_kinds import Flag, Kind, Number, Several, Text, Wrong
from firmware.phone.config_text import toml
from firmware.phone.errors import ProvisioningError
from firmware.phone.suggest import suggestion
from firmware.provisioning.ticket import folder_url, pin, thumbprint

SETTINGS, TEMPLATE, TABLE, CODES = "fleet.toml", "template.toml", "phones.csv", "codes.csv"
COLUMN = "phone"

_KINDS: dict[str, Kind] = {
    "url": Text("address", folder_url, longest=256),
    "pin": Several(Text("pin", pin, longest=64)),
    "days": Number(1, 3650, whole=True),
    "accept_weaker": Flag(),
    "issuers": Several(Text("thumbprint", thumbprint), most=3),
}


@dataclass(frozen=True)
class Settings:
    """fleet.toml. ``days``: so long a file may be taken after it was made. ``issuers``: thumbprints of
    further keys that may sign the next one."""

    url: str
    pin: tuple[str, ...] = ()
    days: int = 90
    accept_weaker: bool = False
    issuers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One telephone; ``line`` in phones.csv."""

    line: int
    phone: str
    values: dict[str, str] = field(repr=False)


def settings(folder: Path) -> Settings:
    """Raises ``ProvisioningError``."""
    document = parsed(folder / SETTINGS)
    faults, values = [], {}
    for key, value in document.items():
        if key not in _KINDS:
            faults.append(f"{SETTINGS}: {key}: unknown key{suggestion(key, _KINDS)}")
            continue
        try:
            values[key] = _KINDS[key].read(value, folder)
        except Wrong as wrong:
            faults.append(f"{SETTINGS}: {key}: {wrong}")
    if "url" not in document:
        faults.append(f'{SETTINGS}: url: is missing; write url = "https://…/"')
    if faults:
        raise ProvisioningError("\n".join(faults))
    return Settings(**values)  # type: ignore[arg-type]


def parsed(path: Path) -> dict[str, Any]:
    """A TOML file. Raises ``ProvisioningError``, with the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ProvisioningError(
            f"{path} cannot be read ({error.strerror}); sotto-release provision new makes such a folder"
        ) from None
    except ValueError as error:
        raise ProvisioningError(f"{path.name}: is not TOML: {error}") from None


def table(folder: Path) -> list[Row]:
    """The telephones. Raises ``ProvisioningError``, one line for each mistake: file, line, what to do."""
    path = folder / TABLE
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ProvisioningError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ProvisioningError(f"{TABLE}: is not UTF-8; save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if ";" in head else ",", strict=True)
    rows: list[Row] = []
    faults: list[str] = []
    try:
        columns = [name.strip() for name in next(reader, [])]
        if COLUMN not in columns or len(set(columns)) < len(columns):
            raise ProvisioningError(f'{TABLE}, line 1: name each column once, one of them "{COLUMN}"')
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows += _row(reader.line_num, columns, cells, rows, faults)
    except csv.Error as error:
        faults.append(f"{TABLE}, line {reader.line_num}: {error}")
    if faults:
        raise ProvisioningError("\n".join(faults))
    return rows


def _row(line: int, columns: list[str], cells: list[str], before: list[Row], faults: list[str]) -> list[Row]:
    if len(cells) != len(columns):
        faults.append(f"{TABLE}, line {line}: has {len(cells)} cells, the first line has {len(columns)}")
        return []
    values = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    phone = values[COLUMN]
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,39}", phone):
        faults.append(f"{TABLE}, line {line}: {COLUMN}: write letters, digits, points, - and _, at most 40")
    elif double := next((row for row in before if row.phone.lower() == phone.lower()), None):
        faults.append(f"{TABLE}, line {line}: {COLUMN}: {phone} stands in line {double.line} already")
    return [Row(line, phone, values)]


def filled(template: dict[str, Any], row: Row) -> dict[str, Any]:
    """The template with this telephone's values. A text that was one empty column alone is left out.

    Values are put into texts, never into the file: no cell can add an option. Raises ``ProvisioningError``.
    """
    found: dict[str, Any] = {}
    for key, value in template.items():
        if isinstance(value, dict):
            found[key] = filled(value, row)
        elif isinstance(value, list):
            found[key] = [_one(one, row, key) for one in value]
        elif (one := _one(value, row, key)) != "" or value == "":
            found[key] = one
    return found


def _one(value: Any, row: Row, key: str) -> Any:
    if isinstance(value, dict):
        return filled(value, row)
    if not isinstance(value, str):
        return value
    try:
        return string.Template(value).substitute(row.values)
    except KeyError as error:
        raise ProvisioningError(f"{TEMPLATE}: {key}: {TABLE} has no column {error}") from None
    except ValueError:
        raise ProvisioningError(f"{TEMPLATE}: {key}: write ${{column}}, and $$ for a $ itself") from None


def written(document: dict[str, Any], at: str = "") -> str:
    """A document as TOML."""
    lines, later = [], []
    for key, value in document.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, dict):
            later.append(f"\n[{path}]\n{written(value, path)}")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            later += [f"\n[[{path}]]\n{written(one, path)}" for one in value]
        else:
            lines.append(f"{key} = {toml(tuple(value) if isinstance(value, list) else value)}\n")
    return "".join((*lines, *later))


def secret_file(path: Path, text: str) -> None:
    """Nobody else may read it."""
    new = path.with_name(path.name + ".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(new, path)
