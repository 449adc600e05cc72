"""The local socket behind the ``sotto`` command: JSON, one object a line, each answered by one line.

Request ``{"command": "status", "args": {}}``; answer ``{"ok": true, "result": …}`` or ``{"ok": false,
"error": "what is wrong and what to do"}``. After ``watch`` the connection only carries events. The socket
belongs to the daemon's user alone; lines, clients and what waits for a slow reader are bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from firmware.phone.errors import ConfigError
from firmware.phone.loop import Loop
from firmware.phone.requests import Refused, Requests
from firmware.phone.watch import Stream

log = logging.getLogger("sottovoce.control")

MAX_LINE = 65536
"""Bytes of one request."""

MAX_CLIENTS = 32
ANSWER_TIMEOUT = 5.0
"""Seconds until a client is told that the telephone does not answer."""

LONG_TIMEOUT = 60.0
"""The same for what is done beside the loop: the self-test."""


class Answers(Protocol):
    """Who answers: in the loop's thread, at once or by a future. Raises ``Refused``."""

    def carry_out(self, loop: Loop, command: str, args: dict[str, Any]) -> Any: ...


class Control:
    """Serves ``path`` from a thread of its own. ``crash`` is told when that thread dies.

    ``group``: the group of the folder may connect too.
    """

    def __init__(
        self,
        path: Path,
        loop: Loop,
        requests: Answers,
        crash: Callable[[BaseException], None],
        group: bool = False,
    ) -> None:
        self._path = path
        self._group = group
        self._loop = loop
        self._requests = requests
        self._crash = crash
        self._aio: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    def start(self) -> None:
        """Raises ConfigError when the socket cannot be made or another daemon has it."""
        listener = listen(self._path, 0o660 if self._group else 0o600)
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener, started), name="control", daemon=True
        )
        self._thread.start()
        started.wait()

    def stop(self) -> None:
        if self._thread is None or self._aio is None:
            return
        self._aio.call_soon_threadsafe(self._stop.set)
        self._thread.join(2.0)
        self._thread = None
        self._path.unlink(missing_ok=True)

    def ping(self, answer: Callable[[], None]) -> None:
        """Have ``answer`` called in this thread, soon: a sign of life."""
        with contextlib.suppress(RuntimeError):  # it is closed: we are stopping
            if self._aio is not None:
                self._aio.call_soon_threadsafe(answer)

    def _run(self, listener: socket.socket, started: threading.Event) -> None:
        try:
            asyncio.run(self._serve(listener, started))
        except BaseException as error:  # noqa: BLE001 - handed on: the process ends loudly
            self._crash(error)
        finally:
            started.set()

    async def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        self._aio = asyncio.get_running_loop()
        server = await asyncio.start_unix_server(self._client, sock=listener, limit=MAX_LINE)
        started.set()
        await self._stop.wait()
        server.close()
        for client in self._clients:
            client.cancel()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        try:
            if len(self._clients) > MAX_CLIENTS:
                await _send(writer, _refusal("too many clients; close one and try again"))
            else:
                await self._talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or we are stopping
        finally:
            self._clients.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                await _send(writer, _refusal(f"a request has at most {MAX_LINE} bytes"))
                return
            if not line:
                return
            try:
                command, args = parse(line)
            except ValueError as error:
                await _send(writer, _refusal(str(error)))
                continue
            if command == "watch" and isinstance(self._requests, Requests):
                await self._watch(reader, writer, self._requests, frames=args.get("frames") is True)
                return
            await _send(writer, await self._ask(command, args))

    async def _ask(self, command: str, args: dict[str, Any]) -> dict[str, Any]:
        answer = self._loop.request(lambda loop: self._requests.carry_out(loop, command, args))
        try:
            result = await asyncio.wait_for(asyncio.wrap_future(answer), ANSWER_TIMEOUT)
            if isinstance(result, Future):
                result = await asyncio.wait_for(asyncio.wrap_future(result), LONG_TIMEOUT)
        except Refused as error:
            return _refusal(str(error))
        except TimeoutError:
            return _refusal("the telephone does not answer; look at its log")
        return {"ok": True, "result": result}

    async def _watch(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Requests, frames: bool
    ) -> None:
        stream = Stream(asyncio.get_running_loop(), requests, frames)
        await asyncio.wrap_future(self._loop.request(stream.begin))
        gone = asyncio.ensure_future(reader.read())
        try:
            while not gone.done():
                following = asyncio.ensure_future(stream.next())
                await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    following.cancel()
                    return
                await _send(writer, following.result())
        finally:
            gone.cancel()
            self._loop.request(stream.end)


def parse(line: bytes) -> tuple[str, dict[str, Any]]:
    """Command and arguments of one request line. Raises ValueError in words for a person."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError('not JSON; send one object a line, such as {"command": "status"}') from None
    if not isinstance(request, dict) or not isinstance(request.get("command"), str):
        raise ValueError('a request is an object with a "command", such as {"command": "status"}')
    args = request.get("args", {})
    if not isinstance(args, dict):
        raise ValueError('"args" is an object of names and values')
    return request["command"], args


def listen(path: Path, mode: int = 0o600) -> socket.socket:
    """A listening Unix socket at ``path`` with ``mode``: by default only our user may open it.

    That of a daemon that died is replaced.
    """
    if _answers(path):
        raise ConfigError([f"{path}: another daemon answers here; stop it, or give --socket another path"])
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~mode)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError(
            [
                f"{path}: cannot make the control socket ({error.strerror or error}); "
                "give --socket a path in a folder that can be written"
            ]
        ) from error
    finally:
        os.umask(mask)
    listener.listen(MAX_CLIENTS)
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _refusal(why: str) -> dict[str, Any]:
    return {"ok": False, "error": why}


async def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
    await writer.drain()
