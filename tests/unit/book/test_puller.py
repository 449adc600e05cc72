"""The driver that reads the sources, with programs that do what the test wants."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import Entry, Source
from firmware.phone.book.puller import Puller
from firmware.phone.clock import FakeClock
from firmware.phone.config import Config
from firmware.phone.config_files import Secret
from firmware.phone.config_types import Book, CardDav, Ldap
from tests.rig.processes import wait_until

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVER = CardDav("https://dav.test/", "alice", Secret("hush"))
FILE = Path("/nowhere/people.vcf")
BOOK = Book(files=(FILE,), carddavs=(SERVER, SERVER), ldaps=(Ldap("ldaps://dir.test", "dc=test"),))
KEPT = (Source("CardDAV dav.test", (Entry("Ann", ("1",)),)), Source("gone", (Entry("Old", ("2",)),)))


class Rig:
    def __init__(self, program: str, book: Book = BOOK) -> None:
        self.posted: queue.SimpleQueue[on.Event] = queue.SimpleQueue()
        self.crashes: list[BaseException] = []
        self.puller = Puller(
            Config(book=book), FakeClock(NOW), self.crashes.append, (sys.executable, "-c", program)
        )
        self.puller.start(self.posted.put)

    def pull(self, kept: tuple[Source, ...] = KEPT, files_only: bool = False) -> on.BookPulled:
        self.puller.carry_out(do.PullBook(kept, files_only))
        event = self.posted.get(timeout=20)
        assert isinstance(event, on.BookPulled)
        assert self.crashes == []
        return event


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(program: str, book: Book = BOOK) -> Rig:
        made.append(Rig(program, book))
        return made[-1]

    yield make
    for one in made:
        one.puller.stop()


ANSWERS = """
import json, sys
asked = json.load(sys.stdin)
print(json.dumps([
    {"name": job["name"], "entries": [["Bob", ["sip:bob@phone.test"], ""]], "faults": ["line 3: is bad"]}
    if job["kind"] == "file" else {"name": job["name"], "trouble": "it sleeps"} for job in asked["sources"]
]))
"""


def test_what_is_new_comes_and_what_fails_stays(rig: Callable[..., Rig]) -> None:
    found = rig(ANSWERS).pull()
    assert [source.name for source in found.book.sources] == ["people.vcf", "CardDAV dav.test"]
    assert found.book.sources[0].pulled == NOW
    assert [entry.name for entry in found.book.entries] == ["Bob", "Ann"]
    assert found.faults == ("people.vcf: line 3: is bad",)
    assert found.troubles == (
        "CardDAV dav.test: it sleeps", "CardDAV dav.test 2: it sleeps", "LDAP dir.test: it sleeps",
    )  # fmt: skip


def test_files_alone_ask_no_server(rig: Callable[..., Rig]) -> None:
    found = rig(ANSWERS).pull(files_only=True)
    assert found.troubles == ()
    assert [entry.name for entry in found.book.entries] == ["Bob", "Ann"]


@pytest.mark.parametrize(
    "program", ["import sys; sys.exit(1)", "print('{')", "print('[7]')", "raise ValueError"]
)
def test_a_program_that_fails_loses_nothing(rig: Callable[..., Rig], program: str) -> None:
    found = rig(program).pull()
    assert [entry.name for entry in found.book.entries] == ["Ann"]
    assert len(found.troubles) == 4


def test_one_that_hangs_is_ended(rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.phone.book.puller.LONGEST_S", 0.3)
    found = rig("import time; time.sleep(60)").pull()
    assert "CardDAV dav.test: it took too long; try again later" in found.troubles


def test_stop_does_not_wait_for_it(rig: Callable[..., Rig]) -> None:
    made = rig("import time; time.sleep(60)")
    made.puller.carry_out(do.PullBook(()))
    wait_until(lambda: made.puller._running is not None, 5, "the program")
    began = time.monotonic()
    made.puller.stop()
    assert time.monotonic() - began < 2
    assert made.posted.empty()
    assert made.crashes == []


def test_passwords_go_by_the_standard_input_alone(rig: Callable[..., Rig], tmp_path: Path) -> None:
    note = tmp_path / "note"
    program = f"""
import json, os, sys
text = sys.stdin.read()
open({str(note)!r}, "w").write(json.dumps([text, " ".join(sys.argv), dict(os.environ)]))
print("[]")
"""
    rig(program).pull()
    text, argv, environment = json.loads(note.read_text())
    assert "hush" in text
    assert "hush" not in argv
    assert "hush" not in json.dumps(environment)
