"""The folder in which the telephone and the page's program meet, and the files that begin and end the page.

::

    FOLDER/open           there while the page is to be open: systemd starts its program for it; it is empty
    FOLDER/phone.sock     where the program asks (``door``)
    FOLDER/period         who is in, for a telephone that is started anew meanwhile; it alone may read it
    FOLDER/keep/proposal  phone.toml as it is to be, for the one program that may write it (``setup.keep``)

The folder is in memory: after a power cut nothing is open.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.values import SettingUp

log = logging.getLogger("sottovoce.setup")

FOLDER = Path("/run/sottovoce-setup")
OPEN, PERIOD, KEEP, PROPOSAL = "open", "period", "keep", "proposal"
SOCKET = "phone.sock"
DIGITS = 8
"""Of the code: a hundred million, of which five are tried at most."""

NO_PROGRAM = phrase("There is no set-up page here.")
NO_ADDRESS = phrase("No network address: look at the cable.")


def folder_of(asked: Path | None) -> Path | None:
    """Where it is: as asked, else where the system made a place for it, else nowhere."""
    if asked is not None:
        return asked
    return FOLDER if os.access(FOLDER, os.W_OK) else None


class Period:
    """Begins and ends it. ``host``: says our address. ``folder``: None: there is no such program."""

    def __init__(self, folder: Path | None, host: Callable[[], str]) -> None:
        self._folder = folder
        self._host = host
        self._post: Callable[[on.Event], None] = lambda event: None

    def start(self, post: Callable[[on.Event], None]) -> None:
        """After a start: whoever was in goes on."""
        self._post = post
        if self._folder is None:
            return
        kept = self._kept(self._folder / PERIOD)
        if kept is not None:
            post(on.SetupResumed(kept))
        else:
            self._end(self._folder)

    def carry_out(self, command: do.BeginSetup | do.KeepSetup | do.EndSetup) -> None:
        """``SetupBegun`` or ``SetupOver`` is posted for the first."""
        folder = self._folder
        match command:
            case do.BeginSetup():
                self._post(self._begun())
            case do.KeepSetup(setup) if folder is not None:
                _write(folder / PERIOD, json.dumps(dataclasses.asdict(setup)))
            case do.EndSetup() if folder is not None:
                self._end(folder)

    def _begun(self) -> on.SetupBegun | on.SetupOver:
        if self._folder is None:
            return on.SetupOver(NO_PROGRAM)
        host = self._host()
        if not host:
            return on.SetupOver(NO_ADDRESS)
        try:
            self._end(self._folder)
            _write(self._folder / OPEN, "", 0o640)
        except OSError as error:
            log.error("the set-up page cannot be opened: %s", error.strerror)
            return on.SetupOver(NO_PROGRAM)
        return on.SetupBegun(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", host)

    def _end(self, folder: Path) -> None:
        for name in (OPEN, PERIOD, f"{KEEP}/{PROPOSAL}"):
            (folder / name).unlink(missing_ok=True)

    def _kept(self, path: Path) -> SettingUp | None:
        try:
            found = SettingUp(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return found if isinstance(found.until, float) else None


def propose(folder: Path, text: str) -> None:
    """Hand ``text`` over as the new phone.toml. Raises OSError."""
    (folder / KEEP).mkdir(mode=0o750, exist_ok=True)
    _write(folder / KEEP / PROPOSAL, text, 0o640)


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    """Whole or not at all. Raises OSError."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(new, flags, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask
        file.write(text)
    os.replace(new, path)
