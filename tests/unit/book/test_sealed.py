"""The sealed document: kept, replaced, damaged, destroyed; a power cut loses neither old nor new."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.phone.sealed import LARGEST, Sealed

OLD, NEW = b"old contacts " * 500, b"new contacts " * 700


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_is_kept_and_nothing_of_it_is_in_clear(tmp_path: Path) -> None:
    Sealed(tmp_path, "book").keep(OLD)
    assert Sealed(tmp_path, "book").load() == (OLD, False)
    assert not any(b"contacts" in path.read_bytes() for path in tmp_path.iterdir())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_new_one_takes_the_place_of_the_old(tmp_path: Path) -> None:
    sealed = Sealed(tmp_path, "book")
    sealed.keep(OLD)
    sealed.keep(NEW)
    assert len(files(tmp_path)) == 3
    assert Sealed(tmp_path, "book").load() == (NEW, False)


def test_there_is_nothing_at_first_and_nothing_in_the_end(tmp_path: Path) -> None:
    sealed = Sealed(tmp_path, "book")
    assert sealed.load() == (None, False)
    assert files(tmp_path) == []
    sealed.keep(OLD)
    sealed.destroy()
    assert files(tmp_path) == []
    assert Sealed(tmp_path, "book").load() == (None, False)


@pytest.mark.parametrize("harm", ["cut", "flip", "gone", "swap"])
def test_what_is_damaged_is_destroyed_and_said(tmp_path: Path, harm: str) -> None:
    Sealed(tmp_path, "book").keep(OLD)
    (path,) = tmp_path.glob("*.sealed")
    raw = path.read_bytes()
    if harm == "cut":
        path.write_bytes(raw[:9])
    elif harm == "flip":
        path.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])
    elif harm == "gone":
        path.unlink()
    else:
        other = tmp_path / "other"
        other.mkdir()
        Sealed(other, "book").keep(OLD)
        path.write_bytes(next(other.glob("*.sealed")).read_bytes())
    assert Sealed(tmp_path, "book").load() == (None, True)
    assert [name for name in files(tmp_path) if name != "other"] == []


def test_it_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LARGEST > 1024**2
    monkeypatch.setattr("firmware.phone.sealed.LARGEST", 10)
    with pytest.raises(ValueError, match="larger"):
        Sealed(tmp_path, "book").keep(bytes(11))


@pytest.mark.parametrize("last", range(1, 12))
def test_the_power_may_go_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """The write with that number, and all after it, do not happen."""
    sealed = Sealed(tmp_path, "book")
    sealed.keep(OLD)
    done = 0
    real = {name: getattr(os, name) for name in ("fsync", "replace", "pwrite", "unlink")}

    def counted(name: str) -> object:
        def call(*args: object, **options: object) -> object:
            nonlocal done
            done += 1
            if done >= last:
                raise OSError(5, "the power is gone")
            return real[name](*args, **options)

        return call

    for name in real:
        monkeypatch.setattr(os, name, counted(name))
    try:
        sealed.keep(NEW)
    except OSError:
        pass
    monkeypatch.undo()
    document, _ = Sealed(tmp_path, "book").load()
    assert document in (OLD, NEW)
    assert len(list(tmp_path.glob("*.sealed"))) == 1
