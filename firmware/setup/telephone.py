"""The telephone, as this program may speak with it: questions at its door (``setting_up.door``)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

ANSWER_S = 20.0
"""Seconds for one answer; a slow board reads its configuration twice for a preview."""

LINE_LIMIT = 1 << 18
"""Octets of an answer: 500 contacts are far less."""


class Refused(Exception):
    """The telephone said no, and why."""


class Away(Exception):
    """It does not answer: it is being started anew, or it is gone."""


class Telephone:
    """``socket``: its door."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """The answer. Raises Refused and Away."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=LINE_LIMIT)
                try:
                    writer.write(json.dumps({"command": command, "args": args}).encode() + b"\n")
                    await writer.drain()
                    answer = json.loads(await reader.readline())
                finally:
                    writer.close()
        except (OSError, ValueError, TimeoutError) as error:
            raise Away("The telephone does not answer.") from error
        if not isinstance(answer, dict):
            raise Away("The telephone does not answer.")
        if answer.get("ok") is not True:
            raise Refused(str(answer.get("error", "")))
        result = answer.get("result")
        return result if isinstance(result, dict) else {}
