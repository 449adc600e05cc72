"""What the updater asks the telephone and tells it, at the telephone's door (``firmware/phone/door.py``):
is it in use, does it work, and what does its user wish? Nothing else can be asked there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from firmware.phone.cli import LONG, Client, NoDaemon
from firmware.phone.door import FOLDER, SOCKET
from firmware.phone.updates import Updates, Want, Wish, as_json

DOOR = FOLDER / SOCKET

TIME_LIMIT = 120.0
"""Seconds that a telephone may take from its start until it works, on a slow board."""

PAUSE = 1.0
"""Seconds between two questions."""

LOOK = 5.0
"""Seconds between two looks for a telephone that does not answer."""


class Telephone:
    """``socket``: its door. ``seconds`` and ``sleep`` are time, injected."""

    def __init__(
        self,
        socket: Path,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._socket = socket
        self._seconds = seconds
        self._sleep = sleep

    def quiet_for(self, need: timedelta) -> timedelta | None:
        """How long nobody has used the telephone; None: it is in use, or says nothing clear.

        One that is not there cannot be in use: that is looked at for as long as ``need``.
        """
        start = self._seconds()
        while True:
            try:
                told = self._ask("busy")
                return None if told["busy"] is not False else timedelta(seconds=float(told["quiet"]))
            except NoDaemon as error:
                if not error.absent:
                    return None
            except (KeyError, TypeError, ValueError):
                return None
            quiet = timedelta(seconds=self._seconds() - start)
            if quiet >= need:
                return quiet
            self._sleep(LOOK)

    def tell(self, updates: Updates) -> Wish | None:
        """Say what is going on; what the user wishes, as far as the telephone answers. Raises NoDaemon."""
        try:
            wish = self._ask("tell", as_json(updates))["wish"]
            return None if wish is None else Wish(int(wish["number"]), Want(wish["want"]), int(wish["days"]))
        except (KeyError, TypeError, ValueError):
            return None

    def wrong(self, version: str, limit: float | None = None) -> str:
        """What is wrong with the telephone, in plain words, or "". It has ``limit`` (TIME_LIMIT) to come up.

        Whether it is registered is not asked: a provider that is away must not send telephones back.
        """
        until = self._seconds() + (TIME_LIMIT if limit is None else limit)
        found = "the telephone did not start"
        while self._seconds() < until:
            found = self._wrong_now(version)
            if not found:
                return ""
            self._sleep(PAUSE)
        return found

    def _wrong_now(self, version: str) -> str:
        try:
            told = self._ask("busy")["version"]
            if told != version:
                return f"the telephone says that it is {told}, not {version}"
            tests = self._ask("selftest", timeout=LONG)["tests"]
            failed = [test for test in tests if not test["ok"] and test["needed"]]
        except (NoDaemon, KeyError, TypeError) as error:
            return f"the telephone did not start ({type(error).__name__})"
        missing = NEEDED - {test["test"] for test in tests}
        if missing:
            return f"{min(missing)}: the telephone did not try it"
        return f"{failed[0]['test']}: {failed[0]['text']}" if failed else ""

    def _ask(self, command: str, args: dict[str, Any] | None = None, timeout: float = 10.0) -> dict[str, Any]:
        """Raises NoDaemon, or KeyError for a refusal."""
        answer = Client(self._socket, timeout).ask(command, args or {})
        if not answer.get("ok"):
            raise KeyError(str(answer.get("error", command)))
        result: dict[str, Any] = answer["result"]
        return result


NEEDED = frozenset(
    {
        "configuration",
        "call to itself",
        "address",
        "sound",
        "microphone",
        "display",
        "privacy switch",
        "keypad",
    }
)
"""Without a word on each of these a new version does not stay, whatever it says of the others."""
