"""The golden table of factory defaults against the files that are flashed, and the options' own defaults."""

from __future__ import annotations

from dataclasses import MISSING
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.config_option import Table, Tables, rows
from firmware.phone.config_types import Config
from tests.factory import check, page

ROOT = Path(__file__).resolve().parents[3]
TABLE = check.table()


def options(cls: type = Config, at: str = "") -> dict[str, Any]:
    """Every option of phone.toml with its default."""
    found: dict[str, Any] = {}
    for row in rows(cls):
        kind, name = row.option.kind, f"{at}{row.key}"
        if isinstance(kind, Table):
            found |= options(kind.cls, f"{name}.")
        else:
            found[name] = [] if isinstance(kind, Tables) else row.default
    return found


def faults(wanted: dict[str, Any], folder: Path = ROOT / "systemd") -> list[str]:
    """What of one check does not hold in the files."""
    if "option" in wanted:
        default = options()[wanted["option"]]
        found = list(default) if isinstance(default, tuple) else getattr(default, "value", default)
        return [] if found == wanted["is"] else [f"{wanted['option']} is {found}"]
    lines = [line.strip() for line in (folder / wanted["file"]).read_text().splitlines()]
    if "line" in wanted:
        return [] if wanted["line"] in lines else [f"{wanted['file']} lacks {wanted['line']}"]
    pairs = [(k.strip(), v.strip()) for k, equals, v in (line.partition("=") for line in lines) if equals]
    values = [value for key, value in pairs if key == wanted["key"]]
    return (
        [] if values and set(values) == {wanted["is"]} else [f"{wanted['file']}: {wanted['key']} is {values}"]
    )


@pytest.mark.parametrize("default", TABLE, ids=lambda default: default["id"])
def test_it_holds_in_the_files(default: dict[str, Any]) -> None:
    asked = [*default.get("files", []), *(each for each in default.get("live", []) if "option" in each)]
    assert [fault for wanted in asked for fault in faults(wanted)] == []


def test_there_are_enough_and_each_says_why() -> None:
    assert len(TABLE) >= 40
    assert len({default["id"] for default in TABLE}) == len(TABLE)
    for default in TABLE:
        assert set(default) <= {"id", "what", "why", "exception", "files", "live"}
        assert default["what"].endswith(".")
        assert default["why"].endswith(".")
        assert "exception" in default
        assert default.get("files") or default.get("live")


def test_every_setting_of_the_kernel_is_in_the_table_or_said_to_be_beside_it() -> None:
    lines = [line.partition("=") for line in (ROOT / "systemd/sysctl.conf").read_text().splitlines()]
    keys = {key.strip() for key, equals, _ in lines if equals and not key.startswith("#")}
    told = {wanted.get("key") for default in TABLE for wanted in default.get("files", [])}
    # The same for all cards and for those that come, and what Debian has so anyway.
    beside = {key for key in keys if key.startswith("net.")} | {
        "kernel.core_uses_pid", "kernel.panic", "kernel.panic_on_oops", "kernel.randomize_va_space",
        "user.max_user_namespaces", "vm.mmap_min_addr", "vm.unprivileged_userfaultfd",
        "dev.tty.ldisc_autoload", "-dev.tty.legacy_tiocsti", "fs.protected_hardlinks", "fs.protected_fifos",
    }  # fmt: skip
    assert keys - told - beside == set()


def test_the_page_is_the_table_s() -> None:
    assert page.PAGE.read_text() == page.page(), "run: python -m tests.factory.page"


def test_a_check_can_go_red(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a = 1\nb = 2\nb = 3\n")
    assert faults({"file": "x", "key": "a", "is": "1"}, tmp_path) == []
    assert faults({"file": "x", "key": "a", "is": "2"}, tmp_path)
    assert faults({"file": "x", "key": "b", "is": "3"}, tmp_path), "a later line may not undo it"
    assert faults({"file": "x", "line": "install x"}, tmp_path)
    assert faults({"option": "media.allow_clear", "is": True})
    assert options()["account.user"] is MISSING
