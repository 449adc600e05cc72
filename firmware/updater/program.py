"""The updater as a program: what each of its commands does. One process at a time, held by a lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from firmware.phone.clock import Clock
from firmware.phone.errors import UpdateError
from firmware.updater import judge
from firmware.updater.judge import Mode, Moment, Offer, Refusal
from firmware.updater.settings import Settings
from firmware.updater.slots.base import Progress
from firmware.updater.updater import Updater


@dataclass(frozen=True)
class Program:
    """``in_call``: whether there is a call now; ``sleep`` waits some seconds."""

    updater: Updater
    settings: Settings
    clock: Clock
    in_call: Callable[[], bool]
    sleep: Callable[[float], None]
    progress: Progress

    def status(self) -> dict[str, Any]:
        """What runs, what is under way, what was told last; nothing is asked of the server."""
        journal, device = self.updater.journal, self.updater.device()
        attempt = journal.attempt
        return {
            "version": str(device.version),
            "board": device.board,
            "floor": str(device.floor),
            "mode": self.settings.mode.value if self.settings.url else Mode.OFF.value,
            "server": self.settings.url,
            "phase": journal.phase.value,
            "under_way": attempt.version if attempt else None,
            "last": journal.told,
            "notes": dict(journal.notes),
            "asked": journal.seen.isoformat() if journal.seen.timestamp() else None,
        }

    def check(self) -> dict[str, Any]:
        """Ask the server which release is the newest. Raises UpdateError."""
        return self._answer(self._ask())

    def install(self) -> dict[str, Any]:
        """Install the newest release now, because the user wants it. Raises UpdateError."""
        return self._install(wanted=True)

    def run(self) -> dict[str, Any]:
        """What the timer does: ask, and install when it is time. Raises UpdateError."""
        if self.settings.mode is Mode.OFF:
            return {"result": "updates are switched off", "offer": None}
        return self._install(wanted=False)

    def _install(self, wanted: bool) -> dict[str, Any]:
        if self.updater.journal.attempt is None:
            offer = self._ask()
            if isinstance(offer, Refusal):
                return self._answer(offer)
            wait = judge.moment(offer, self.settings.mode, self.updater.device(), self._moment(wanted))
            if wait is not None:
                return self._answer(offer) | {"result": f"{offer.release.version} waits: {wait.why}"}
            self.updater.prepare(offer, self.progress)
        if self.in_call():  # the fetching took its time
            return {"result": "written; the restart waits for the end of the call", "offer": None}
        self.updater.restart()
        return {"result": "restarting", "offer": None}

    def _ask(self) -> Offer | Refusal:
        if not self.settings.url:
            raise UpdateError("no update server is set; write its address as url into update.toml")
        return self.updater.ask()

    def _answer(self, verdict: Offer | Refusal) -> dict[str, Any]:
        trusted = self.updater.trusted
        told: dict[str, Any] = {"offer": None, "result": ""}
        if isinstance(verdict, Offer):
            release = verdict.release
            told["result"] = f"{release.version} is there"
            told["offer"] = {
                "version": str(release.version),
                "security": release.security,
                "octets": verdict.bundle.length,
                "notes": dict(release.notes),
            }
        else:
            told["result"] = verdict.why
        if trusted is not None:
            flaws = trusted.release.flaws_of(self.updater.device().version)
            told["affected"] = [{"id": flaw.id, "text": flaw.text} for flaw in flaws]
            told["supported_until"] = trusted.release.supported_until.isoformat()
        return told

    def _moment(self, wanted: bool) -> Moment:
        now: datetime = self.clock.wall()
        return Moment(
            now=now,
            quiet_for=self._quiet_for(wanted),
            night=self.settings.night(now.hour),
            wanted=wanted,
        )

    def _quiet_for(self, wanted: bool) -> timedelta | None:
        """How long there has been no call, as far as it matters: looked at every few seconds, to the end."""
        need = timedelta(0) if wanted else judge.QUIET
        start = self.clock.monotonic()
        while True:
            if self.in_call():
                return None
            quiet = timedelta(seconds=self.clock.monotonic() - start)
            if quiet >= need:
                return quiet
            self.sleep(LOOK)


LOOK = 5.0
"""Seconds between two looks at whether there is a call."""


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``. Raises UpdateError when another updater has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpdateError("another updater is at work; wait until it has finished") from None
        yield
    finally:
        os.close(handle)
