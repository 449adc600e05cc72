"""The telephone's side of the machine, from the tests, which live at the other end of its network cable."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GUEST = Path("/proc/1/root")
"""The root that process 1 has: the tests have the build machine's."""
HERE = Path(__file__).parent
PYTHON = "/usr/lib/sottovoce/.venv/bin/python"
UNITS = (
    "phone",
    "network",
    "firewall",
    "first-boot",
    "health",
    "update",
    "guest",
    "provision",
    "setup",
    "setup-gate",
    "keep",
    "reconfigure",
    "clock",
)


def run(*command: str, check: bool = True, text: str | None = None) -> str:
    """Run a program of the machine in its own network, as root. Both of its outputs."""
    inside = ["nsenter", "--target=1", "--mount", "--net", "--", *command]
    done = subprocess.run(
        inside,
        input=text or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stdout}"
    return done.stdout


def show(unit: str, name: str) -> str:
    """One property of a unit."""
    return run("systemctl", "show", f"--property={name}", "--value", unit).strip()


def put(path: str, text: str, mode: int = 0o644) -> None:
    """Write a file of the machine."""
    target = GUEST / path.removeprefix("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def wait(done: Callable[[], object], seconds: float, what: str) -> None:
    """Raises AssertionError with what the telephone says when ``what`` did not come about."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s\n{journal()}"
        time.sleep(1.5)  # each look costs the machine as much as the telephone's own work


def journal(unit: str = "sottovoce-phone", lines: int = 40) -> str:
    return run("journalctl", "--no-pager", "-o", "short-monotonic", "-n", str(lines), "-u", unit, check=False)


def sotto(command: str) -> dict[str, Any] | None:
    """What the telephone answers on its socket; None where it does not."""
    words = [PYTHON, "-I", "-m", "firmware.phone.cli", "--socket", "/run/sottovoce/control.sock"]
    said = run(*words, command, "--json", check=False)
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


_LEFT_OUT = (
    r"(Exec(Start|Stop|Reload)|Type|Restart\w*|RuntimeMaxSec|WatchdogSec|NotifyAccess|RemainAfterExit|Condition\w+"
    r"|WantedBy|Wants|Requires|OnSuccess|StopWhenUnneeded)"
)
"""What says when a unit runs, and with which others; what it may do stays."""


def in_sandbox(unit: str, program: str) -> str:
    """What a Python program prints in the sandbox of a unit: its own file with another program in it."""
    text = (GUEST / f"usr/lib/systemd/system/sottovoce-{unit}.service").read_text()
    text = re.sub(rf"^{_LEFT_OUT}=.*\n", "", text, flags=re.MULTILINE)
    own = (
        "[Service]\nType=oneshot\nRuntimeDirectoryPreserve=yes\n"
        "StandardOutput=truncate:/run/vm/printed\n"
        f"ExecStart={PYTHON} -I /run/vm/program.py\n"
    )
    put("/run/vm/program.py", program)
    put("/run/vm/printed", "")
    put(f"/run/systemd/system/probe-{unit}.service", text.replace("[Service]\n", own))
    run("systemctl", "daemon-reload")
    said = run("systemctl", "start", f"probe-{unit}", check=False)
    printed = (GUEST / "run/vm/printed").read_text()
    assert printed, f"{said}{journal(f'probe-{unit}')}"
    return printed


def probe(unit: str) -> dict[str, str]:
    """Try all that probe.py knows in the sandbox of a unit."""
    found: dict[str, str] = json.loads(in_sandbox(unit, (HERE / "probe.py").read_text()))
    return found
