"""Every kind of boot firmware by one contract, and the power going before each write of each change."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.phone.errors import UpdateError
from firmware.updater.boot import tryboot, uboot
from firmware.updater.boot.__main__ import answer
from firmware.updater.boot.efi import Efi
from firmware.updater.boot.state import BootState
from tests.update.boards import Board, EfiBoard, TrybootBoard, UBootBoard, fat, from_fat, run
from tests.update.machine import PowerCut, power

BOARDS: dict[str, Callable[[Path], Board]] = {"uboot": UBootBoard, "tryboot": TrybootBoard, "efi": EfiBoard}


@pytest.fixture(params=list(BOARDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def board(kind: str, tmp_path: Path) -> Board:
    made: Board = BOARDS[kind](tmp_path)
    return made


def ask(board: Board, running: str, *question: str) -> str:
    return answer(board.flow, running, list(question))


def test_a_new_telephone(board: Board) -> None:
    assert ask(board, "a", "get-primary") == "a"
    assert board.start(warm=False) == "a"
    assert ask(board, "a", "get-current") == "a"
    assert ask(board, "a", "get-state", "a") == "good"


def test_a_trial_is_one_boot(board: Board) -> None:
    ask(board, "a", "set-state", "b", "bad")
    ask(board, "a", "set-primary", "b")
    assert ask(board, "a", "get-primary") == "b"
    assert ask(board, "a", "get-state", "b") == "good"
    assert board.start(warm=True) == "b"
    assert ask(board, "b", "get-primary") == "a"
    assert ask(board, "b", "get-state", "b") == "bad"
    assert board.start(warm=True) == "a"
    assert board.start(warm=False) == "a"


def test_what_proves_itself_stays(board: Board) -> None:
    ask(board, "a", "set-state", "b", "bad")
    ask(board, "a", "set-primary", "b")
    assert board.start(warm=True) == "b"
    ask(board, "b", "set-state", "b", "good")
    assert ask(board, "b", "get-primary") == "b"
    assert [board.start(warm) for warm in (True, False, True)] == ["b", "b", "b"]


def test_nobody_vouches_for_a_slot_that_does_not_run(board: Board) -> None:
    with pytest.raises(UpdateError, match="does not run"):
        ask(board, "a", "set-state", "b", "good")


def test_the_only_slot_that_is_known_to_boot_cannot_be_written(board: Board) -> None:
    """On trial in b, not yet kept: RAUC begins an installation by marking a bad, and is refused."""
    ask(board, "a", "set-state", "b", "bad")
    ask(board, "a", "set-primary", "b")
    assert board.start(warm=True) == "b"
    with pytest.raises(UpdateError, match="only slot a is known to boot"):
        ask(board, "b", "set-state", "a", "bad")


def test_a_trial_is_called_off(board: Board) -> None:
    ask(board, "a", "set-primary", "b")
    ask(board, "a", "set-primary", "a")
    assert board.start(warm=True) == "a"


def test_a_trial_that_is_written_anew_does_not_boot(board: Board) -> None:
    ask(board, "a", "set-primary", "b")
    ask(board, "a", "set-state", "b", "bad")
    assert ask(board, "a", "get-state", "b") == "bad"
    assert board.start(warm=True) == "a"


@pytest.mark.parametrize("question", [[], ["set-state", "b"], ["set-state", "b", "fine"], ["get-state", "c"]])
def test_questions_that_make_no_sense(board: Board, question: list[str]) -> None:
    with pytest.raises(UpdateError):
        ask(board, "a", *question)


CHANGES = (
    ("set-state", "a", "bad"),
    ("set-state", "b", "bad"),
    ("set-primary", "a"),
    ("set-primary", "b"),
    ("set-state", "a", "good"),
    ("set-state", "b", "good"),
)


@dataclass(frozen=True)
class At:
    """Where a board stands: what it keeps, the slot that runs, and the slots that must not boot."""

    saved: tuple[bytes | None, ...]
    running: str
    unfit: frozenset[str] = frozenset()


def test_the_power_goes_before_each_write(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """From every state that can be reached by changes, restarts and power cuts: each change, cut before each
    of its writes. What boots is what would have booted without the change or after all of it, never a slot
    that was marked bad and neither activated nor kept since.
    """

    def boots(at: At, warm: bool) -> At:
        board.load(at.saved)
        running = board.start(warm)
        assert running not in at.unfit
        return At(board.save(), running, at.unfit)

    def changed(at: At, change: tuple[str, ...], cut: int | None) -> tuple[At, int]:
        board.load(at.saved)
        unfit = at.unfit - {change[1]} | ({change[1]} if change[2:] == ("bad",) else set())
        with power(monkeypatch, cut) as steps:
            try:
                answer(board.flow, at.running, list(change))
            except UpdateError:
                unfit = at.unfit
            except PowerCut:
                unfit = at.unfit & unfit
        return At(board.save(), at.running, unfit), len(steps)

    waiting, seen, cuts = [At(board.save(), board.start(warm=False), frozenset())], set[At](), 0
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        waiting += [boots(at, warm) for warm in (False, True)]
        for change in CHANGES:
            whole, steps = changed(at, change, None)
            waiting.append(whole)
            for cut in range(steps):
                half, _ = changed(at, change, cut)
                possible = {boots(case, warm=False).running for case in (at, whole)}
                assert boots(half, warm=False).running in possible, (at.running, change, cut)
                waiting.append(half)
                cuts += 1
    assert len(seen) > 10
    assert cuts > 20


def test_uboot_tries_a_proven_slot_three_times(tmp_path: Path) -> None:
    """It hangs long after it was kept: the older one, then it again; it stays when it comes up."""
    board = UBootBoard(tmp_path)
    assert [board.start(warm=False) for _ in range(8)] == list("aaabbbaa")
    ask(board, "a", "set-state", "a", "good")
    assert board.start(warm=False) == "a"
    assert [board.start(warm=False) for _ in range(3)] == list("aab")
    assert ask(board, "b", "get-primary") == "b"
    ask(board, "b", "set-state", "b", "good")
    assert [board.start(warm=False) for _ in range(4)] == list("bbba")


def test_uboot_never_falls_back_to_a_slot_that_was_given_up(tmp_path: Path) -> None:
    board = UBootBoard(tmp_path)
    ask(board, "a", "set-state", "b", "bad")
    assert [board.start(warm=False) for _ in range(9)] == ["a"] * 9


def test_a_start_that_came_up_is_written_once(tmp_path: Path) -> None:
    board = UBootBoard(tmp_path)
    ask(board, board.start(warm=False), "set-state", "a", "good")
    before = board.sector.stat().st_mtime_ns
    ask(board, "a", "set-state", "a", "good")
    assert board.sector.stat().st_mtime_ns == before


@pytest.mark.parametrize("octets", [b"", bytes(512), b"\xff" * 512, uboot.Variables().encoded()[:-1]])
def test_uboots_sector_is_damaged(tmp_path: Path, octets: bytes) -> None:
    board = UBootBoard(tmp_path)
    board.sector.write_bytes(octets)
    with pytest.raises(UpdateError):
        uboot.decoded(octets)
    assert ask(board, "a", "get-primary") == "a"


@pytest.mark.parametrize(
    ("name", "value"),
    [("ORDER", "a c"), ("ORDER", ""), ("ORDER", "a a"), ("a_LEFT", "x"), ("TRIAL", "c"), ("TRIAL", None)],
)
def test_uboots_sector_says_nonsense(name: str, value: str | None) -> None:
    says = {"ORDER": "a b", "TRIAL": "-", "a_LEFT": "3", "b_LEFT": "3"} | {name: value}
    lines = (f"BOOT_{name}={value}\0".encode() for name, value in says.items() if value is not None)
    body = b"".join(lines).ljust(508, b"\0")
    with pytest.raises(UpdateError):
        uboot.decoded(zlib.crc32(body).to_bytes(4, "little") + body)


@pytest.mark.parametrize("bits", [16, 32])
def test_autoboot_is_overwritten_where_it_lies(tmp_path: Path, bits: int) -> None:
    """Every other octet of the partition stays as it was, and the FAT is whole."""
    config = tmp_path / "config"
    fat(config, {"config.txt": b"x" * 3000, "autoboot.txt": tryboot.encoded("a")}, bits)
    before = config.read_bytes()
    flow = tryboot.Tryboot(config, tmp_path / "reboot-param")
    flow.write(BootState(("b",)))
    after = config.read_bytes()
    assert from_fat(config, "autoboot.txt") == tryboot.encoded("b")
    differs = [at for at in range(0, len(before), 512) if before[at : at + 512] != after[at : at + 512]]
    assert len(differs) == 1
    run("fsck.vfat", "-n", str(config))


@pytest.mark.parametrize(
    "content", [None, b"", tryboot.encoded("a")[:-1], tryboot.encoded("a").replace(b"=3", b"=2"), b"#" * 512]
)
def test_no_autoboot_of_ours(tmp_path: Path, content: bytes | None) -> None:
    config = tmp_path / "config"
    fat(config, {"other.txt": b"x"} | ({} if content is None else {"autoboot.txt": content}))
    with pytest.raises(UpdateError, match="write the image anew"):
        tryboot.Tryboot(config, tmp_path / "reboot-param").read()


def test_a_config_that_is_no_fat(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(bytes(4096))
    with pytest.raises(UpdateError, match="no FAT"):
        tryboot.Tryboot(tmp_path / "config").read()


def test_efi_keeps_the_machines_other_entries(tmp_path: Path) -> None:
    board = EfiBoard(tmp_path)
    ask(board, "a", "set-state", "b", "bad")
    ask(board, "a", "set-primary", "b")
    assert board.start(warm=True) == "b"
    ask(board, "b", "set-state", "b", "good")
    assert (board.save()[0] or b"")[4:] == bytes([4, 0, 3, 0, 0, 0])  # b, a, the other


def test_efi_without_our_entries(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="no entries for both slots"):
        Efi(tmp_path).read()
