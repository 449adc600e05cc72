"""Runs the fuzzer: over the inputs that are kept, or for some seconds over new ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST_INPUT = 4096
LATE_S = 30
"""Seconds after which a fuzzer that was to end is ended."""


def environment() -> dict[str, str]:
    """Leaks in the library bzrtp are its own: 40 octets for a Confirm of a peer that has the keys and broke
    the chain of hashes before."""
    return {**os.environ, "LSAN_OPTIONS": f"suppressions={HERE / 'leaks.txt'}:print_suppressions=0"}


def replay(program: Path) -> str:
    """All inputs that are kept; what goes wrong, or ""."""
    inputs = sorted([*(HERE / "corpus").iterdir(), *(HERE / "found").iterdir()])
    return _run([str(program), *map(str, inputs)], LATE_S + len(inputs), show=False)


def fuzz(program: Path, seconds: int, folder: Path, *, show: bool = False) -> str:
    """Look for new inputs, which are kept in ``folder``; what went wrong, or ""."""
    grown = folder / "corpus"
    grown.mkdir(parents=True, exist_ok=True)
    command = [str(program), f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}"]
    command += [
        "-timeout=20",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={folder}/",
        str(grown),
        str(HERE / "corpus"),
    ]
    return _run(command, seconds + LATE_S, show=show)


def read_on(name: str, seconds: int, folder: Path) -> str:
    """Look for new inputs of a reader in Python; what went wrong, or ""."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"fuzz: {name}, {seconds} s", flush=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(folder), str(seconds)]
    return _run(command, seconds + LATE_S, show=False)


def _run(command: list[str], patience: float, *, show: bool) -> str:
    """Raises ``TimeoutExpired`` for one that does not end."""
    out = None if show else subprocess.PIPE
    done = subprocess.run(
        command,
        stdout=out,
        stderr=out,
        text=True,
        errors="replace",
        env=environment(),
        timeout=patience,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr or "")[-6000:] or f"it ended with {done.returncode}"
