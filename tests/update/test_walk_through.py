"""docs/updates.md, "Your own release in ten minutes": its lines are run, one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.phone.version import VERSION
from tests.rig import ports

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/updates.md"
BEFORE = """
set -e
sotto-release() { command sotto-release --phrase-file ../phrase "$@"; }
"""


def blocks() -> list[str]:
    """The lines to type: making a release, serving it, a telephone that takes it."""
    text = DOCS.read_text()
    part = text[text.index("## Your own release") : text.index("## Small downloads")]
    return re.findall(r"^```\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


def run(script: str, folder: Path) -> tuple[int, str]:
    """In a group of its own, so that what it leaves in the background ends with it."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        said, _ = shell.communicate(timeout=120)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return shell.returncode, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "phrase").write_text("correct horse battery\n")
    (tmp_path / "phrase").chmod(0o600)
    return tmp_path


def test_as_a_new_user_would(folder: Path) -> None:
    made, served, taken = blocks()
    port = str(ports.block(1))
    assert f'version = "{VERSION}"' in made, (
        "the page's example is this firmware's version: its telephone answers"
    )
    script = BEFORE + "".join(block.replace("8443", port) for block in (made, served + "sleep 1\n", taken))
    status, said = run(script.replace("updater boot", "sleep 3; updater boot"), folder)
    assert status == 0, said
    assert f"{VERSION} is published for raspberry-pi-4" in said
    assert '"version": "0.0.9"' in said
    assert f'"result": "{VERSION} is there"' in said
    assert f'"last": "updated to {VERSION}"' in said


def test_a_version_without_a_telephone_goes_back(folder: Path) -> None:
    """The page's second half: nobody answers for 0.2.0."""
    made, served, taken = blocks()
    port = str(ports.block(1))
    taken = taken.partition("mkdir -m 700")[0]
    boots = "updater boot --trial 2\nupdater boot --trial 2\nkill %1\n"
    script = BEFORE + "".join(
        block.replace("8443", port) for block in (made, served + "sleep 1\n", taken, boots)
    )
    status, said = run(script, folder)
    assert status == 0, said
    assert '"phase": "trial"' in said
    assert f"{VERSION} did not work (the telephone did not start" in said
    assert said.rstrip().endswith("}")
    assert '"version": "0.0.9"' in said.rpartition("did not work")[0]
