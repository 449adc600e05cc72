"""The simulator as a process, the stand-in for the daemon: starts, mends, stops, leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.simulator.app import Settings, run
from firmware.simulator.keeper import StartError
from tests.rig import ports
from tests.rig.processes import Process, wait_until

ROOT = Path(__file__).resolve().parents[3]
READY = r"Two phones are ready: http://127\.0\.0\.1:(\d+)/"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short one: pytest's own, in one of several processes, is too long for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="rig-") as made:
        yield Path(made)


def simulator(tmp_path: Path, *argv: str) -> Process:
    private = tmp_path / "tmp"
    private.mkdir(exist_ok=True)
    env = {**os.environ, "TMPDIR": str(private)}
    return Process("simulator", [sys.executable, "-m", *argv], tmp_path / "log", env=env, cwd=ROOT, grace=15)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Process]:
    with simulator(tmp_path, "tests.browser.simulate", str(ports.one())) as process:
        process.wait_for(READY, 20)
        yield process


def children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_and_leaves_nothing(
    running: Process, tmp_path: Path, number: signal.Signals
) -> None:
    daemons = children(running.pid)
    assert len(daemons) == 2
    (folder,) = (tmp_path / "tmp").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    running.send_signal(number)
    assert running.wait(15) == 0
    assert all(map(gone, daemons))
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "Traceback" not in running.output()


def test_the_terminal_tells_what_happens(running: Process) -> None:
    lines = running.output().splitlines()
    assert lines[:2] == ["Starting Alice …", "Starting Bob …"]
    assert lines[2].startswith("Two phones are ready: http://127.0.0.1:")
    assert "Ctrl-C" in lines[3]


def test_a_daemon_that_dies_is_started_again(running: Process) -> None:
    before = children(running.pid)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    running.wait_for(r"phone was ended by signal 9; it starts again in 1 s", 5)
    running.wait_for(r"^  stand-in ready$", 5)  # its last lines
    wait_until(lambda: len(children(running.pid) - {victim}) == 2, 10, "the new daemon")


def test_daemons_end_with_a_simulator_that_is_killed(running: Process) -> None:
    daemons = children(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait(5)
    wait_until(lambda: all(map(gone, daemons)), 5, "the end of the daemons")


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with simulator(tmp_path, "firmware.simulator", "--port", str(port)) as process:
            assert process.wait(15) == 1
    (line,) = process.output().splitlines()
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in line
    assert "make run PORT=" in line
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_configuration_that_the_daemon_refuses_ends_the_simulator() -> None:
    refuse = (sys.executable, "-c", "print('phone.toml: sip.port is no port'); raise SystemExit(2)")
    with pytest.raises(StartError, match=r"refuses its configuration:\nphone.toml: sip.port is no port"):
        asyncio.run(run(Settings(0, daemon=refuse)))


@pytest.mark.parametrize(
    "argv", [["--port", "x"], ["--port", "70000"], ["--country", "Mars"], ["--country", "XX"]]
)
def test_bad_arguments_say_what_would_be_right(tmp_path: Path, argv: list[str]) -> None:
    with simulator(tmp_path, "firmware.simulator", *argv) as process:
        assert process.wait(15) == 2
    assert f"argument {argv[0]}: " in process.output()
