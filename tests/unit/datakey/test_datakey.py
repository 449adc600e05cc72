"""The data key: kept twice, made once, destroyed at once; and who asks for that at power-on."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.datakey import __main__ as program
from firmware.datakey import held, record, volume
from firmware.phone.keypad.fake import FakeKeypad
from firmware.updater.boot import uboot

KEY = bytes(range(64))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder with the two partitions; the boot state is there."""
    state = uboot.Variables().encoded()
    (tmp_path / "bootstate").write_bytes(state.ljust(1 << 20, b"\0"))
    (tmp_path / "data").write_bytes(bytes(1 << 20))
    return tmp_path


def test_a_key_is_read_as_it_was_written_beside_the_boot_state(disk: Path) -> None:
    before = (disk / "bootstate").read_bytes()[: record.SECTOR]
    assert record.read(disk / "bootstate") is None
    record.write(disk / "bootstate", KEY)
    assert record.read(disk / "bootstate") == KEY
    assert (disk / "bootstate").read_bytes()[: record.SECTOR] == before
    with pytest.raises(ValueError, match="64 octets"):
        record.write(disk / "bootstate", KEY[1:])


@pytest.mark.parametrize("lost", record.PLACES)
def test_a_lost_copy_is_written_anew(disk: Path, lost: int) -> None:
    record.write(disk / "bootstate", KEY)
    with (disk / "bootstate").open("r+b") as file:
        file.seek(lost + 20)
        file.write(b"\xff")
    assert record.read(disk / "bootstate") == KEY
    content = (disk / "bootstate").read_bytes()
    assert [record.decoded(content[place : place + 512]) for place in record.PLACES] == [KEY, KEY]


@given(st.binary(min_size=record.SECTOR, max_size=record.SECTOR))
def test_what_nobody_wrote_is_no_key(sector: bytes) -> None:
    assert record.decoded(sector) is None


@given(st.integers(0, record.SECTOR - 1), st.integers(1, 255))
def test_a_changed_octet_is_no_other_key(at: int, change: int) -> None:
    sector = bytearray(record.encoded(KEY))
    sector[at] ^= change
    assert record.decoded(bytes(sector)) in (None, KEY)


def test_a_destroyed_key_is_nowhere_and_that_takes_no_second(disk: Path) -> None:
    record.write(disk / "bootstate", KEY)
    began = time.monotonic()
    assert program.main(["destroy", "--disk", str(disk)]) == 0
    assert time.monotonic() - began < 1
    assert record.read(disk / "bootstate") is None
    content = (disk / "bootstate").read_bytes()
    assert not any(KEY[at : at + 8] in content for at in range(0, 64, 8))
    assert len(content) == 1 << 20


class Programs:
    """In the place of dmsetup and mkfs; ``fails``: which of them does."""

    def __init__(self, fails: str = "") -> None:
        self.called: list[tuple[Sequence[str], str]] = []
        self.fails = fails

    def __call__(self, argv: Sequence[str], text: str) -> None:
        self.called.append((argv, text))
        if argv[0] == self.fails:
            raise volume.VolumeError("power cut")

    @property
    def names(self) -> list[str]:
        return [argv[0] for argv, _ in self.called]


def test_an_empty_card_gets_a_key_and_a_file_system_once(disk: Path) -> None:
    first, second = Programs(), Programs()
    assert volume.open_it(disk, first)
    assert first.names == ["dmsetup", "mkfs.ext4"]
    assert not volume.open_it(disk, second)
    assert second.names == ["dmsetup"]
    assert first.called[0] == second.called[0]
    words = first.called[0][1].split()
    assert words[:4] == ["0", "2048", "crypt", "aes-xts-plain64"]
    assert bytes.fromhex(words[4]) == record.read(disk / "bootstate")
    assert first.called[0][1].split()[4] not in " ".join(first.called[0][0]), "no key among the arguments"


def test_a_power_cut_before_the_end_begins_anew(disk: Path) -> None:
    cut = Programs(fails="mkfs.ext4")
    with pytest.raises(volume.VolumeError):
        volume.open_it(disk, cut)
    assert record.read(disk / "bootstate") is None
    again = Programs()
    assert volume.open_it(disk, again)
    assert again.called[0][1] != cut.called[0][1], "another key"


def test_what_has_a_key_is_never_made_anew(disk: Path) -> None:
    record.write(disk / "bootstate", KEY)
    with pytest.raises(volume.VolumeError):
        volume.open_it(disk, Programs(fails="dmsetup"))
    assert record.read(disk / "bootstate") == KEY


def test_after_a_reset_there_is_another_key(disk: Path) -> None:
    volume.open_it(disk, Programs())
    before = record.read(disk / "bootstate")
    record.destroy(disk / "bootstate")
    assert volume.open_it(disk, Programs())
    assert record.read(disk / "bootstate") not in (None, before)


class Held(FakeKeypad):
    """Keys that are down when the power comes; ``lets_go``: after so many seconds that were said."""

    def __init__(self, keys: str, lets_go: int = 99) -> None:
        super().__init__()
        self._held, self._lets_go = keys, lets_go
        self.said: list[int] = []
        self.stopped = False

    def start(self, post: object) -> None:
        super().start(post)  # type: ignore[arg-type]
        for key in self._held:
            self.press(key)

    def stop(self) -> None:
        super().stop()
        self.stopped = True

    def say(self, left: int) -> None:
        self.said.append(left)
        if len(self.said) == self._lets_go:
            threading.Timer(0.005, self.release, "#").start()


def asked(keypad: Held) -> bool:
    found = held.asked(keypad, keypad.say, look_s=0.05, second_s=0.05)
    assert keypad.stopped
    return found


def test_both_keys_held_to_the_end_ask_for_a_reset() -> None:
    keypad = Held("*#")
    assert asked(keypad)
    assert keypad.said == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("keys", ["", "*", "#", "*#5", "12"])
def test_other_keys_ask_for_nothing(keys: str) -> None:
    keypad = Held(keys)
    assert not asked(keypad)
    assert keypad.said == []


@pytest.mark.parametrize("seconds", [1, 3, 5])
def test_who_lets_go_keeps_everything(seconds: int) -> None:
    keypad = Held("*#", lets_go=seconds)
    assert not asked(keypad)
    assert len(keypad.said) == seconds


@pytest.mark.parametrize("board", ["simulator", "no-such-board", "raspberry-pi-4"])
def test_a_keypad_that_is_not_there_keeps_nobody_from_telephoning(
    disk: Path, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs()
    monkeypatch.setattr(volume.open_it, "__defaults__", (programs,))
    record.write(disk / "bootstate", KEY)
    assert program.main(["open", "--disk", str(disk), "--board", board]) == 0
    assert record.read(disk / "bootstate") == KEY


def test_without_a_card_it_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert program.main(["open", "--disk", str(tmp_path)]) == 1
    assert "No such file" in caplog.text
