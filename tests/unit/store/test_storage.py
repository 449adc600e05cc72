"""The store: life and end of what is kept, wipe, clocks that jump, disks that fail."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.volume import Volumes
from firmware.phone.clock import FakeClock
from firmware.phone.personal import HISTORY, Personal
from firmware.phone.place import parse
from firmware.phone.presence import Grant
from firmware.phone.storage import SLACK, Storage
from firmware.phone.values import CallRecord, Direction, Party
from firmware.phone.vault import SLOTS, Vault
from tests.unit.store.scan import hits

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NUMBER = "+4930901820"
NAME = "Katharina"
CALL = do.Remember(Direction.IN, Party(f"sip:{NUMBER}@phone.test", NAME), 83)
BOB = Grant("sip:bob@phone.test", "in-call", date(2026, 12, 1))
EVE = Grant("sip:eve@phone.test")
HOUR = 3600.0


class Rig:
    def __init__(self, folder: Path, hours: int = 2, clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or FakeClock(START)
        self.events: list[on.Event] = []
        self.crashes: list[BaseException] = []
        self.storage = Storage(folder, hours, self.clock, self.crashes.append)
        self.storage.start(self.events.append)

    def do(self, *commands: do.StoreCommand) -> str:
        for command in commands:
            self.storage.carry_out(command)
        return self.storage.settle()

    def pass_by(self, seconds: float) -> str:
        self.clock.advance(seconds)
        return self.do(do.Expire())

    @property
    def now(self) -> on.StoreChanged:
        event = self.events[-1]
        assert isinstance(event, on.StoreChanged)
        return event

    @property
    def clean(self) -> bool:
        return not hits(self.folder, NUMBER) and not hits(self.folder, NAME)


@contextmanager
def running(folder: Path, hours: int = 2, clock: FakeClock | None = None) -> Iterator[Rig]:
    rig = Rig(folder, hours, clock)
    try:
        yield rig
    finally:
        rig.storage.stop()
        assert rig.crashes == []


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path / "state") as rig:
        yield rig


def test_a_call_is_kept_and_never_in_clear(rig: Rig) -> None:
    assert rig.do(CALL) == ""
    at = int(START.timestamp())
    assert rig.now.history == (CallRecord(Direction.IN, f"sip:{NUMBER}@phone.test", NAME, at, 83),)
    assert rig.clean
    assert (rig.folder / "history.records").exists()


def test_it_is_kept_over_a_restart_and_ends_at_the_same_time(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(CALL)
    later = FakeClock(START + timedelta(hours=1), monotonic=5.0)
    with running(tmp_path, clock=later) as rig:
        assert len(rig.now.history) == 1
        assert rig.clean
        assert rig.now.ends == pytest.approx(HOUR - SLACK)
        rig.pass_by(HOUR - SLACK - 1)
        assert len(rig.now.history) == 1
        rig.pass_by(1)
        assert not rig.now.history
        assert list(tmp_path.iterdir()) == []


def test_the_key_is_destroyed_when_the_life_is_over(rig: Rig) -> None:
    rig.do(CALL)
    with (rig.folder / "history.keys").open("rb", buffering=0) as keys:
        before = keys.read(32)
        assert any(before)
        rig.pass_by(2 * HOUR)
        keys.seek(0)
        assert not any(keys.read())
    assert list(rig.folder.iterdir()) == []


def test_each_call_has_its_own_end(rig: Rig) -> None:
    rig.do(CALL)
    rig.pass_by(HOUR)
    rig.do(do.Remember(Direction.OUT, Party("sip:bob@phone.test"), 1))
    keys = (rig.folder / "history.keys").read_bytes()
    rig.pass_by(HOUR)
    assert [record.uri for record in rig.now.history] == ["sip:bob@phone.test"]
    after = (rig.folder / "history.keys").read_bytes()
    assert (after[:32], after[32:64]) == (bytes(32), keys[32:64])


def test_a_start_after_the_life_destroys_it(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(CALL)
    with running(tmp_path, clock=FakeClock(START + timedelta(hours=3))) as rig:
        assert not rig.now.history
    assert list(tmp_path.iterdir()) == []


def test_without_history_a_call_touches_nothing(tmp_path: Path) -> None:
    with running(tmp_path, hours=0) as rig:
        before = tmp_path.stat().st_mtime_ns
        assert rig.do(CALL) == ""
        assert not rig.now.history
        assert list(tmp_path.iterdir()) == []
        assert tmp_path.stat().st_mtime_ns == before


def test_history_that_is_no_longer_wanted_is_destroyed_at_start(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(CALL)
    with (tmp_path / "history.keys").open("rb", buffering=0) as keys:
        with running(tmp_path, hours=0) as rig:
            assert not rig.now.history
        assert not any(keys.read())
    assert list(tmp_path.iterdir()) == []


def test_a_shorter_life_holds_for_older_calls_too(tmp_path: Path) -> None:
    with running(tmp_path, hours=24) as rig:
        rig.do(CALL)
    with running(tmp_path, hours=1, clock=FakeClock(START + timedelta(hours=2))) as rig:
        assert not rig.now.history


def test_a_wipe_leaves_nothing(rig: Rig) -> None:
    rig.do(CALL, do.KeepGrants((BOB, EVE)))
    assert len(list(rig.folder.iterdir())) == 4
    assert rig.do(do.Wipe()) == ""
    assert (rig.now.history, rig.now.granted) == ((), ())
    assert list(rig.folder.iterdir()) == []
    rig.do(CALL)
    assert len(rig.now.history) == 1


def test_the_oldest_makes_room(rig: Rig) -> None:
    rig.do(CALL)
    rig.clock.advance(1)
    rig.do(*[do.Remember(Direction.OUT, Party(f"sip:{n}@phone.test"), 0) for n in range(SLOTS)])
    assert len(rig.now.history) == SLOTS
    assert NAME not in {record.name for record in rig.now.history}


def test_endless_names_are_cut(rig: Rig) -> None:
    rig.do(do.Remember(Direction.IN, Party("sip:" + '"\\𝕏' * 500, "𝕏" * 500), 0))
    (record,) = rig.now.history
    assert record.uri.startswith("sip:")


# --- clocks -----------------------------------------------------------------------------------------


def test_a_clock_set_back_before_the_last_call_destroys_the_history(rig: Rig) -> None:
    rig.do(CALL)
    rig.clock.set_wall(START - timedelta(days=365))
    rig.do(do.Expire())
    assert not rig.now.history
    assert list(rig.folder.iterdir()) == []


def test_a_clock_set_back_over_a_restart_destroys_the_history(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(CALL)
    with running(tmp_path, clock=FakeClock(START - timedelta(hours=1))) as rig:
        assert not rig.now.history
    assert list(tmp_path.iterdir()) == []


def test_a_clock_set_back_a_little_does_not_lengthen_a_life(rig: Rig) -> None:
    rig.do(CALL)
    rig.pass_by(HOUR)
    rig.clock.set_wall(START + timedelta(seconds=5))
    rig.pass_by(HOUR - SLACK - 1)
    assert len(rig.now.history) == 1
    rig.pass_by(1)
    assert not rig.now.history


def test_a_clock_set_forward_ends_lives(rig: Rig) -> None:
    rig.do(CALL)
    rig.clock.set_wall(START + timedelta(days=1))
    rig.do(do.Expire())
    assert not rig.now.history


# --- grants -----------------------------------------------------------------------------------------


def test_grants_are_kept_sealed_until_their_last_day(tmp_path: Path) -> None:
    with running(tmp_path, hours=0) as rig:
        rig.do(do.KeepGrants((BOB, EVE)))
        assert rig.now.granted == (BOB, EVE)
        assert not hits(tmp_path, "bob@phone.test")
    with running(tmp_path, hours=0) as rig:
        assert set(rig.now.granted) == {BOB, EVE}
        rig.do(do.KeepGrants((BOB,)))
        assert rig.now.granted == (BOB,)
        rig.clock.set_wall(datetime(2026, 12, 1, 23, 59, tzinfo=UTC))
        rig.do(do.Expire())
        assert rig.now.granted == (BOB,)
        rig.clock.set_wall(datetime(2026, 12, 2, 0, 1, tzinfo=UTC))
        rig.do(do.Expire())
        assert not rig.now.granted
    assert list(tmp_path.iterdir()) == []


# --- disks ------------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, number: int, why: str) -> None:
    def fail(*args: object, **kwargs: object) -> int:
        raise OSError(number, why)

    for name in ("pwrite", "replace", "unlink"):
        monkeypatch.setattr(os, name, fail)


def test_a_full_disk_is_said_and_over_when_there_is_room(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, 28, "No space left on device")
        assert rig.do(CALL) == "Call not kept: No space left on device"
        assert rig.now.trouble == "Call not kept: No space left on device"
        assert not rig.now.history
    assert rig.do(CALL) == ""
    assert rig.now.trouble == ""
    assert len(rig.now.history) == 1


def test_what_a_read_only_disk_kept_is_erased_when_it_can_be(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.do(CALL)
    with monkeypatch.context() as patch:
        failing(patch, 30, "Read-only file system")
        assert "Read-only" in rig.do(do.Wipe())
        assert not rig.now.history
        assert (rig.folder / "history.keys").exists()
        assert "Read-only" in rig.pass_by(60)
    assert rig.pass_by(60) == ""
    assert list(rig.folder.iterdir()) == []


def test_one_file_that_fails_does_not_save_the_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.do(CALL, do.KeepGrants((EVE,)))
    real = Vault.destroy

    def destroy(vault: Vault) -> None:
        if vault._name == "history":
            raise OSError(5, "Input/output error")
        real(vault)

    monkeypatch.setattr(Vault, "destroy", destroy)
    assert "Input/output" in rig.do(do.Wipe())
    assert [path.name for path in rig.folder.glob("grants*")] == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with running(tmp_path / "file" / "state") as rig:
        assert "Nothing can be kept" in rig.now.trouble
        assert "Call not kept" in rig.do(CALL)


@pytest.mark.parametrize("name", ["history.records", "history.keys", "grants.records", "grants.keys"])
def test_damaged_files_are_destroyed_and_said(tmp_path: Path, name: str) -> None:
    with running(tmp_path) as rig:
        rig.do(CALL, do.KeepGrants((EVE,)))
    (tmp_path / name).write_bytes(b"\x01" * 5000)
    with running(tmp_path) as rig:
        assert rig.now.trouble.startswith("Damaged")
        assert (rig.now.history == ()) == name.startswith("history")
        assert (rig.now.granted == ()) == name.startswith("grants")
        assert rig.do(CALL, do.KeepGrants((BOB,))) == rig.now.trouble


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"direction": "up"}', b"1", b'{"until": 5}'])
def test_a_record_that_says_nothing_is_destroyed(tmp_path: Path, raw: bytes) -> None:
    for name in ("history", "grants"):
        Vault(tmp_path, name).add(raw)
    with running(tmp_path) as rig:
        assert (rig.now.history, rig.now.granted) == ((), ())
        assert rig.now.trouble
    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_the_thread_is_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    rig = Rig(tmp_path)
    monkeypatch.setattr(Vault, "add", lambda vault, record: 1 / 0)
    rig.storage.carry_out(CALL)
    rig.storage._thread.join(5)
    assert isinstance(rig.crashes[0], ZeroDivisionError)


def test_the_first_word_says_that_it_was_loaded(rig: Rig) -> None:
    assert rig.now.loaded
    rig.do(CALL)
    assert not rig.now.loaded


def test_the_same_is_told_once(rig: Rig) -> None:
    told = len(rig.events)
    rig.do(do.Expire(), do.Expire())
    assert len(rig.events) == told


# --- the place ---------------------------------------------------------------------------------------

HOME = parse("country=DE;A3=Oberammergau;RD=Dorfstraße;HNO=5")
AWAY = parse("country=FR;A3=Carcassonne")


def test_a_place_is_sealed_and_outlives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        assert rig.do(do.KeepPlace(HOME)) == ""
        assert not hits(tmp_path, "Oberammergau")
        assert not hits(tmp_path, "Dorfstraße")
    with running(tmp_path) as rig:
        assert rig.now.place == HOME
        assert rig.now.loaded


def test_another_place_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(do.KeepPlace(HOME))
        records, keys = ((tmp_path / f"place.{kind}").read_bytes() for kind in ("records", "keys"))
        rig.do(do.KeepPlace(AWAY))
        assert (tmp_path / "place.records").read_bytes() != records
        assert keys[:32] not in (tmp_path / "place.keys").read_bytes()
    with running(tmp_path) as rig:
        assert rig.now.place == AWAY


@pytest.mark.parametrize("command", [do.KeepPlace(None), do.Wipe()])
def test_a_place_that_is_erased_is_gone(tmp_path: Path, command: do.StoreCommand) -> None:
    with running(tmp_path) as rig:
        rig.do(do.KeepPlace(HOME))
        assert rig.do(command) == ""
        assert not list(tmp_path.iterdir())
    with running(tmp_path) as rig:
        assert rig.now.place is None


def test_a_damaged_place_is_destroyed_and_said(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.do(do.KeepPlace(HOME))
    raw = bytearray((tmp_path / "place.records").read_bytes())
    raw[-1] ^= 1
    (tmp_path / "place.records").write_bytes(bytes(raw))
    with running(tmp_path) as rig:
        assert rig.now.place is None
        assert rig.now.trouble == "Damaged place destroyed"


def test_a_place_that_could_not_be_kept_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before it would be told in an emergency after the next start."""
    with running(tmp_path) as rig:
        rig.do(do.KeepPlace(HOME))
        with monkeypatch.context() as patch:
            patch.setattr(Vault, "add", full)
            assert rig.do(do.KeepPlace(AWAY)) == "Place not kept: No space left on device"
    with running(tmp_path) as rig:
        assert rig.now.place is None


