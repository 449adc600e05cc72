"""Whether the run before this one ended by itself, and of what: a small file beside the control socket.

It is made when the telephone is ready and removed when it stops as it was told to. Beside the socket means in
memory on a flashed phone, where it outlives a restart of the program (RuntimeDirectoryPreserve=restart) and
no power cut: who pulls the plug needs no message. It names nobody.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path

log = logging.getLogger("sottovoce.app")

LARGEST = 1024
"""Bytes read, and characters of a reason kept."""

KILLED = "it was ended from outside, or the interpreter failed; see the log"


class Restarts:
    """The file for the telephone whose control socket is ``socket``."""

    def __init__(self, socket: Path) -> None:
        self._path = socket.with_suffix(".run")
        self._number = 0

    def begin(self) -> tuple[int, str]:
        """A run begins. How often in a row a run ended by itself before it, and why the last one (0 and "":
        none did). Never raises: a phone that cannot tell works all the same.
        """
        self._number, reason = self._read()
        self._write("")
        return self._number, reason

    def failed(self, reason: str) -> None:
        """This run is about to end by itself, for ``reason``."""
        self._write(reason[:LARGEST])

    def end(self) -> None:
        """This run stops as it was told to."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[int, str]:
        try:
            with self._path.open("rb") as file:
                raw = file.read(4 * LARGEST)
        except FileNotFoundError:
            return 0, ""
        except OSError as error:
            log.warning("%s: %s", self._path, error.strerror)
            return 0, ""
        try:
            found = json.loads(raw)
            return int(found["restarts"]) + 1, str(found["reason"]) or KILLED
        except (ValueError, TypeError, KeyError, RecursionError):
            return 1, KILLED

    def _write(self, reason: str) -> None:
        text = json.dumps({"restarts": self._number, "reason": reason})
        try:
            handle = os.open(
                self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            log.warning("%s: %s", self._path, error.strerror)
