"""docs/factory-defaults.md from the table: ``python -m tests.factory.page`` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.factory.check import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "factory-defaults.md"

_HEAD = """\
# Factory defaults

<!-- Written by tests/factory/page.py from tests/factory/defaults.toml; do not edit.
     To renew: python -m tests.factory.page -->

What a telephone does when nobody has changed anything. Each line is checked against the files in this
repository, and against the running system in a booted machine (`tests/factory/check.py`, which needs nothing
but Python there).

| what holds | why | where it does not | checked by |
|---|---|---|---|
"""


def page() -> str:
    return _HEAD + "".join(f"| {_row(default)} |\n" for default in table())


def _row(default: dict[str, Any]) -> str:
    checks = [_check(check) for check in [*default.get("files", []), *default.get("live", [])]]
    seen = list(dict.fromkeys(checks))
    return " | ".join((default["what"], default["why"], default["exception"] or "–", ", ".join(seen)))


def _check(check: dict[str, Any]) -> str:
    for name in ("option", "sysctl", "file", "path", "mounted", "missing", "module"):
        if name in check:
            what = f" {check['key']}" if name == "file" and "key" in check else ""
            return f"`{check[name]}{what}`"
    if "unit" in check:
        return f"`{check['unit']} {check['property']}`"
    return f"`{' '.join(check['run'])}`" if "run" in check else f"`{json.dumps(check)}`"


if __name__ == "__main__":
    PAGE.write_text(page())