def full(vault: Vault, record: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_place_that_could_not_be_erased_is_erased_when_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as rig:
        rig.do(do.KeepPlace(HOME))
        with monkeypatch.context() as patch:
            failing(patch, 30, "Read-only file system")
            assert "Read-only" in rig.do(do.KeepPlace(None))
        rig.pass_by(60)
        assert not list(tmp_path.iterdir())


# --- the volume --------------------------------------------------------------------------------------

LOUD = Volumes(handset=7, ringer=2)


def test_the_volume_outlives_a_restart_and_a_wipe_forgets_it(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        assert rig.now.volumes == Volumes()
        rig.do(do.KeepVolumes(Volumes(handset=5)))
        rig.do(do.KeepVolumes(LOUD))
    with running(tmp_path) as rig:
        assert rig.now.volumes == LOUD
        rig.do(do.Wipe())
    with running(tmp_path) as rig:
        assert rig.now.volumes == Volumes()


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"handset": 9, "ringer": 1}', b'{"handset": "4", "ringer": 1}']
)
def test_a_volume_that_is_none_is_the_nominal_one(tmp_path: Path, raw: bytes) -> None:
    Vault(tmp_path, "volume").add(raw)
    with running(tmp_path) as rig:
        assert rig.now.volumes == Volumes()
        assert rig.now.trouble == ""
        rig.do(do.KeepVolumes(LOUD))
    with running(tmp_path) as rig:
        assert rig.now.volumes == LOUD


