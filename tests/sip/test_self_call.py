"""The call of the telephone to itself: a real one, which fails when any part of it does not work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]


def call(tmp_path: Path, config: str = "", spoilt: str = "") -> dict[str, object]:
    """What it says; ``spoilt``: Python that breaks something in it first."""
    file = tmp_path / "phone.toml"
    file.write_text(config)
    code = (
        "import sys\nimport firmware.phone.sip.pjsua.selfcall as it\n"
        f"it.call.__defaults__ = (6.0,)\n{spoilt}\nsys.exit(it.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--config", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said: dict[str, object] = json.loads(done.stdout)
    assert (done.returncode == 0) is said["ok"] is (said["trouble"] == ""), done.stderr
    return said


@pytest.mark.parametrize(
    ("config", "codec"),
    [("", "opus"), ('[media]\ncodecs = ["g722"]\n', "g722"), ('[media]\ncodecs = ["pcma"]\n', "pcma")],
)
def test_a_good_call(tmp_path: Path, config: str, codec: str) -> None:
    said = call(tmp_path, config)
    assert said["trouble"] == ""
    assert (said["security"], said["codec"]) == ("end-to-end", codec)
    assert said["suite"]


@pytest.mark.parametrize(
    ("spoilt", "trouble"),
    [
        ("it.SelfCall._play = lambda self, mouth: None", "the tone was not heard"),
        ("it.PjCall.secured = staticmethod(lambda media: False)", "no keys could be agreed"),
        ("it.SelfCall.happened = lambda self, event: None", "no connection came about"),
        ("import pjsua2\ndel pjsua2.ToneGenerator", "died"),
        ("it.issue = lambda folder: (_ for _ in ()).throw(OSError(28, 'disk full'))", "disk full"),
    ],
)
def test_what_does_not_work_is_found(tmp_path: Path, spoilt: str, trouble: str) -> None:
    assert trouble in str(call(tmp_path, spoilt=spoilt)["trouble"])


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    assert "colour" in str(call(tmp_path, "[sip]\ncolour = 1\n")["trouble"])
