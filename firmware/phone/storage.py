"""The driver that keeps what outlives a call or a restart: call history, grants, place, volume, secrets
shared with contacts and the levels of protection that were reached, each in a vault.

Nothing else writes to the state directory. A thread of its own does the writing, so that a slow card holds up
no call; a full or read-only disk is said (``StoreChanged.trouble``) and never harms one.

The wall clock decides when a record's life is over, and it may jump. So a life also ends by the monotonic
clock of this run, and when the wall clock is before the newest record (SLACK apart): then it was set back,
and nobody knows how old the records are. So a telephone without a battery clock may lose its history at a
restart.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import queue
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import personal, typed
from firmware.phone import stored_form as records
from firmware.phone.audio.volume import Volumes
from firmware.phone.book import entries
from firmware.phone.book.entries import Book, Source
from firmware.phone.clock import Clock
from firmware.phone.language.phrase import joined, phrase
from firmware.phone.log import learn_place
from firmware.phone.personal import HISTORY, Personal
from firmware.phone.place import Place
from firmware.phone.presence import Grant
from firmware.phone.reached import Reached
from firmware.phone.retained import KeepSecrets, Retained
from firmware.phone.sealed import Sealed
from firmware.phone.store import PLACE_NOT_KEPT
from firmware.phone.values import CallRecord, KeptLock
from firmware.phone.vault import SLOTS, Vault, destroy_keys
from firmware.updater import disk

log = logging.getLogger("sottovoce.storage")

SLACK = 60.0
"""Seconds that a clock may be set back without a word; every life is so much shorter."""

PATIENCE, ASKED_PATIENCE = 3.0, 2.0
"""Seconds that ``stop`` waits for what is being written, and the loop, which is thought stuck soon after
(``watchdog.STUCK_S``)."""

SETTINGS_NOT_KEPT, LOCK_NOT_KEPT = phrase("Settings not kept"), phrase("Lock not kept")
FIRST_NOT_KEPT = phrase("Not kept")

_WHY = {
    errno.ENOSPC: phrase("No space left on device"),
    errno.EROFS: phrase("Read-only file system"),
    errno.EIO: phrase("Input/output error"),
    errno.EACCES: phrase("Permission denied"),
}
"""What the system calls what disks fail of most."""

_NAME, _URI = 80, 400
"""Characters kept of a name and an address."""


@dataclass(frozen=True)
class _Kept:
    """One record of the history. ``until``: monotonic seconds at which its life is over at the latest."""

    slot: int
    record: CallRecord
    until: float


@dataclass(frozen=True)
class _KeepCertificate:
    """Write the certificate that a contact knows us by."""

    job: KeepSecrets


@dataclass(frozen=True)
class _KeepDay:
    """Write the day that a time service told last, since 1970."""

    day: int


@dataclass(frozen=True)
class _OpenBook:
    """Load the phone book."""


class Storage:
    """``hours``: the life of a call in the history, 0 = no history: then nothing of a call is ever written.

    ``crash`` hears of any fault in the thread but a disk that fails. Only the thread touches the vaults.
    ``secrets``: those that are shared with ``contacts``, for the SIP engine. ``book``: the sources whose
    contacts are kept. ``lock``: the keypad may have a PIN; without, one that was kept is destroyed.
    """

    def __init__(
        self,
        folder: Path,
        hours: int,
        clock: Clock,
        crash: Callable[[BaseException], None],
        contacts: Collection[str] = (),
        book: Collection[str] = (),
        lock: bool = True,
    ) -> None:
        self._folder = folder
        self._hours = hours
        self._life = 0.0
        self._clock = clock
        self._crash = crash
        self._post: Callable[[on.Event], None] = lambda event: None
        self._history = Vault(folder, "history")
        self._grants = Vault(folder, "grants")
        self._places = Vault(folder, "place")
        self._volume_vault = Vault(folder, "volume")
        self._volumes = Volumes()
        self._place: Place | None = None
        self._settings = Sealed(folder, "settings")
        self._personal = Personal()
        self._lock_vault = Vault(folder, "lock")
        self._lock = KeptLock()
        self._lock_slots: list[int] = []
        self._lock_wanted, self._lock_lost = lock, False
        self._levels = Vault(folder, "levels")
        self._reached: dict[int, Reached] = {}
        self._calls: list[_Kept] = []
        self._granted: dict[int, Grant] = {}
        self._troubles: dict[str, str] = {}
        self._told: on.StoreChanged | None = None
        self._queue: queue.SimpleQueue[
            do.StoreCommand | KeepSecrets | _KeepCertificate | _KeepDay | _OpenBook | threading.Event | None
        ] = queue.SimpleQueue()
        self.secrets = Retained(Vault(folder, "secrets"), contacts, self._queue.put)
        self._thread = threading.Thread(target=self._run, name="storage", daemon=True)
        self.certificates = Retained(
            Vault(folder, "certificates"), contacts, lambda job: self._queue.put(_KeepCertificate(job))
        )
        self._certificates_told = 0
        self._day_vault = Vault(folder, "day")
        self._day_slots: list[int] = []
        self.day = 0
        self._book = Sealed(folder, "book")
        self._book_names = frozenset(book)

    def start(self, post: Callable[[on.Event], None]) -> None:
        """Load what was kept; what is over its time, damaged or no longer wanted is destroyed first."""
        self._post = post
        self._open()
        self._tell()
        self._queue.put(_OpenBook())
        self._thread.start()

    def stop(self) -> None:
        """Finish what is waiting, within PATIENCE."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(PATIENCE)

    def carry_out(self, command: do.StoreCommand) -> None:
        """Have ``command`` done; never blocks."""
        self._queue.put(command)

    def keep_day(self, day: int) -> None:
        """Have the day kept that a time service told; never blocks. ``day`` is the one that was kept."""
        self._queue.put(_KeepDay(day))

    def settle(self, patience: float = PATIENCE) -> str:
        """Wait for all that was asked, at most so many seconds. Returns what went wrong, in words, or ""."""
        done = threading.Event()
        self._queue.put(done)
        if not done.wait(patience):
            return "the disk does not answer; try again later"
        return self._trouble()

    def _run(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                if isinstance(job, threading.Event):
                    job.set()
                    continue
                self._do(job)
                self._tell()
        except BaseException as error:
            self._crash(error)
            raise

    def _do(self, command: do.StoreCommand | KeepSecrets | _KeepCertificate | _KeepDay | _OpenBook) -> None:
        match command:
            case KeepSecrets():
                self._attempt(phrase("Secrets not kept"), lambda: self.secrets.do(command))
            case do.Remember():
                self._attempt(phrase("Call not kept"), lambda: self._remember(command))
            case do.KeepGrants(grants):
                self._attempt(phrase("Grant not kept"), lambda: self._keep_grants(grants))
            case do.KeepVolumes(volumes):
                self._attempt(phrase("Volume not kept"), lambda: self._keep_volumes(volumes))
            case do.KeepLock(kept):
                self._attempt(LOCK_NOT_KEPT, lambda: self._keep_lock(kept))
                self._post(on.LockKept(kept.wrong, LOCK_NOT_KEPT not in self._troubles))
            case do.KeepPersonal(found):
                self._attempt(SETTINGS_NOT_KEPT, lambda: self._keep_settings(found))
            case do.FactoryReset():
                self._attempt(phrase("Not erased"), self._reset)
                self._post(on.FactoryDone(self._troubles.get("Not erased", "")))
            case do.KeepFirst(text):
                self._attempt(FIRST_NOT_KEPT, lambda: self._keep_first(text))
                self._post(on.FirstKept(self._troubles.get(FIRST_NOT_KEPT, "")))
            case do.EndFirst():
                self._attempt(FIRST_NOT_KEPT, lambda: disk.replace(self._folder / typed.DONE, b""))
            case do.KeepPlace(place):
                self._attempt(PLACE_NOT_KEPT, lambda: self._keep_place(place))
            case do.KeepReached(reached):
                self._attempt(phrase("Protection not kept"), lambda: self._keep_reached(reached))
            case _KeepCertificate(job):
                self._attempt(phrase("Certificate not kept"), lambda: self.certificates.do(job))
            case _KeepDay(day):
                self._attempt(phrase("Date not kept"), lambda: self._write_day(day))
            case _OpenBook():
                self._attempt(phrase("Not erased"), self._open_book)
            case do.KeepBook(sources):
                self._attempt(phrase("Contacts not kept"), lambda: self._keep_book(sources))
            case do.Expire():
                self._attempt(phrase("Not erased"), self._expire)
            case do.Wipe():
                self._attempt(phrase("Not erased"), self._wipe)

    def _attempt(self, kind: str, work: Callable[[], None]) -> None:
        """Do ``work``; a disk that fails is said under ``kind`` until the same kind of work succeeds."""
        try:
            work()
        except OSError as error:
            why = _WHY.get(error.errno or 0) or error.strerror or str(error)
            trouble = joined((kind, why), ": ")
            if self._troubles.get(kind) != trouble:
                log.error("%s; look after the disk that holds the state directory", trouble)
            self._troubles[kind] = trouble
        else:
            self._troubles.pop(kind, None)

    # --- what is kept --------------------------------------------------------------------------------

    def _open(self) -> None:
        self._attempt(phrase("Nothing can be kept"), self._make_folder)
        self._attempt(phrase("Not erased"), self._open_settings)
        self._life = self._life_of(self._personal)
        if self._life:
            self._attempt(phrase("Not erased"), self._open_history)
        else:
            self._attempt(phrase("Not erased"), self._history.destroy)
        self._attempt(phrase("Not erased"), self._open_grants)
        self._attempt(phrase("Not erased"), self._open_place)
        self._attempt(phrase("Not erased"), self._open_secrets)
        self._attempt(phrase("Not erased"), self._open_levels)
        self._attempt(phrase("Not erased"), self._open_volumes)
        self._attempt(phrase("Not erased"), self._open_certificates)
        self._attempt(phrase("Not erased"), self._open_lock)
        self._attempt(phrase("Not erased"), self._open_day)

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _open_history(self) -> None:
        found, damaged = self._history.load()
        wall, now = self._clock.wall().timestamp(), self._clock.monotonic()
        useless = []
        for slot, raw in found.items():
            record = records.record(raw)
            if record is None:
                useless.append(slot)
                continue
            left = min(self._life, record.at + self._life - wall)
            self._calls.append(_Kept(slot, record, now + left))
        self._say_damage(phrase("call history"), damaged or bool(useless))
        self._history.remove(useless)
        self._expire_calls()

    def _open_grants(self) -> None:
        found, damaged = self._grants.load()
        granted = {slot: records.grant(raw) for slot, raw in found.items()}
        self._granted = {slot: grant for slot, grant in granted.items() if grant is not None}
        useless = granted.keys() - self._granted.keys()
        self._say_damage(phrase("list of watchers"), damaged or bool(useless))
        self._grants.remove(useless)
        self._expire_grants()

    def _open_place(self) -> None:
        found, damaged = self._places.load()
        known = [place for place in map(records.place, found.values()) if place is not None]
        useless = len(known) != len(found)
        self._say_damage(phrase("place"), damaged or useless)
        if useless or len(known) > 1:
            self._places.destroy()
        elif known:
            self._place = known[0]
            learn_place(self._place.text)

    def _open_certificates(self) -> None:
        self._say_damage(phrase("list of certificates"), self.certificates.load())

    def _open_secrets(self) -> None:
        self._say_damage(phrase("record of secrets"), self.secrets.load())

    def _open_levels(self) -> None:
        found, damaged = self._levels.load()
        known = {slot: records.reached(raw) for slot, raw in found.items()}
        self._reached = {slot: one for slot, one in known.items() if one is not None}
        useless = known.keys() - self._reached.keys()
        self._say_damage(phrase("memory of protected calls"), damaged or bool(useless))
        self._levels.remove(useless)

    def _open_volumes(self) -> None:
        found, _ = self._volume_vault.load()
        known = [volumes for volumes in map(records.volumes, found.values()) if volumes is not None]
        if len(known) == 1 == len(found):
            self._volumes = known[0]
        elif found:
            self._volume_vault.destroy()  # nobody misses what the next key makes anew

    def _open_lock(self) -> None:
        """Of two, which only a lost power leaves, the one with more wrong PINs."""
        if not self._lock_wanted:
            self._lock_vault.destroy()
            return
        found, damaged = self._lock_vault.load()
        known = {slot: records.lock(raw) for slot, raw in found.items()}
        good = [(one.wrong, slot, one) for slot, one in known.items() if one is not None]
        self._lock_lost = damaged or len(good) < len(known)
        if good:
            _, kept, self._lock = max(good, key=lambda one: one[:2])
            self._lock_vault.remove(known.keys() - {kept})
            self._lock_slots, self._lock_lost = [kept], False
        else:
            self._lock_vault.destroy()
        self._say_damage(phrase("PIN of the keypad lock"), self._lock_lost)

    def _open_settings(self) -> None:
        """What is none of this version's settings is left out alone."""
        document, damaged = self._settings.load()
        faults: tuple[str, ...] = ()
        if document is not None:
            try:
                self._personal, faults = personal.loaded(document)
            except ValueError:
                damaged = True
        self._say_damage(phrase("list of settings"), damaged)
        if faults:
            log.warning("settings that this version does not know are left out: %s", ", ".join(faults))

    def _open_day(self) -> None:
        """Of two, which only a lost power leaves, the later one. A damaged one is no loss worth a word."""
        found, _ = self._day_vault.load()
        known = {slot: int(raw) for slot, raw in found.items() if raw.isdigit() and len(raw) < 8}
        self._day_slots, self.day = list(found), max(known.values(), default=0)

    def _write_day(self, day: int) -> None:
        before, self._day_slots = self._day_slots, [self._day_vault.add(str(day).encode())]
        self._day_vault.remove(before)
        self.day = day

    def _life_of(self, found: Personal) -> float:
        """Seconds that a call is kept; what was set at the keypad stands above phone.toml."""
        hours = dict(found.values).get(HISTORY, self._hours)
        return max(0.0, float(hours) * 3600 - SLACK)

    def _keep_settings(self, found: Personal) -> None:
        """Calls whose life is over by it go at once, whether it can be kept or not."""
        life, self._life = self._life, self._life_of(found)
        if self._life < life:
            latest = self._clock.monotonic() + self._life
            self._calls = [replace(kept, until=min(kept.until, latest)) for kept in self._calls]
            self._expire_calls()
            if not self._life:
                self._history.destroy()
        if found == Personal():
            self._settings.destroy()
        else:
            self._settings.keep(personal.octets(found))

    def _keep_first(self, text: str) -> None:
        """Whole or not at all; the telephone starts anew with it, and shows that it is new."""
        (self._folder / typed.DONE).unlink(missing_ok=True)
        disk.replace(self._folder / typed.FILE, text.encode())

    def _reset(self) -> None:
        """Every key first, then what they opened, then whatever else lies there."""
        destroy_keys(self._folder)
        with contextlib.ExitStack() as each:
            each.callback(self._sweep_folder)
            each.callback(self._lock_vault.destroy)
            each.callback(self._settings.destroy)
            each.callback(self._wipe)

    def _sweep_folder(self) -> None:
        for path in self._folder.iterdir():
            if path.is_file() or path.is_symlink():
                path.unlink()

    def _keep_lock(self, lock: KeptLock) -> None:
        """The new one is there before the old one goes: a lost power forgets no wrong PIN."""
        if not lock.pin:
            self._lock_slots = []
            self._lock_vault.destroy()
        else:
            before, self._lock_slots = self._lock_slots, [self._lock_vault.add(records.lock_octets(lock))]
            self._lock_vault.remove(before)
        self._lock = lock

    def _open_book(self) -> None:
        """After the start, for it may be long; with it goes what is of a source that is named no more."""
        if not self._book_names:
            self._book.destroy()
            return
        document, damaged = self._book.load()
        kept: list[Source] = []
        try:
            kept = entries.sources(document) if document is not None else []
        except ValueError:
            damaged = True
        self._say_damage(phrase("phone book"), damaged)
        self._post(on.BookLoaded(Book([source for source in kept if source.name in self._book_names])))

    def _keep_book(self, sources: tuple[Source, ...]) -> None:
        self._book.keep(entries.octets(sources))

    def _say_damage(self, what: str, damaged: bool) -> None:
        if damaged:
            log.error("the %s was damaged; what was damaged of it has been destroyed", what)
            self._troubles["Damaged"] = phrase("Damaged {what} destroyed", what=what)

    def _remember(self, command: do.Remember) -> None:
        if not self._life:
            return
        self._expire()
        if len(self._calls) >= SLOTS:
            self._forget([min(self._calls, key=lambda kept: kept.record.at)])
        at = int(self._clock.wall().timestamp())
        peer = command.peer
        record = CallRecord(command.direction, peer.uri[:_URI], peer.name[:_NAME], at, command.seconds)
        slot = self._history.add(records.octets(record))
        self._calls.append(_Kept(slot, record, self._clock.monotonic() + self._life))

    def _expire(self) -> None:
        try:
            self._expire_calls()
        finally:
            self._places.sweep()
            self._levels.sweep()
            self._expire_grants()

    def _expire_calls(self) -> None:
        wall, now = self._clock.wall().timestamp(), self._clock.monotonic()
        set_back = any(wall < kept.record.at - SLACK for kept in self._calls)
        self._forget(
            [
                kept
                for kept in self._calls
                if set_back or now >= kept.until or wall >= kept.record.at + self._life
            ]
        )

    def _expire_grants(self) -> None:
        today = self._clock.wall().date()
        self._grants.remove(self._drop(lambda grant: grant.until is not None and grant.until < today))

    def _forget(self, over: list[_Kept]) -> None:
        self._calls = [kept for kept in self._calls if kept not in over]
        self._history.remove([kept.slot for kept in over])

    def _keep_grants(self, grants: tuple[Grant, ...]) -> None:
        new = [grant for grant in grants if grant not in self._granted.values()][:SLOTS]
        self._grants.remove(self._drop(lambda grant: grant not in grants))
        for grant in new:
            self._granted[self._grants.add(records.octets(grant))] = grant

    def _keep_reached(self, reached: tuple[Reached, ...]) -> None:
        """The new one is there before the old one goes: whenever the power fails, no level is forgotten."""
        over = [slot for slot, one in self._reached.items() if one not in reached]
        for one in reached:
            if one not in self._reached.values():
                self._reached[self._levels.add(records.octets(one))] = one
        for slot in over:
            del self._reached[slot]
        self._levels.remove(over)

    def _keep_place(self, place: Place | None) -> None:
        """The old one goes first: after a failure none is kept, for a wrong one would send help astray."""
        self._place = None
        self._places.destroy()
        if place is not None:
            learn_place(place.text)
            self._places.add(records.place_octets(place))
            self._place = place

    def _keep_volumes(self, volumes: Volumes) -> None:
        self._volume_vault.destroy()
        self._volume_vault.add(records.volumes_octets(volumes))
        self._volumes = volumes

    def _drop(self, over: Callable[[Grant], bool]) -> list[int]:
        slots = [slot for slot, grant in self._granted.items() if over(grant)]
        for slot in slots:
            del self._granted[slot]
        return slots

    def _wipe(self) -> None:
        self._calls, self._granted, self._place, self._reached = [], {}, None, {}
        self._volumes, self._personal = Volumes(), Personal()
        self._life = self._life_of(self._personal)
        self._troubles.pop("Damaged", None)
        with contextlib.ExitStack() as each:  # goes on to the next, whatever becomes of one
            each.callback(self._settings.destroy)
            for destroy in (self._book.destroy, self.certificates.wipe, self.secrets.wipe):
                each.callback(destroy)
            for vault in (self._volume_vault, self._levels, self._places, self._grants, self._history):
                each.callback(vault.destroy)

    # --- what is told --------------------------------------------------------------------------------

    def _trouble(self) -> str:
        return joined(self._troubles.values(), ". ")

    def _tell(self) -> None:
        """Post the present, when it is another than the one told before or an end is near."""
        if self.certificates.number != self._certificates_told:
            self._certificates_told = self.certificates.number
            self._post(on.CertificatesKept(self._certificates_told))
        now = self._clock.monotonic()
        ends = min((kept.until - now for kept in self._calls), default=None)
        records = tuple(kept.record for kept in self._calls)
        granted, first = tuple(self._granted.values()), self._told is None
        reached, secrets = tuple(self._reached.values()), self.secrets.number
        told = on.StoreChanged(
            records,
            granted,
            ends,
            self._trouble(),
            first,
            self._place,
            secrets,
            reached,
            self._volumes,
            self._lock,
            self._lock_lost,
            self._personal,
        )
        before, self._told = self._told, told
        same = before is not None and (before.history, before.granted, before.trouble, before.secrets) == (
            told.history,
            told.granted,
            told.trouble,
            told.secrets,
        )
        if not same or (ends is not None and ends < SLACK):
            self._post(told)
