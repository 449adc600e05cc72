"""The updater's door: a second socket, on which another program with another user may ask four things.

::

    FOLDER/phone.sock   the updater asks: busy, selftest, and tells; each answer says what the user wishes
    FOLDER/wake         touched when the user wishes something; it is always empty

The folder belongs to the telephone and to the updater's group (systemd/sottovoce-updates.conf). The updater
cannot dial, read who called or what is kept, nor move a switch: those commands are not here. The telephone
cannot do anything to the updater but wake it and wish; what may be installed the updater decides alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from firmware.phone import events as on
from firmware.phone import updates
from firmware.phone.errors import ConfigError
from firmware.phone.loop import Loop
from firmware.phone.machine.updates import busy
from firmware.phone.requests import Refused

SOCKET, WAKE = "phone.sock", "wake"
FOLDER = Path("/run/sottovoce-updates")

Test = Callable[[Loop], "Future[dict[str, Any]]"]


class Door:
    """What each question is answered; runs in the loop's thread. ``test``: begins the self-test."""

    def __init__(self, folder: Path, version: str, test: Test) -> None:
        self.socket = folder / SOCKET
        self._wake = folder / WAKE
        self._version = version
        self._test = test

    def carry_out(self, loop: Loop, command: str, args: dict[str, Any]) -> Any:
        """The answer, or a future of it. Raises Refused."""
        match command:
            case "busy":
                quiet = loop.clock.monotonic() - loop.state.busy_at
                return {"busy": busy(loop.state), "quiet": round(quiet, 1), "version": self._version}
            case "selftest":
                return self._test(loop)
            case "tell":
                return self._told(loop, args)
        raise Refused("the updater may ask: busy, selftest, tell")

    def _told(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        try:
            loop.handle(on.UpdaterTold(updates.parse(args)))
        except ValueError as error:
            raise Refused(str(error)) from None
        return {"wish": updates.wish_json(loop.state.wish)}

    def start(self) -> None:
        """Make the file that wakes the updater, and wake it: it tells what it knows. Raises ConfigError."""
        try:
            self.wake()
        except OSError as error:
            raise ConfigError(
                [f"{self._wake}: cannot be written ({error.strerror}); give --updates another folder"]
            ) from error

    def wake(self) -> None:
        """Touch the file, for who waits for a change of it. Raises OSError."""
        handle = os.open(self._wake, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        try:
            os.utime(handle)
        finally:
            os.close(handle)


def folder_of(asked: Path | None) -> Path | None:
    """Where the door is: as asked, else where the system made a place for it, else nowhere."""
    if asked is not None:
        return asked
    return FOLDER if os.access(FOLDER, os.W_OK) else None
