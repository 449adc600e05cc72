"""The secrets shared with contacts: sealed, replaced, erased; and what a failed write costs."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock
from firmware.phone.config import Config
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.retained import KeepSecrets
from firmware.phone.storage import Storage
from firmware.phone.store import inventory
from firmware.phone.vault import Vault
from tests.unit.store.scan import hits

BOB, EVE = "sip:bob@phone.test", "sip:eve@phone.test"
ONE, TWO = "01" + "a1" * 89, "01" + "b2" * 89


class Rig:
    """One storage with its thread; a context manager that stops it."""

    def __init__(self, folder: Path, contacts: tuple[str, ...] = (BOB, EVE)) -> None:
        self.events: list[on.Event] = []
        self.crashes: list[BaseException] = []
        self.storage = Storage(
            folder, 0, FakeClock(datetime(2026, 11, 23, tzinfo=UTC)), self.crashes.append, contacts
        )

    def __enter__(self) -> Storage:
        self.storage.start(self.events.append)
        return self.storage

    def __exit__(self, *_: object) -> None:
        self.storage.stop()
        assert self.crashes == []

    @property
    def told(self) -> int:
        event = self.events[-1]
        assert isinstance(event, on.StoreChanged)
        return event.secrets


def test_a_record_is_there_after_a_restart_and_nothing_of_it_is_in_clear(tmp_path: Path) -> None:
    with Rig(tmp_path) as storage:
        storage.secrets.keep(BOB, ONE)
        assert storage.settle() == ""
    for secret in (ONE, BOB, "bob@phone.test", "a1a1a1a1"):
        assert not hits(tmp_path, secret)
    with Rig(tmp_path) as storage:
        assert storage.secrets.find(BOB) == ONE
        assert storage.secrets.find(EVE) == ""


def test_a_new_record_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig as storage:
        for record in (ONE, TWO, ONE, TWO):
            storage.secrets.keep(BOB, record)
        assert storage.settle() == ""
        assert rig.told == 1
    found, damaged = Vault(tmp_path, "secrets").load()
    assert (len(found), damaged) == (1, False)
    with Rig(tmp_path) as storage:
        assert storage.secrets.find(BOB) == TWO


def test_a_record_counts_at_once_though_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6189 has two secrets for that: the next start still has the one of the call before."""
    with Rig(tmp_path) as storage:
        storage.secrets.keep(BOB, ONE)
        storage.settle()
        monkeypatch.setattr(Vault, "add", _full)
        storage.secrets.keep(BOB, TWO)
        assert storage.secrets.find(BOB) == TWO
        assert "Secrets not kept" in storage.settle()
        assert storage.secrets.find(BOB) == TWO
    monkeypatch.undo()
    with Rig(tmp_path) as storage:
        assert storage.secrets.find(BOB) == ONE


def test_only_contacts_have_records(tmp_path: Path) -> None:
    with Rig(tmp_path) as storage:
        storage.secrets.keep(BOB, ONE)
        storage.secrets.keep("sip:stranger@phone.test", TWO)
        storage.settle()
        assert storage.secrets.number == 1
    rig = Rig(tmp_path, contacts=(EVE,))
    with rig as storage:
        assert storage.secrets.find(BOB) == ""
        assert rig.told == 0
    assert Vault(tmp_path, "secrets").load() == ({}, False)


def test_a_wipe_erases_them(tmp_path: Path) -> None:
    with Rig(tmp_path) as storage:
        storage.secrets.keep(BOB, ONE)
        storage.carry_out(do.Wipe())
        assert storage.settle() == ""
        assert storage.secrets.find(BOB) == ""
    assert list(tmp_path.iterdir()) == []


def test_two_records_of_one_contact_are_none_too_many(tmp_path: Path) -> None:
    """The power went between the new record and the end of the old one."""
    vault = Vault(tmp_path, "secrets")
    for record in (ONE, TWO):
        vault.add(f'{{"contact": "{BOB}", "record": "{record}"}}'.encode())
    with Rig(tmp_path) as storage:
        assert storage.secrets.find(BOB) in (ONE, TWO)
        assert storage.secrets.number == 1
    assert len(Vault(tmp_path, "secrets").load()[0]) == 1


def test_what_is_no_record_is_destroyed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "secrets")
    vault.add(b"[" * 900)
    rig = Rig(tmp_path)
    with rig as storage:
        assert storage.secrets.number == 0
        assert "Damaged record of secrets destroyed" in storage.settle()


def test_a_record_too_long_for_the_vault_is_kept_in_memory_alone(tmp_path: Path) -> None:
    with Rig(tmp_path) as storage:
        storage.secrets.keep(BOB, "01" * 600)
        assert storage.settle() == ""
        assert storage.secrets.find(BOB) == "01" * 600
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_printed_nowhere() -> None:
    assert ONE not in repr(KeepSecrets(BOB, ONE))


def test_the_inventory_counts_them() -> None:
    (item,) = [
        item
        for item in inventory(Rules.of(Config()), State(secrets=2))
        if item["item"] == "secrets shared with contacts"
    ]
    assert (item["number"], item["wiped"]) == (2, True)


def _full(self: Vault, record: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
