"""The keypad lock on the disk: over a restart, over a lost power, damaged, and where none is wanted."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock
from firmware.phone.storage import Storage
from firmware.phone.values import KeptLock
from tests.unit.store.scan import hits

HASH = "$argon2id$v=19$m=32768,t=3,p=1$c2FsdA$aGFzaA"


class Rig:
    def __init__(self, folder: Path, lock: bool = True) -> None:
        self.events: list[on.Event] = []
        clock = FakeClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.storage = Storage(folder, 0, clock, self.events.append, lock=lock)  # type: ignore[arg-type]
        self.storage.start(self.events.append)

    def keep(self, *locks: KeptLock) -> str:
        for lock in locks:
            self.storage.carry_out(do.KeepLock(lock))
        return self.storage.settle()

    @property
    def loaded(self) -> on.StoreChanged:
        return next(one for one in self.events if isinstance(one, on.StoreChanged) and one.loaded)

    @property
    def said(self) -> list[on.LockKept]:
        return [one for one in self.events if isinstance(one, on.LockKept)]


def stop(rig: Rig) -> None:
    rig.storage.stop()


def test_pin_and_wrong_ones_outlive_a_restart(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    assert first.loaded.lock == KeptLock()
    assert first.keep(KeptLock(HASH), KeptLock(HASH, 1), KeptLock(HASH, 2)) == ""
    assert first.said == [on.LockKept(0, True), on.LockKept(1, True), on.LockKept(2, True)]
    stop(first)
    second = Rig(tmp_path)
    assert second.loaded.lock == KeptLock(HASH, 2)
    assert not second.loaded.lock_lost
    stop(second)
    assert not hits(tmp_path, "argon2id")


@pytest.mark.parametrize("at", ["pwrite", "replace", "fsync"])
def test_a_power_cut_while_a_try_is_counted_never_forgets_one(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is the last call that reached the disk."""
    for cut in range(1, 12):
        folder = tmp_path / str(cut)
        first = Rig(folder)
        first.keep(KeptLock(HASH, 4))
        calls = 0
        real = getattr(os, at)

        def fails(*args: object, real: object = real, cut: int = cut) -> object:
            nonlocal calls
            calls += 1
            if calls >= cut:
                raise OSError(5, "Input/output error")
            return real(*args)  # type: ignore[operator]

        with monkeypatch.context() as patched:
            patched.setattr(os, at, fails)
            first.keep(KeptLock(HASH, 5))
            stop(first)
        second = Rig(folder)
        counted = first.said[-1].kept
        assert second.loaded.lock in (
            (KeptLock(HASH, 5),) if counted else (KeptLock(HASH, 4), KeptLock(HASH, 5))
        )
        stop(second)


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    rig.keep(KeptLock(HASH))

    def fails(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        assert "Lock not kept: Read-only file system" in rig.keep(KeptLock(HASH, 1))
        assert rig.said[-1] == on.LockKept(1, kept=False)
    stop(rig)


def test_no_pin_leaves_no_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.keep(KeptLock(HASH))
    assert list(tmp_path.glob("lock.*"))
    rig.keep(KeptLock())
    assert not list(tmp_path.glob("lock.*"))
    stop(rig)


def test_where_no_lock_is_wanted_the_pin_is_destroyed(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    first.keep(KeptLock(HASH, 3))
    stop(first)
    second = Rig(tmp_path, lock=False)
    assert second.loaded.lock == KeptLock()
    assert not list(tmp_path.glob("lock.*"))
    stop(second)


@pytest.mark.parametrize("name", ["lock.records", "lock.keys"])
def test_a_damaged_pin_is_said_and_nothing_else_is_lost(name: str, tmp_path: Path) -> None:
    first = Rig(tmp_path)
    first.keep(KeptLock(HASH, 3))
    stop(first)
    raw = bytearray((tmp_path / name).read_bytes())
    for at in (0, 40):
        raw[at] ^= 0x55
    (tmp_path / name).write_bytes(raw)
    second = Rig(tmp_path)
    assert second.loaded.lock == KeptLock()
    assert second.loaded.lock_lost
    assert second.loaded.trouble == "Damaged PIN of the keypad lock destroyed"
    second.keep(KeptLock(HASH))
    stop(second)
    third = Rig(tmp_path)
    assert third.loaded.lock == KeptLock(HASH)
    stop(third)


def test_a_wipe_leaves_the_pin(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    first.keep(KeptLock(HASH, 1))
    first.storage.carry_out(do.Wipe())
    first.storage.settle()
    stop(first)
    second = Rig(tmp_path)
    assert second.loaded.lock == KeptLock(HASH, 1)
    stop(second)