def kept_for(hours: int) -> do.KeepPersonal:
    return do.KeepPersonal(Personal().with_value(HISTORY, hours))


def test_no_more_history_destroys_what_there_is_at_once(rig: Rig) -> None:
    rig.do(CALL)
    assert rig.do(kept_for(0)) == ""
    assert rig.now.history == ()
    rig.do(CALL)
    assert rig.now.history == ()
    assert not (rig.folder / "history").exists() or rig.clean


def test_a_shorter_life_counts_for_the_calls_that_are_kept(tmp_path: Path) -> None:
    with running(tmp_path / "state", hours=24) as rig:
        rig.do(CALL)
        rig.pass_by(2 * HOUR)
        assert len(rig.now.history) == 1
        rig.do(kept_for(1))
        assert not rig.now.history


def test_a_history_of_the_keypad_outlives_a_restart_and_ends_with_a_wipe(tmp_path: Path) -> None:
    with running(tmp_path / "state", hours=0) as rig:
        rig.do(CALL)
        assert rig.now.history == ()
        rig.do(kept_for(24), CALL)
        assert len(rig.now.history) == 1
        clock = rig.clock
    with running(tmp_path / "state", hours=0, clock=clock) as again:
        assert len(again.now.history) == 1
        again.do(do.Wipe(), CALL)
        assert not again.now.history
