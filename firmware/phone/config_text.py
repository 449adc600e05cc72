"""The configuration in effect as TOML, and what there is to configure as Markdown; both follow the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from firmware.phone.config_files import MASK, Password, Secret
from firmware.phone.config_option import Row, Table, Tables, rows
from firmware.phone.config_types import Config

_HEAD = """\
# Configuration: phone.toml

<!-- Written by firmware/phone/config_text.py from the table of options; do not edit.
     To renew: python -c "from firmware.phone import config; print(config.reference(), end='')" -->

The file is [TOML](https://toml.io) in UTF-8. Everything has a safe default: an empty file, or none, means
a phone that takes and places direct calls. At start every fault is named, one line each, with key and remedy;
`--check` looks for faults and does nothing else, `--dump-config` prints what is in effect, secrets masked.

Names of files are relative to the folder of phone.toml. In faults, `contact[2]` is the second `[[contact]]`.
"""

_EXAMPLE = """\
## Example

```toml
[account]
user = "alice"
domain = "phone.example"
password_file = "password"      # one line; chmod 600

[[contact]]
name = "Bob"
uri = "sip:bob@phone.example"
speed_dial = 2

[[privacy.watcher]]
uri = "sip:bob@phone.example"
until = 2027-01-31
```
"""


def dump(config: Config) -> str:
    """``config`` as TOML that can be read again; secrets are masked, what is not set stands in comments."""
    told = [f"# {line}" for line in config.profiled]
    lines = ["# The configuration in effect. Secrets are masked.", *told, *_dump_rows(Config, config, "")]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """docs/configuration.md."""
    return "\n".join([_HEAD, *_reference_rows(Config, ""), _EXAMPLE])


def toml(value: object) -> str:
    """One value in TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return toml(value.value)
        case Secret():
            return f'"{MASK}"'
        case tuple():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case date():
            return value.isoformat()
        case str() | Path():
            text = str(value).encode("utf-8", "replace").decode()
            return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return str(value)


def _dump_rows(cls: type, table: object, at: str) -> Iterator[str]:
    for row in rows(cls):
        value, kind = getattr(table, row.name), row.option.kind
        path = f"{at}.{row.key}" if at else row.key
        if isinstance(kind, Table):
            more = getattr(table, "more", ()) if kind.most > 1 else ()
            title = f"[[{path}]]" if more else f"[{path}]"
            yield from ("", title if value else f"# no [{path}]: {row.option.absent}")
            yield from _dump_rows(kind.cls, value, path) if value else ()
            for item in more:
                yield from ("", title, *_dump_rows(kind.cls, item, path))
        elif isinstance(kind, Tables):
            if not value:
                yield from ("", f"# no [[{path}]]")
            for item in value:
                yield from ("", f"[[{path}]]", *_dump_rows(kind.cls, item, path))
        elif value in (None, "", ()):
            yield f"# {row.key} is not set: {row.option.absent}"
        else:
            yield f"{row.key} = {toml(value)}"


def _reference_rows(cls: type, at: str) -> Iterator[str]:
    """A section with a table for each table of options, the inner ones after their outer one."""
    plain = [row for row in rows(cls) if not isinstance(row.option.kind, Table | Tables)]
    if plain:
        yield from ("| key | value | default | meaning |", "|---|---|---|---|")
        for row in plain:
            yield from _reference_row(row)
        yield ""
    for row in rows(cls):
        kind = row.option.kind
        if isinstance(kind, Table | Tables):
            path = f"{at}.{row.key}" if at else row.key
            title = f"`[{path}]`" if isinstance(kind, Table) else f"`[[{path}]]`, any number of them"
            if isinstance(kind, Table) and kind.most > 1:
                title += f", or up to {kind.most} `[[{path}]]`"
            yield from (f"## {title}", "", _summary(kind.cls), "", *_reference_rows(kind.cls, path))


def _reference_row(row: Row) -> Iterator[str]:
    kind: Any = row.option.kind
    words = f"{kind.words}, needed" if row.default is MISSING else kind.words
    yield f"| `{row.key}` | {words} | {_default(row)} | {row.option.about} |"
    if isinstance(kind, Password):
        yield (
            f"| `{row.key}_file` | file name | | Better than `{row.key}`, and instead of it: a file with the "
            f"{row.key} on one line, which other users of the machine must not be able to read. |"
        )


def _default(row: Row) -> str:
    if row.default is MISSING:
        return ""
    if row.option.same_as:
        return f"that of `{row.option.same_as}`"
    return row.option.absent if row.default in (None, "", ()) else f"`{toml(row.default)}`"


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").strip()
