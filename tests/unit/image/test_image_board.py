from pathlib import Path

import pytest

from firmware.image import board as boards
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


def test_an_unknown_board_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ImageError, match="virt-arm64"):
        boards.read("toaster")


def test_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/image.toml").write_text('title = "b"\nphone = "simulator"\nkernel = "k"\nsped = 1\n')
    monkeypatch.setattr(boards, "BOARDS", tmp_path)
    with pytest.raises(ImageError, match="sped"):
        boards.read("b")
