"""The control socket seen from the simulator: every way of failing is one plain error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.simulator import control
from firmware.simulator.control import ControlError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*lines: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        assert set(request) == {"command", "args"}
        writer.write(b"".join(lines))
        await writer.drain()
        writer.close()

    return serve


async def asked(path: Path, *lines: bytes) -> dict[str, Any]:
    async with await asyncio.start_unix_server(answering(*lines), path):
        return await control.ask(path, "sim", {"what": "hook", "position": "up"})


def test_a_result(tmp_path: Path) -> None:
    assert asyncio.run(asked(tmp_path / "s", b'{"ok": true, "result": {"a": 1}}\n')) == {"a": 1}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b'{"ok": false, "error": "this telephone has real keys"}\n', "this telephone has real keys"),
        (b"", "closed the connection"),
        (b"garbage\n", "cannot be reached"),
        (b"[]\n", "no JSON object"),
        (b"x" * (control.LINE_LIMIT + 10), "cannot be reached"),
    ],
)
def test_every_failure_says_why(tmp_path: Path, answer: bytes, words: str) -> None:
    with pytest.raises(ControlError, match=words):
        asyncio.run(asked(tmp_path / "s", answer))


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be reached"):
        asyncio.run(control.ask(tmp_path / "s", "status", {}))


def test_a_daemon_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def story() -> None:
        async with await asyncio.start_unix_server(silent, tmp_path / "s"):
            await control.ask(tmp_path / "s", "status", {})

    monkeypatch.setattr(control, "ANSWER_S", 0.05)
    with pytest.raises(ControlError, match="does not answer"):
        asyncio.run(story())


def test_watching_ends_with_the_daemon(tmp_path: Path) -> None:
    async def story() -> list[dict[str, Any]]:
        lines = (b'{"event": "status"}\n', b'{"ok": true}\n', b'{"event": "frame"}\n')
        async with await asyncio.start_unix_server(answering(*lines), tmp_path / "s"):
            return [event async for event in control.watch(tmp_path / "s")]

    assert asyncio.run(story()) == [{"event": "status"}, {"event": "frame"}]
