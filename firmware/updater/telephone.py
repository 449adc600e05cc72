"""What the updater asks the telephone, over its control socket: is there a call, and does it work?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.phone.cli import Client, NoDaemon

TIME_LIMIT = 120.0
"""Seconds that a telephone may take from its start until it works, on a slow board."""

PAUSE = 1.0
"""Seconds between two questions."""

_ENDED = "ended"


class Telephone:
    """``socket``: where the telephone answers. ``seconds`` and ``sleep`` are time, injected."""

    def __init__(
        self,
        socket: Path,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._socket = socket
        self._seconds = seconds
        self._sleep = sleep

    def in_call(self) -> bool:
        """Whether there is a call; a telephone that does not answer has none."""
        try:
            calls = self._ask("status")["calls"]
        except NoDaemon:
            return False
        return any(call["state"] != _ENDED for call in calls)

    def wrong(self, version: str) -> str:
        """What is wrong with the telephone, in plain words, or "". It has TIME_LIMIT to come up.

        Whether it is registered is not asked: a provider that is away must not send telephones back.
        """
        until = self._seconds() + TIME_LIMIT
        found = "the telephone did not start"
        while self._seconds() < until:
            found = self._wrong_now(version)
            if not found:
                return ""
            self._sleep(PAUSE)
        return found

    def _wrong_now(self, version: str) -> str:
        try:
            told = self._ask("status")["version"]
            if told != version:
                return f"the telephone says that it is {told}, not {version}"
            tests = self._ask("selftest")["tests"]
        except (NoDaemon, KeyError) as error:
            return f"the telephone did not start ({type(error).__name__})"
        failed = [test for test in tests if not test["ok"] and test["needed"]]
        return f"{failed[0]['test']}: {failed[0]['text']}" if failed else ""

    def _ask(self, command: str) -> dict[str, Any]:
        answer = Client(self._socket).ask(command, {})
        if not answer.get("ok"):
            raise KeyError(str(answer.get("error", command)))
        result: dict[str, Any] = answer["result"]
        return result
