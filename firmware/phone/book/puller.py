"""The driver that reads the phone book's files and servers: it starts the program ``pull``, and ends it.

What a source gave once stays until it gives something else: a server that cannot be reached loses nothing.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import MOST, TARGETS, Book, Entry, Source
from firmware.phone.clock import Clock
from firmware.phone.config import Config

log = logging.getLogger("sottovoce.book")

PROGRAM = (sys.executable, "-I", "-m", "firmware.phone.book.pull")

LONGEST_S = 100.0
"""Seconds until the program is ended, whatever it is doing."""

PATIENCE = 2.0


class Puller:
    """``names``: of the sources that the configuration has; ``crash`` hears of any fault in the thread."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        crash: Callable[[BaseException], None],
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._jobs = _jobs(config)
        self._country = config.phone.country
        self._clock = clock
        self._crash = crash
        self._program = program
        self._post: Callable[[on.Event], None] = lambda event: None
        self._queue: queue.SimpleQueue[do.PullBook | None] = queue.SimpleQueue()
        self._running: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="puller", daemon=True)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(job["name"] for job in self._jobs)

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post
        self._thread.start()

    def carry_out(self, command: do.PullBook) -> None:
        """Have it done; returns at once, and ``BookPulled`` is posted in the end, whatever happens."""
        self._queue.put(command)

    def stop(self) -> None:
        self._stopping.set()
        self._queue.put(None)
        running = self._running
        if running is not None:
            running.kill()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            while (command := self._queue.get()) is not None:
                pulled = self._pulled(command)
                if not self._stopping.is_set():
                    self._post(pulled)
        except BaseException as error:
            self._crash(error)
            raise

    def _pulled(self, command: do.PullBook) -> on.BookPulled:
        jobs = [job for job in self._jobs if job["kind"] == "file" or not command.files_only]
        answers = {answer.get("name"): answer for answer in self._asked(jobs)}
        kept = {source.name: source for source in command.kept}
        sources, troubles, faults = [], [], []
        for job in self._jobs:
            name, answer = job["name"], answers.get(job["name"])
            if answer is not None and "entries" in answer:
                sources.append(_source(name, answer, self._clock.wall()))
                faults += [f"{name}: {fault}" for fault in answer["faults"]]
                continue
            if answer is not None or job in jobs:
                troubles.append(
                    f"{name}: {answer['trouble'] if answer else 'it took too long; try again later'}"
                )
            if name in kept:
                sources.append(kept[name])
        for line in (*troubles, *faults):
            log.warning("contacts: %s", line)
        return on.BookPulled(Book(sources), tuple(troubles), tuple(faults))

    def _asked(self, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the program says of each source; nothing when it failed or took too long."""
        if not jobs:
            return []
        pipe = subprocess.PIPE
        with subprocess.Popen(
            self._program, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        ) as process:
            self._running = process
            if self._stopping.is_set():
                process.kill()
            try:
                asked = {"country": self._country, "sources": [_revealed(job) for job in jobs]}
                said, _ = process.communicate(json.dumps(asked), LONGEST_S)
                answers = json.loads(said)
            except (subprocess.TimeoutExpired, BrokenPipeError, ValueError) as error:
                log.error("the contacts were not read: %s", type(error).__name__)
                process.kill()
                answers = []
            finally:
                self._running = None
        return [answer for answer in answers if isinstance(answer, dict)]


def _jobs(config: Config) -> list[dict[str, Any]]:
    """The sources of the configuration; passwords stay masked until they are handed over."""
    book = config.book
    jobs: list[dict[str, Any]] = [
        {"kind": "file", "name": path.name, "path": str(path.absolute())} for path in book.files
    ]
    for card in book.carddavs:
        jobs.append(
            {
                "kind": "carddav",
                "name": f"CardDAV {urlsplit(card.url).hostname}",
                "url": card.url,
                "user": card.user,
                "password": card.password,
                "ca_file": str(card.ca_file.absolute()) if card.ca_file else "",
            }
        )
    for one in book.ldaps:
        jobs.append(
            {
                "kind": "ldap",
                "name": f"LDAP {urlsplit(one.url).hostname}",
                "url": one.url,
                "base": one.base,
                "search": one.search,
                "user": one.user,
                "password": one.password,
                "ca_file": str(one.ca_file.absolute()) if one.ca_file else "",
            }
        )
    names = [job["name"] for job in jobs]
    for number, job in enumerate(jobs):
        if double := names[:number].count(job["name"]):
            job["name"] = f"{job['name']} {double + 1}"
    return jobs


def _revealed(job: dict[str, Any]) -> dict[str, Any]:
    if "password" not in job:
        return job
    return job | {"password": job["password"].reveal() if job["password"] else ""}


def _source(name: str, answer: dict[str, Any], now: datetime) -> Source:
    found = tuple(
        Entry(str(who), tuple(str(text) for text in targets)[:TARGETS], str(group))
        for who, targets, group in answer["entries"][:MOST]
    )
    return Source(name, found, now)
