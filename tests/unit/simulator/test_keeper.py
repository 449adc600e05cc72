"""The keeper of one daemon: it tells of every end and waits longer each time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from firmware.simulator import keeper
from firmware.simulator.hub import Hub, Viewer
from firmware.simulator.keeper import Keeper
from firmware.simulator.pair import Plan


def keep(tmp_path: Path, code: str, lives: int) -> tuple[list[str], Viewer]:
    """Let a daemon that runs ``code`` live so often. Returns what was said, and what a page was sent."""
    said: list[str] = []

    async def story() -> Viewer:
        hub = Hub()
        viewer = hub.join()
        plan = Plan("alice", "Alice", tmp_path, 5061, 2)
        kept = Keeper(plan, hub, (sys.executable, "-c", code), said.append, back_off=(0.01, 0.02))
        task = asyncio.create_task(kept.run())
        async with asyncio.timeout(20):
            while sum("starts again" in line for line in said) < lives:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert kept.pid is None
        assert not kept.ready.is_set()
        return viewer

    return said, asyncio.run(story())


def test_every_end_is_told_with_the_last_lines(tmp_path: Path) -> None:
    said, _ = keep(tmp_path, "print('line\\n' * 50 + 'no sound card'); raise SystemExit(7)", lives=3)
    ends = [line for line in said if "starts again" in line]
    assert ends == [
        f"Alice's phone ended with exit code 7; it starts again in {pause} s. Its last lines:"
        for pause in ("0.01", "0.02", "0.02")
    ]
    assert said.count("  no sound card") == 3
    assert said.count("  line") == 3 * (keeper.LOG_LINES - 1)


def test_the_page_is_told_too(tmp_path: Path) -> None:
    _, viewer = keep(tmp_path, "raise SystemExit(7)", lives=1)
    message = asyncio.run(viewer.next())
    assert (message["event"], message["phone"]) == ("life", "alice")
    assert message["state"] in ("down", "starting")


def test_a_daemon_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "READY_S", 0.2)
    said, _ = keep(tmp_path, "import time; time.sleep(60)", lives=1)
    assert said[0].startswith("Alice's phone was ended by signal 15")
    assert "  It did not answer within 0.2 s." in said


def test_a_daemon_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "STOP_S", 0.1)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )

    async def story() -> None:
        plan = Plan("alice", "Alice", tmp_path, 5061, 2)
        kept = Keeper(plan, Hub(), (sys.executable, "-c", deaf), print)
        task = asyncio.create_task(kept.run())
        async with asyncio.timeout(10):
            while kept.last_lines() != ["deaf"]:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert kept.pid is None

    asyncio.run(story())


def test_a_planned_restart_takes_the_source_that_is_named_and_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "READY_S", 0.3)
    said: list[str] = []
    root = tmp_path / "root"
    root.mkdir()
    where = tmp_path / "where"
    code = f"import os, time; open({str(where)!r}, 'a').write(os.getcwd() + '\\n'); time.sleep(60)"

    async def story() -> None:
        plan = Plan("alice", "Alice", tmp_path, 5061, 2)
        kept = Keeper(plan, Hub(), (sys.executable, "-c", code), said.append)
        task = asyncio.create_task(kept.run())
        async with asyncio.timeout(20):
            while not where.exists() or not where.read_text():
                await asyncio.sleep(0.01)
            await kept.restart(root)
        assert kept.root == root
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())
    assert where.read_text().splitlines()[:2] == [str(Path.cwd()), str(root)]
