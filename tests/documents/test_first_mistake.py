"""One mistake in the example of phone.toml is mended from the message alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firmware.documents.stage import ROOT
from tests.documents.first_mistake import MISTAKES, corrected, walk

EXAMPLE = (ROOT / "docs" / "phone.toml.example").read_text()


@pytest.mark.parametrize("right", MISTAKES)
def test_a_mistake_is_mended_from_the_message(tmp_path: Path, right: str) -> None:
    file = tmp_path / "phone.toml"
    words = [sys.executable, "-m", "firmware.phone", "--config", str(file), "--board", "simulator", "--check"]

    def check() -> tuple[int, str]:
        run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
        return run.returncode, run.stderr + run.stdout

    said = walk(file, EXAMPLE, MISTAKES[right], right, check)
    assert len(said) <= 2
    assert all(line.startswith("phone.toml: ") for line in said[0].strip().splitlines())


def test_words_that_do_not_help_mend_nothing() -> None:
    assert corrected("a = 1\n", "phone.toml: something is wrong") == "a = 1\n"


def test_the_fault_that_the_administrators_manual_shows_is_the_one_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(EXAMPLE.replace("password", "passwort", 1))
    words = [sys.executable, "-m", "firmware.phone", "--config", str(file), "--check"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60).stderr
    shown = 'phone.toml: account.passwort: unknown key; did you mean "password"?'
    assert shown in said
    assert shown in (ROOT / "docs" / "administrator.md").read_text()
