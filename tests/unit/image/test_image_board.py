from pathlib import Path

import pytest

from firmware.image import board as boards
from firmware.image import headers
from firmware.image.packages import names, read_lock
from firmware.image.places import BOARDS, DATA
from firmware.image.shell import ImageError


@pytest.mark.parametrize("name", boards.boards())
def test_every_board_file_is_understood_and_its_phone_is_a_board(name: str) -> None:
    found = boards.read(name)
    assert (BOARDS / found.phone / "board.toml").exists()
    locked = {package.name for package in read_lock(found.lock)}
    wanted = {*names((DATA / "packages.txt").read_text()), found.kernel, *found.packages}
    assert wanted <= locked, "make image-lock"


@pytest.mark.parametrize("name", boards.boards())
def test_our_modules_are_compiled_for_the_very_kernel_that_boots(name: str) -> None:
    found = boards.read(name)
    if found.own_modules:
        kernel = headers.release(read_lock(found.lock))
        locked = {package.name.partition(":")[0] for package in read_lock(headers.lock_of(found))}
        assert {word.partition(":")[0] for word in headers.names(kernel)} == locked, "make image-lock"
        assert all((DATA / module / "Kbuild").exists() for module in found.own_modules)


def test_an_unknown_board_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ImageError, match="virt-arm64"):
        boards.read("toaster")


def test_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/image.toml").write_text('title = "b"\nphone = "simulator"\nkernel = "k"\nsped = 1\n')
    monkeypatch.setattr(boards, "BOARDS", tmp_path)
    with pytest.raises(ImageError, match="sped"):
        boards.read("b")
