"""Settings on the disk: over a restart, damaged, wiped; and the reset, whose keys go first."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.volume import Volumes
from firmware.phone.clock import FakeClock
from firmware.phone.personal import Personal
from firmware.phone.place import parse
from firmware.phone.presence import Grant
from firmware.phone.storage import Storage
from firmware.phone.values import Forward, KeptLock
from tests.unit.store.scan import hits

MINE = Personal((("phone.lock_after", 5),), ((Forward.ALWAYS, "+4930901820"),), undisturbed=True)
LOCK = KeptLock("$argon2id$x", 2)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.events: list[on.Event] = []
        clock = FakeClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.storage = Storage(folder, 0, clock, self.events.append)  # type: ignore[arg-type]
        self.storage.start(self.events.append)

    def do(self, *commands: do.StoreCommand) -> str:
        for command in commands:
            self.storage.carry_out(command)
        return self.storage.settle()

    @property
    def loaded(self) -> on.StoreChanged:
        return next(one for one in self.events if isinstance(one, on.StoreChanged) and one.loaded)


def kept(folder: Path) -> on.StoreChanged:
    rig = Rig(folder)
    rig.storage.stop()
    return rig.loaded


def test_settings_outlive_a_restart_and_are_not_in_clear(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.do(do.KeepPersonal(Personal(undisturbed=True)), do.KeepPersonal(MINE)) == ""
    rig.storage.stop()
    assert kept(tmp_path).personal == MINE
    assert not hits(tmp_path, "901820")
    assert not hits(tmp_path, "lock_after")


def test_as_phone_toml_says_leaves_no_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.do(do.KeepPersonal(MINE), do.KeepPersonal(Personal()))
    rig.storage.stop()
    assert not list(tmp_path.glob("settings*"))


def test_damaged_settings_are_said_and_nothing_else_is_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.do(do.KeepPersonal(MINE), do.KeepGrants((Grant("sip:bob@phone.test"),)), do.KeepLock(LOCK))
    rig.storage.stop()
    (sealed,) = tmp_path.glob("settings-*.sealed")
    raw = bytearray(sealed.read_bytes())
    raw[20] ^= 1
    sealed.write_bytes(raw)
    found = kept(tmp_path)
    assert found.personal == Personal()
    assert found.trouble == "Damaged list of settings destroyed"
    assert found.granted == (Grant("sip:bob@phone.test"),)
    assert found.lock == LOCK


@pytest.mark.parametrize("at", ["fsync", "pwrite", "replace"])
def test_a_power_cut_leaves_the_old_ones_or_the_new(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cut in range(1, 10):
        folder = tmp_path / str(cut)
        rig = Rig(folder)
        rig.do(do.KeepPersonal(MINE))
        calls, real = 0, getattr(os, at)

        def fails(*args: object, real: object = real, cut: int = cut) -> object:
            nonlocal calls
            calls += 1
            if calls >= cut:
                raise OSError(5, "Input/output error")
            return real(*args)  # type: ignore[operator]

        with monkeypatch.context() as patched:
            patched.setattr(os, at, fails)
            rig.do(do.KeepPersonal(Personal(undisturbed=True)))
            rig.storage.stop()
        assert kept(folder).personal in (MINE, Personal(undisturbed=True))


def test_a_wipe_takes_the_settings(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.do(do.KeepPersonal(MINE), do.Wipe())
    rig.storage.stop()
    assert not list(tmp_path.glob("settings*"))


def filled(folder: Path) -> Rig:
    rig = Rig(folder)
    rig.do(do.KeepPersonal(MINE), do.KeepLock(LOCK), do.KeepPlace(parse("country=DE;A3=Berlin")))
    rig.do(do.KeepVolumes(Volumes(5, 5)), do.KeepGrants((Grant("sip:bob@phone.test"),)))
    (folder / "left-over.sealed").write_text("of another version")
    (folder / "left-over.keys").write_bytes(b"key" * 32)
    return rig


def test_a_reset_leaves_nothing(tmp_path: Path) -> None:
    rig = filled(tmp_path)
    assert rig.do(do.FactoryReset()) == ""
    assert on.FactoryDone("") in rig.events
    rig.storage.stop()
    assert list(tmp_path.iterdir()) == []
    assert kept(tmp_path).lock == KeptLock()


def test_the_keys_of_a_reset_go_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes at the first file that is removed: nothing can be read any more."""
    rig = filled(tmp_path)

    def gone(path: Path, missing_ok: bool = False) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", gone)
        assert "Not erased" in rig.do(do.FactoryReset())
        rig.storage.stop()
    assert any(isinstance(one, on.FactoryDone) and one.trouble for one in rig.events)
    assert all(not any(path.read_bytes()) for path in tmp_path.glob("*.keys"))
    after = kept(tmp_path)
    assert (after.personal, after.lock, after.place) == (Personal(), KeptLock(), None)
