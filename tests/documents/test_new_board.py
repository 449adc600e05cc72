"""A new board is data: the steps of docs/porting.md with a board that is not there, and no Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.documents.stage import ROOT

HEADER = """
title = "40-pin header"
line = "P{}"
pins = [
  "3V3", "5V", 2, "5V", 3, "GND", 4, 14, "GND", 15, 17, 18, 27, "GND", 22, 23, "3V3", 24, 10, "GND",
  9, 25, 11, 8, "GND", 7, 0, 1, 5, "GND", 6, 12, 13, "GND", 19, 16, 26, 20, "GND", 21,
]
[reserved]
"board id" = [0, 1]
[functions]
i2c1 = [2, 3]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The programs, and boards that can be added to."""
    for name in ("firmware", "board"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "simulator")
        )
    shutil.copytree(ROOT / "board" / "simulator", tmp_path / "board" / "simulator")
    return tmp_path


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(tree)},
    )


def write(tree: Path, hook: int) -> None:
    """Steps 1 and 2: a header of another maker, and a board on it."""
    (tree / "board" / "headers" / "teapot.toml").write_text(HEADER)
    text = (tree / "board" / "raspberry-pi-4" / "board.toml").read_text()
    text = text.replace('title = "Raspberry Pi 4"', 'title = "Teapot One"')
    text = text.replace('header = "raspberry-pi"', 'header = "teapot"').replace(
        "pinctrl-bcm2711", "teapot-gpio"
    )
    text = text.replace("hook = 17", f"hook = {hook}")
    (tree / "board" / "teapot-one").mkdir(exist_ok=True)
    (tree / "board" / "teapot-one" / "board.toml").write_text(text)


def test_a_new_board_is_two_files_of_data(tree: Path) -> None:
    before = {path: path.read_bytes() for path in (tree / "firmware").rglob("*.py")}
    write(tree, hook=17)
    checked = run(tree, "-m", "firmware.phone", "--board", "teapot-one", "--check")
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, checked.stdout + checked.stderr)
    drawn = run(tree, "-m", "firmware.wiring")
    assert drawn.returncode == 0, drawn.stderr
    page = (tree / "board" / "teapot-one" / "wiring.md").read_text()
    assert page.startswith("# Wiring: Teapot One")
    assert "| Hook switch | contact | P17 | 11 |" in page
    assert "Teapot One" in (tree / "board" / "teapot-one" / "wiring.svg").read_text()
    assert {path: path.read_bytes() for path in (tree / "firmware").rglob("*.py")} == before


@pytest.mark.parametrize(("hook", "said"), [(27, "27"), (2, "2"), (0, "0"), (33, "33")])
def test_its_faults_are_told_in_one_line(tree: Path, hook: int, said: str) -> None:
    """Used twice, the display's bus, reserved, not on the header."""
    write(tree, hook)
    checked = run(tree, "-m", "firmware.phone", "--board", "teapot-one", "--check")
    assert checked.returncode == 2
    assert len(checked.stderr.strip().splitlines()) == 1
    assert said in checked.stderr
