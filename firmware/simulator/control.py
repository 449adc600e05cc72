"""The daemon's control socket, seen from here: one JSON object a line, each way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ANSWER_S = 5.0
"""Seconds until a daemon that does not answer counts as not there."""

LINE_LIMIT = 1 << 18
"""Octets in the longest line taken from a daemon; a picture of the display is far shorter."""


class ControlError(Exception):
    """The daemon refused, or cannot be reached. Says why."""


async def ask(path: Path, command: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Send one command and return its result.

    Raises:
        ControlError: the daemon refused (its own words), did not answer or is not there.
    """
    try:
        async with asyncio.timeout(ANSWER_S), _connection(path, command, args) as reader:
            answer = _parse(await reader.readline())
    except TimeoutError:
        raise ControlError("The phone does not answer.") from None
    except (OSError, ValueError) as error:
        raise ControlError(f"The phone cannot be reached: {error}.") from error
    if not answer.get("ok"):
        raise ControlError(str(answer.get("error", "The phone refused without a reason.")))
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


async def watch(path: Path) -> AsyncGenerator[dict[str, Any], None]:
    """First a full picture of the present, then each change, until the daemon closes the connection.

    Raises:
        ControlError: the connection cannot be made, broke, or carried what is not the protocol.
    """
    try:
        async with _connection(path, "watch", {"frames": True}) as reader:
            while line := await reader.readline():
                message = _parse(line)
                if "event" in message:
                    yield message
    except (OSError, ValueError) as error:
        raise ControlError(f"The phone cannot be watched: {error}.") from error


@asynccontextmanager
async def _connection(
    path: Path, command: str, args: Mapping[str, Any]
) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
    try:
        writer.write(json.dumps({"command": command, "args": args}).encode() + b"\n")
        await writer.drain()
        yield reader
    finally:
        writer.close()


def _parse(line: bytes) -> dict[str, Any]:
    if not line:
        raise ValueError("it closed the connection")
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("it sent something that is no JSON object")
    return message
