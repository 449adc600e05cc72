"""The vault: nothing in clear, keys that are gone, and a power cut at every step."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.stored_form import LONGEST
from firmware.phone.vault import SLOTS, Vault
from tests.unit.store.scan import forms, hits

SECRET = "sip:+4930901820@phone.test"
KEY = 32


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, "history")


def again(folder: Path) -> tuple[Vault, dict[int, bytes], bool]:
    vault = Vault(folder, "history")
    found, damaged = vault.load()
    return vault, found, damaged


def keys(folder: Path) -> dict[int, bytes]:
    """The keys in the file that are not zeros."""
    path = folder / "history.keys"
    raw = path.read_bytes() if path.exists() else b""
    cut = {at // KEY: raw[at : at + KEY] for at in range(0, len(raw), KEY)}
    return {slot: key for slot, key in cut.items() if any(key)}


def test_a_record_is_there_after_a_restart(vault: Vault, tmp_path: Path) -> None:
    slot = vault.add(SECRET.encode())
    other = vault.add(b"")
    _, found, damaged = again(tmp_path)
    assert found == {slot: SECRET.encode(), other: b""}
    assert not damaged


def test_nothing_is_ever_written_in_clear(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    real = os.pwrite

    def spy(descriptor: int, content: bytes, at: int) -> int:
        written.append(bytes(content))
        return real(descriptor, content, at)

    monkeypatch.setattr(os, "pwrite", spy)
    slot = vault.add(SECRET.encode() * 3)
    assert written
    assert hits(tmp_path, SECRET) == []
    vault.remove([slot])
    assert not [form for form, octets in forms(SECRET).items() for content in written if octets in content]


@pytest.mark.parametrize("form", forms(SECRET))
def test_the_scan_finds_what_is_planted(tmp_path: Path, form: str) -> None:
    (tmp_path / "file").write_bytes(b"\xff" * 5 + forms(SECRET)[form] + b"\xff")
    assert f"file: {form}" in hits(tmp_path, SECRET)


@pytest.mark.parametrize("before", range(3))
def test_the_scan_finds_base64_at_every_offset(tmp_path: Path, before: int) -> None:
    (tmp_path / "file").write_bytes(base64.b64encode(b"x" * before + SECRET.encode() + b"after"))
    assert any("base64" in hit for hit in hits(tmp_path, SECRET))


def test_every_record_has_its_own_key_and_the_same_length(vault: Vault, tmp_path: Path) -> None:
    vault.add(b"a")
    one = (tmp_path / "history.records").stat().st_size
    vault.add(b"b" * LONGEST)
    two = (tmp_path / "history.records").stat().st_size
    vault.add(b"a")
    assert (tmp_path / "history.records").stat().st_size - two == two - one
    assert len(set(keys(tmp_path).values())) == 3


def test_a_removed_record_leaves_neither_key_nor_itself(vault: Vault, tmp_path: Path) -> None:
    first, second = vault.add(b"first"), vault.add(b"second")
    old, records = keys(tmp_path)[first], (tmp_path / "history.records").read_bytes()
    inode = (tmp_path / "history.keys").stat().st_ino
    vault.remove([first])
    assert old not in (tmp_path / "history.keys").read_bytes()
    assert (tmp_path / "history.keys").stat().st_ino == inode, "overwritten in place, not replaced by a copy"
    assert keys(tmp_path).keys() == {second}
    assert (tmp_path / "history.records").stat().st_size < len(records)
    (tmp_path / "history.records").write_bytes(records)  # somebody kept the old file of records
    _, found, damaged = again(tmp_path)
    assert found == {second: b"second"}
    assert not damaged


def test_the_key_is_on_the_disk_before_its_record_and_gone_before_it(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add(b"first")
    order: list[str] = []

    def note(name: str) -> None:
        real = getattr(os, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            target = os.readlink(f"/proc/self/fd/{args[0]}") if isinstance(args[0], int) else str(args[-1])
            order.append(f"{name} {Path(target).suffixes[0] if Path(target).suffix else 'folder'}")
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, noted)

    for name in ("pwrite", "fsync", "replace"):
        note(name)
    written = ["pwrite .keys", "fsync .keys", "pwrite .records", "fsync .records", "replace .records"]
    slot = vault.add(b"second")
    assert order == [*written, "fsync folder"]
    order.clear()
    vault.remove([slot])
    assert order == [*written, "fsync folder"]


def test_files_are_for_their_owner_alone(vault: Vault, tmp_path: Path) -> None:
    vault.add(b"x")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_last_record_takes_the_files_with_it(vault: Vault, tmp_path: Path) -> None:
    vault.remove([vault.add(b"x")])
    assert list(tmp_path.iterdir()) == []


def test_destroy_overwrites_before_it_unlinks(vault: Vault, tmp_path: Path) -> None:
    vault.add(SECRET.encode())
    held = (tmp_path / "history.keys").open("rb")  # a second name for what is unlinked
    with held:
        vault.destroy()
        assert held.read() == bytes(SLOTS * KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_full_vault_says_so(vault: Vault) -> None:
    for _ in range(SLOTS):
        vault.add(b"x")
    with pytest.raises(ValueError, match="full"):
        vault.add(b"x")
    with pytest.raises(ValueError, match="longer"):
        vault.add(b"x" * (LONGEST + 1))


# --- a power cut at every step ----------------------------------------------------------------------


class PowerCut(BaseException):
    """The machine is off."""


class Cutter:
    """Lets ``steps`` of what changes a disk happen; half of the next write, and then nothing any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.left = steps
        for name in ("pwrite", "fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            if self.left <= 0:
                if self.left == 0 and name == "pwrite":
                    real(args[0], args[1][: len(args[1]) // 2], args[2])
                self.left = -1
                raise PowerCut
            self.left -= 1
            return real(*args, **kwargs)

        return step


def cuts(work: Callable[[Path], Vault], change: Callable[[Vault], object], folder: Path) -> Iterator[Path]:
    """A folder for each step of ``change``, as the power left it, after ``work`` made it ready."""
    for steps in range(100):
        place = folder / str(steps)
        place.mkdir()
        vault = work(place)
        with pytest.MonkeyPatch.context() as patch:
            Cutter(patch, steps)
            try:
                change(vault)
            except PowerCut:
                pass
            else:
                assert steps > 3, "the cutter saw no step"
                return
        yield place
    raise AssertionError("the change never ended")


def with_two(folder: Path) -> Vault:
    vault = Vault(folder, "history")
    vault.add(b"first")
    vault.add(b"second")
    return vault


def check_consistent(place: Path, allowed: list[set[bytes]]) -> None:
    before = keys(place)
    vault, found, _ = again(place)
    assert set(found.values()) in allowed
    assert keys(place).keys() == found.keys(), "no key is left without its record"
    assert all(before[slot] == key for slot, key in keys(place).items())
    _, same, damaged = again(place)
    assert (same, damaged) == (found, False), "what was unfinished has been finished"
    vault.add(b"after")
    assert set(again(place)[1].values()) == {*found.values(), b"after"}


def test_a_power_cut_while_adding_leaves_old_or_new(tmp_path: Path) -> None:
    for place in cuts(with_two, lambda vault: vault.add(b"third"), tmp_path):
        check_consistent(place, [{b"first", b"second"}, {b"first", b"second", b"third"}])


def test_a_power_cut_while_adding_the_first_leaves_none_or_one(tmp_path: Path) -> None:
    for place in cuts(lambda folder: Vault(folder, "history"), lambda vault: vault.add(b"first"), tmp_path):
        check_consistent(place, [set(), {b"first"}])


def test_a_power_cut_while_removing_leaves_old_or_new(tmp_path: Path) -> None:
    for place in cuts(with_two, lambda vault: vault.remove([0]), tmp_path):
        check_consistent(place, [{b"first", b"second"}, {b"second"}])


def test_a_power_cut_while_destroying_leaves_no_readable_record_of_a_zeroed_key(tmp_path: Path) -> None:
    for place in cuts(with_two, lambda vault: vault.destroy(), tmp_path):
        check_consistent(place, [{b"first", b"second"}, {b"second"}, set()])


# --- damage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["history.records", "history.keys"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b"x",
        lambda raw: b"\0" * len(raw),
        lambda raw: b"garbage",
        lambda raw: raw * 2,
        lambda raw: b"\xff" * len(raw),
    ],
)
def test_a_damaged_file_is_destroyed_and_said(
    tmp_path: Path, name: str, spoil: Callable[[bytes], bytes]
) -> None:
    with_two(tmp_path)
    path = tmp_path / name
    path.write_bytes(spoil(path.read_bytes()))
    _, found, damaged = again(tmp_path)
    assert found == {}
    assert damaged or (name == "history.keys" and spoil(b"x" * 4) == bytes(4)), "zeros are destroyed keys"
    assert list(tmp_path.iterdir()) == []


def test_a_record_put_in_another_place_is_destroyed(tmp_path: Path) -> None:
    with_two(tmp_path)
    path = tmp_path / "history.records"
    raw = bytearray(path.read_bytes())
    raw[8:10], cell = (1).to_bytes(2, "big"), (len(raw) - 8) // 2
    raw[8 + cell : 10 + cell] = (0).to_bytes(2, "big")
    path.write_bytes(raw)
    _, found, damaged = again(tmp_path)
    assert (found, damaged) == ({}, True)
    assert keys(tmp_path) == {}


def test_one_damaged_record_does_not_take_the_other(tmp_path: Path) -> None:
    with_two(tmp_path)
    path = tmp_path / "history.records"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    _, found, damaged = again(tmp_path)
    assert (found, damaged) == ({0: b"first"}, True)
    assert keys(tmp_path).keys() == {0}


def test_what_could_not_be_erased_is_erased_later(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = vault.add(b"x")

    def fails(*args: object) -> int:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fails)
        with pytest.raises(OSError, match="Read-only"):
            vault.remove([slot])
        assert keys(tmp_path)
    vault.sweep()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_addition_leaves_no_key(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add(b"first")
    real = os.replace

    def fails(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        vault.add(b"second")
    monkeypatch.setattr(os, "replace", real)
    vault.sweep()
    assert keys(tmp_path).keys() == {0}
    assert again(tmp_path)[1] == {0: b"first"}
