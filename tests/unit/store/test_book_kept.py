"""The phone book over a restart: sealed, of the sources that are named, erased with all else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import Book, Entry, Source
from firmware.phone.clock import FakeClock
from firmware.phone.machine import names
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.sealed import Sealed
from firmware.phone.storage import Storage
from tests.unit.store.scan import hits

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME, NUMBER = "Katharina", "+4930901820"
SOURCE = Source("people.vcf", (Entry(NAME, (NUMBER,), "choir"),), START)
OTHER = Source("CardDAV dav.test", (Entry("Boris", ("sip:boris@phone.test",)),))
NAMES = (SOURCE.name, OTHER.name)


@contextmanager
def running(folder: Path, names: Collection[str] = NAMES) -> Iterator[tuple[Storage, list[on.Event]]]:
    events: list[on.Event] = []
    crashes: list[BaseException] = []
    storage = Storage(folder, 0, FakeClock(START), crashes.append, book=names)
    storage.start(events.append)
    try:
        yield storage, events
    finally:
        storage.stop()
        assert crashes == []


def loaded(events: list[on.Event]) -> Book:
    (event,) = [event for event in events if isinstance(event, on.BookLoaded)]
    return event.book


def kept(folder: Path) -> None:
    with running(folder) as (storage, _):
        storage.carry_out(do.KeepBook((SOURCE, OTHER)))
        assert storage.settle() == ""


def test_it_is_there_after_a_restart_and_in_clear_nowhere(tmp_path: Path) -> None:
    kept(tmp_path)
    assert not hits(tmp_path, NAME)
    assert not hits(tmp_path, NUMBER)
    with running(tmp_path) as (storage, events):
        storage.settle()
        book = loaded(events)
    assert book.sources == (SOURCE, OTHER)
    assert names.name_of(Rules(), State(book=book), f"sip:{NUMBER}@provider.test") == NAME


def test_what_is_of_no_source_any_more_is_not_loaded(tmp_path: Path) -> None:
    kept(tmp_path)
    with running(tmp_path, (OTHER.name,)) as (storage, events):
        storage.settle()
        assert loaded(events).sources == (OTHER,)


def test_without_sources_it_is_destroyed(tmp_path: Path) -> None:
    kept(tmp_path)
    with running(tmp_path, ()) as (storage, events):
        storage.settle()
        assert [event for event in events if isinstance(event, on.BookLoaded)] == []
    assert list(tmp_path.iterdir()) == []


def test_a_wipe_destroys_it(tmp_path: Path) -> None:
    with running(tmp_path) as (storage, _):
        storage.carry_out(do.KeepBook((SOURCE,)))
        storage.carry_out(do.Wipe())
        assert storage.settle() == ""
    assert list(tmp_path.iterdir()) == []


def test_damage_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    kept(tmp_path)
    next(tmp_path.glob("*.sealed")).write_bytes(b"rubbish")
    with running(tmp_path) as (storage, events):
        assert "phone book" in storage.settle()
        assert len(loaded(events)) == 0


def test_what_is_no_phone_book_is_damage(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    Sealed(tmp_path, "book").keep(b"7")
    with running(tmp_path) as (storage, events):
        assert "phone book" in storage.settle()
        assert len(loaded(events)) == 0


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path) as (storage, _):

        def full(self: Sealed, document: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Sealed, "keep", full)
        storage.carry_out(do.KeepBook((SOURCE,)))
        assert storage.settle() == "Contacts not kept: No space left on device"
