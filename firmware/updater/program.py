"""The updater as a program: what each of its commands does. One process at a time, held by a lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from firmware.phone.cli import NoDaemon
from firmware.phone.clock import Clock
from firmware.phone.errors import UpdateError
from firmware.phone.updates import MOST_NOTICES, KnownFlaw, News, Noticed, Offered, Stage, Updates, Want, Wish
from firmware.updater import judge
from firmware.updater.journal import Phase
from firmware.updater.judge import Mode, Moment, Offer, Refusal
from firmware.updater.release import Release
from firmware.updater.settings import Settings
from firmware.updater.slots.base import Progress
from firmware.updater.updater import Updater

EVERY = timedelta(hours=3, minutes=30)
"""The server is asked no more often than that, unless the user wishes it."""

NOT_DONE = "not done: "
"""Before what is told of a wish that could not be followed (``sotto update`` exits 1 then)."""

STEP = 2
"""Per cent between two tellings of the progress."""

LONGEST = 300


class Phone(Protocol):
    """What of ``telephone.Telephone`` is used here."""

    def quiet_for(self, need: timedelta) -> timedelta | None: ...

    def tell(self, updates: Updates) -> Wish | None: ...


@dataclass
class Program:
    """``phone``: whom it asks and tells. ``progress``: who looks on besides."""

    updater: Updater
    settings: Settings
    clock: Clock
    phone: Phone
    progress: Progress
    _answered: int = field(default=0, init=False)
    _said: str = field(default="", init=False)
    _shown: tuple[Stage, int] = field(default=(Stage.IDLE, 0), init=False)

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
        told = self._answer(self._ask())
        self._tell()
        return told

    def install(self) -> dict[str, Any]:
        """Install the newest release now, because the user wants it. Raises UpdateError."""
        return self._install(wanted=True)

    def run(self) -> dict[str, Any]:
        """What every start does: follow the user's wishes; ask and install when it is time.

        A start without a wish, soon after the last, only tells what is known. Raises UpdateError.
        """
        told: dict[str, Any] = {"result": "nothing to do yet", "offer": None}
        wish = self._tell()
        while wish is not None:
            told = self._follow(wish)
            if self._answered < wish.number:  # it waits for the telephone to be left alone
                return told
            wish = self._tell()
        if self.settings.mode is Mode.OFF:
            return {"result": "updates are switched off", "offer": None}
        if self._due():
            try:
                told = self._install(wanted=False)
            finally:
                self._tell()
        return told

    def tell(self) -> None:
        """Tell the telephone what is known, as far as it is there."""
        self._tell()

    # --- wishes --------------------------------------------------------------------------------------

    def _follow(self, wish: Wish) -> dict[str, Any]:
        """What the user wants is done, or it is said why not."""
        try:
            match wish.want:
                case Want.CHECK:
                    told = self._answer(self._ask())
                case Want.POSTPONE:
                    told = self._postpone(wish.days)
                case Want.SEEN:
                    self.updater.seen()
                    told = {"result": "seen", "offer": None}
                case Want.INSTALL:
                    told = self._install(wanted=True, number=wish.number)
                    if told.get("waits"):
                        return told
        except (UpdateError, OSError) as error:
            told = {"result": f"{NOT_DONE}{error}", "offer": None}
        if wish.want is not Want.SEEN:
            self._said = told["result"]
        self._answered = wish.number
        return told

    def _postpone(self, days: int) -> dict[str, Any]:
        offer = self._known_offer()
        if not isinstance(offer, Offer):
            return {"result": f"{NOT_DONE}there is nothing to put off", "offer": None}
        until = self.clock.wall() + timedelta(days=days)
        self.updater.postpone(until)
        until = judge.postponed(offer.release, until)
        return {"result": f"put off until {until.astimezone():%Y-%m-%d %H:%M}", "offer": None}

    # --- the way of an update ------------------------------------------------------------------------

    def _install(self, wanted: bool, number: int = 0) -> dict[str, Any]:
        journal = self.updater.journal
        if journal.attempt is None:
            offer = self._ask()
            if isinstance(offer, Refusal):
                return self._answer(offer)
            wait = judge.moment(offer, self.settings.mode, self.updater.device(), self._moment(offer, wanted))
            if wait is not None:
                self._shown = (Stage.WAITING if wanted else Stage.IDLE, 0)
                self._tell()
                result = f"{offer.release.version} waits: {wait.why}"
                return self._answer(offer) | {"result": result, "waits": wanted}
            self._write(offer)
        elif journal.phase is not Phase.ARMED:
            raise UpdateError("an update is under way; it has to come to its end first")
        if self.phone.quiet_for(self._need(wanted)) is None:  # the fetching took its time
            self._shown = (Stage.WAITING, 0)
            self._tell()
            return {
                "result": "written; the restart waits until the telephone is left alone",
                "offer": None,
                "waits": True,
            }
        self._shown = (Stage.RESTARTING, 100)
        self._answered = max(self._answered, number)
        self._tell()
        self.updater.restart()
        return {"result": "restarting", "offer": None}

    def _write(self, offer: Offer) -> None:
        try:
            self.updater.prepare(offer, self._progress)
        finally:
            self._shown = (Stage.IDLE, 0)

    def _progress(self, done: int, what: str) -> None:
        """Say how far it is, on the display too."""
        self.progress(done, what)
        stage = Stage.FETCHING if what == "fetching" else Stage.WRITING
        if (stage, done - done % STEP) != self._shown:
            self._shown = (stage, done - done % STEP)
            self._tell()

    def _ask(self) -> Offer | Refusal:
        if not self.settings.url:
            raise UpdateError("no update server is set; write its address as url into update.toml")
        self.updater.tried(self.clock.wall())
        return self.updater.ask()

    def _due(self) -> bool:
        """Whether the server has not been asked for a while, or an update waits for its moment."""
        if self.updater.journal.attempt is not None:
            return True
        since = self.clock.wall() - self.updater.journal.tried
        return bool(self.settings.url) and not timedelta(0) <= since < EVERY

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

    def _moment(self, offer: Offer, wanted: bool) -> Moment:
        now = self.clock.wall()
        return Moment(
            now=now,
            quiet_for=self.phone.quiet_for(self._need(wanted)),
            night=self.settings.night(now.hour),
            wanted=wanted,
            postponed_until=self.updater.journal.postponed_until,
            noticed_for=self._noticed_for(offer, now),
        )

    def _need(self, wanted: bool) -> timedelta:
        return timedelta(0) if wanted else judge.QUIET

    def _noticed_for(self, offer: Offer, now: datetime) -> timedelta | None:
        """How long the telephone has known of ``offer``; None: it is not there to be told."""
        version, journal = str(offer.release.version), self.updater.journal
        if journal.noticed != version or journal.noticed_at is None:
            try:
                self.phone.tell(self.told())
            except NoDaemon:
                return None
            self.updater.noticed(version, now)
            return timedelta(0)
        return max(timedelta(0), now - journal.noticed_at)

    # --- what the telephone is told ------------------------------------------------------------------

    def _tell(self) -> Wish | None:
        """Tell it, as far as it is there; what its user wishes."""
        try:
            wish = self.phone.tell(self.told())
        except NoDaemon:
            return None
        return None if wish is None or wish.number <= self._answered else wish

    def told(self) -> Updates:
        """All that the telephone shows of updates; nothing is asked of the server."""
        journal, device, release = self.updater.journal, self.updater.device(), self.updater.known()
        stage, percent = self._shown
        if self.updater.on_trial():
            stage = Stage.PROVING
        return Updates(
            version=str(device.version),
            mode=self.settings.mode.value,
            server=bool(self.settings.url),
            stage=stage,
            percent=percent,
            offer=self._offered(self._known_offer()),
            postponed_until=self._postponed(release),
            result=(self._said or journal.told)[:LONGEST],
            news=News(journal.news),
            news_version=journal.news_version,
            notes=_words(journal.notes) if journal.news_version == str(device.version) else "",
            affected=tuple(
                KnownFlaw(flaw.id, flaw.text)
                for flaw in (release.flaws_of(device.version) if release else ())[:MOST_FLAWS]
            ),
            notices=tuple(
                Noticed(one.id, one.published, one.text, one.remedy, one.affects(device.version))
                for one in self.updater.notices()[:MOST_NOTICES]
            ),
            supported_until=release.supported_until if release else None,
            asked=journal.seen if journal.seen.timestamp() else None,
            answered=self._answered,
        )

    def _known_offer(self) -> Offer | Refusal | None:
        release = self.updater.known()
        return None if release is None else judge.judge(release, self.updater.device())

    def _offered(self, offer: Offer | Refusal | None) -> Offered | None:
        if not isinstance(offer, Offer):
            return None
        release = offer.release
        return Offered(
            str(release.version),
            release.security,
            offer.bundle.length,
            _words(release.notes),
            judge.when(
                offer,
                self.settings.mode,
                self.updater.device(),
                self.clock.wall(),
                self.updater.journal.postponed_until,
                self.settings.hours,
            ),
        )

    def _postponed(self, release: Release | None) -> datetime | None:
        until = self.updater.journal.postponed_until
        if until is None or release is None or until <= self.clock.wall():
            return None
        return judge.postponed(release, until)


MOST_FLAWS = 20


def _words(notes: Mapping[str, str]) -> str:
    """The display speaks English; notes in another language alone are better than none."""
    return notes.get("en", next(iter(notes.values()), ""))


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
