"""The whole way of an update: ask, judge, fetch, write, restart on trial, prove, confirm or fall back.

Each step is written to the journal before it is taken, so that whoever comes back after a power cut knows
where it was. What can go wrong ends in words for the display (``Journal.told``), never in half a system.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater import fetch, fetching, journal, judge
from firmware.updater import version as versions
from firmware.updater.journal import Attempt, Journal, Phase
from firmware.updater.judge import Device, Offer, Refusal
from firmware.updater.notices import Notice
from firmware.updater.release import Release
from firmware.updater.slots.base import Images, Progress, SlotEngine
from firmware.updater.times import Times
from firmware.updater.trust import Repository, Trusted

log = logging.getLogger("sottovoce.update")

TRIES = 3
"""How often a slot is booted on trial: the power may have gone meanwhile; then it counts as bad."""

HealthCheck = Callable[[], str]
"""What is wrong with the telephone, in plain words, or ""."""


@dataclass(frozen=True)
class Parts:
    """``restart`` boots the machine anew and may not return; ``floor``: the oldest version, of the image.

    ``images``: of the slot that runs, so that a patch of them can be fetched; None: bundles come whole.
    """

    folder: Path
    board: str
    floor: str
    repository: Repository
    source: fetch.Source
    slots: SlotEngine
    times: Times
    health: Sequence[HealthCheck]
    restart: Callable[[], None]
    images: Images | None = None


class Updater:
    """``recover`` comes first, at every start. Nothing here runs in two threads or processes at once."""

    def __init__(self, parts: Parts) -> None:
        """Raises OSError when the folder cannot be read."""
        self._parts = parts
        parts.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = parts.folder / "journal.json"
        self._journal = journal.load(self._path)
        self._trusted: Trusted | None = None

    @property
    def journal(self) -> Journal:
        return self._journal

    @property
    def trusted(self) -> Trusted | None:
        """The newest release, as far as the server was asked in this run."""
        return self._trusted

    def device(self) -> Device:
        """This telephone, as ``judge`` sees it; the version is that of the slot that runs."""
        running = versions.parse(self._parts.slots.booted().version)
        floor = max(versions.parse(self._parts.floor), versions.parse(self._journal.floor))
        return Device(self._parts.board, running, floor, self._journal.bad, self._journal.place)

    # --- ask -----------------------------------------------------------------------------------------

    def ask(self) -> Offer | Refusal:
        """Which release there is for us. Raises UpdateError and its kinds, OSError."""
        now = self._parts.times.now(self._journal.seen)
        self._trusted = self._parts.repository.newest()
        self._note(replace(self._journal, seen=max(self._journal.seen, now)))
        return judge.judge(self._trusted.release, self.device())

    # --- fetch and write -----------------------------------------------------------------------------

    def prepare(self, offer: Offer, progress: Progress) -> None:
        """Fetch the bundle, write it to the spare slot, make that one boot next. Raises as ``ask``."""
        if self._trusted is None or self._journal.phase is not Phase.IDLE:
            raise UpdateError("ask for the newest release first; one update at a time")
        bundle = self._fetch(self._trusted, offer, progress)
        slots = self._parts.slots
        release = offer.release
        attempt = Attempt(
            version=str(release.version),
            sha256=offer.bundle.sha256,
            slot=slots.spare(),
            floor=str(release.floor),
            notes=release.notes,
            before=slots.booted().version,
        )
        self._note(replace(self._journal, phase=Phase.INSTALLING, attempt=attempt))
        try:
            slots.install(bundle, lambda done, what: progress(50 + done // 2, what))
        except (UpdateError, OSError) as error:
            self._end(f"{attempt.version} could not be written: {error}")
            raise
        bundle.unlink(missing_ok=True)
        self._arm(attempt)

    def restart(self) -> None:
        """Boot what was prepared. Raises UpdateError when nothing was."""
        if self._journal.phase is not Phase.ARMED:
            raise UpdateError("nothing waits for a restart")
        self._parts.restart()

    def _fetch(self, trusted: Trusted, offer: Offer, progress: Progress) -> Path:
        return fetching.fetch_bundle(
            self._parts.source,
            trusted,
            offer.bundle,
            self.device().version,
            self._parts.images,
            self._parts.folder / "fetched",
            lambda have, length: progress(50 * have // length, "fetching"),
        )

    def _arm(self, attempt: Attempt) -> None:
        attempt = replace(attempt, tries=attempt.tries + 1)
        self._note(replace(self._journal, phase=Phase.ACTIVATING, attempt=attempt))
        self._parts.slots.activate(attempt.slot)
        self._note(replace(self._journal, phase=Phase.ARMED))

    # --- after a start -------------------------------------------------------------------------------

    def recover(self) -> None:
        """Go on where the last run ended: by a power cut, a restart on trial, or a fall-back.

        Raises OSError of the disk; then nothing has changed.
        """
        attempt = self._journal.attempt
        if attempt is not None:
            self._go_on(attempt)
        if self._journal.phase is Phase.IDLE:
            self._keep()

    def _keep(self) -> None:
        """This start came up: firmware that counts begins anew. A trial nobody knows of is proven first."""
        slots = self._parts.slots
        if slots.armed():
            return
        if not slots.confirmed() and (wrong := self._wrong()):
            log.error("what runs was never kept and does not work: %s; the old one comes back", wrong)
            self._parts.restart()
            return
        slots.confirm()

    def _go_on(self, attempt: Attempt) -> None:
        slots = self._parts.slots
        runs_it = slots.booted().slot == attempt.slot
        if self._journal.phase is Phase.INSTALLING:
            self._end(f"{attempt.version} was not written: the power went; it is tried again")
        elif runs_it:
            self._prove(attempt)
        elif slots.armed():
            self._note(replace(self._journal, phase=Phase.ARMED))
        elif attempt.tries < TRIES and attempt.sha256 not in self._journal.bad:
            self._arm(attempt)
        else:
            self._fell_back(attempt, "it did not start")

    def _prove(self, attempt: Attempt) -> None:
        """The new slot runs: it stays when this telephone can telephone with it."""
        self._note(replace(self._journal, phase=Phase.TRIAL))
        if not self._parts.slots.confirmed():
            wrong = self._wrong()
            if wrong:
                self._note(replace(self._journal, bad=self._journal.with_bad(attempt.sha256, wrong)))
                log.error("version %s does not work: %s; the old one comes back", attempt.version, wrong)
                self._parts.restart()
                return
            self._parts.slots.confirm()
        floor = max(versions.parse(attempt.floor), versions.parse(self._journal.floor))
        if versions.parse(attempt.before) < floor:
            self._parts.slots.retire()
        self._note(replace(self._journal, floor=str(floor), notes=attempt.notes, postponed_until=None))
        self._news("updated", attempt.version)
        self._end(f"updated to {attempt.version}")

    def _wrong(self) -> str:
        damage = self._parts.slots.check()
        if damage:
            return damage
        return next((wrong for check in self._parts.health if (wrong := check())), "")

    def _fell_back(self, attempt: Attempt, why: str) -> None:
        why = self._journal.bad.get(attempt.sha256, why)
        self._note(replace(self._journal, bad=self._journal.with_bad(attempt.sha256, why)))
        running = self._parts.slots.booted().version
        self._news("back", attempt.version)
        self._end(f"{attempt.version} did not work ({why}); {running} runs again")

    # --- the user ------------------------------------------------------------------------------------

    def known(self) -> Release | None:
        """The newest release that was ever trusted here; it may have run out meanwhile."""
        return self._trusted.release if self._trusted is not None else self._parts.repository.last()

    def notices(self) -> tuple[Notice, ...]:
        """The security notices that were trusted last, the newest first."""
        found = self._parts.repository.notices()
        return () if found is None else found.notices

    def on_trial(self) -> bool:
        """Whether what runs has yet to show that it works."""
        attempt = self._journal.attempt
        return attempt is not None and self._parts.slots.booted().slot == attempt.slot

    def tried(self, now: datetime) -> None:
        """The server is about to be asked."""
        self._note(replace(self._journal, tried=now))

    def postpone(self, until: datetime) -> None:
        """The user puts the offer off."""
        self._note(replace(self._journal, postponed_until=until))

    def noticed(self, version: str, now: datetime) -> None:
        """From now on the display tells of ``version``."""
        self._note(replace(self._journal, noticed=version, noticed_at=now))

    def seen(self) -> None:
        """The user has seen what came of the last update."""
        self._news("none", self._journal.news_version)

    def _news(self, news: str, version: str) -> None:
        self._note(replace(self._journal, news=news, news_version=version))

    # --- the journal ---------------------------------------------------------------------------------

    def _end(self, told: str) -> None:
        log.info("%s", told)
        self._note(replace(self._journal, phase=Phase.IDLE, attempt=None, told=told))

    def _note(self, entry: Journal) -> None:
        if entry != self._journal:
            journal.save(self._path, entry)
            self._journal = entry
