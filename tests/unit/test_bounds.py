"""docs/bounds.md: every number is what its place says, and the test that reaches it is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = ["what", "bound", "at the bound", "set in", "reached in"]


def rows() -> list[dict[str, str]]:
    lines = [line for line in (ROOT / "docs/bounds.md").read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == HEAD
    return [dict(zip(HEAD, row, strict=True)) for row in cells[2:]]


ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=[row["what"] for row in ROWS])
def test_the_page_says_what_the_place_says(row: dict[str, str]) -> None:
    found = re.fullmatch(r"`([^`]+)`: `([^`]+)`", row["set in"])
    assert found, row
    assert found[2] in (ROOT / found[1]).read_text()
    numbers = set(re.findall(r"\d+", row["bound"].replace(",", "")))
    told = set(re.findall(r"\d+", found[2].replace("_", "")))
    if told and "restarts" not in row["what"] and "stuck" not in row["what"]:
        assert told & numbers, "the page names another number"
    assert row["at the bound"]


@pytest.mark.parametrize("row", ROWS, ids=[row["what"] for row in ROWS])
def test_who_reaches_it_is_there(row: dict[str, str]) -> None:
    if row["reached in"] != "–":
        assert (ROOT / row["reached in"].strip("`")).exists()


def test_what_a_fault_can_make_grow_is_on_the_page() -> None:
    every = " ".join(row["what"] for row in ROWS)
    for word in ("memory", "descriptors", "threads", "log", "events", "calls", "connections", "disk"):
        assert word in every
