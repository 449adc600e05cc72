"""Fixtures of the tests of an image. Without SOTTOVOCE_TEST_IMAGE=BOARD nothing here is collected."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.image.board import ImageBoard, read
from firmware.image.places import RESULTS
from tests.image.machine import Machine, card, put, with_shell

NAME = os.environ.get("SOTTOVOCE_TEST_IMAGE", "")
collect_ignore_glob = [] if NAME else ["test_*.py"]

ACCOUNT = '[account]\nuser = "alice"\ndomain = "phone.test"\npassword = "not-a-secret"\n'


@pytest.fixture(scope="session")
def board() -> ImageBoard:
    return read(NAME)


@pytest.fixture(scope="session")
def made(board: ImageBoard) -> Path:
    """The folder of what make image left."""
    folder = RESULTS / board.name
    if not (folder / "image.json").exists():
        pytest.fail(f"make image BOARD={board.name} first")
    return folder


@pytest.fixture(scope="session")
def boot_with_shell(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_shell(made / "boot.img", tmp_path_factory.mktemp("boot"))


@pytest.fixture(scope="module")
def new_machine(
    made: Path, boot_with_shell: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Machine]]:
    """Makes the virtual board with a fresh card, off; its words go to QEMU."""
    if not (made / "u-boot.bin").exists():
        pytest.skip("only virt-arm64's image boots here")
    all_made: list[Machine] = []

    def one(*extra: str) -> Machine:
        folder = tmp_path_factory.mktemp("machine")
        disk = card(made / f"sottovoce-{NAME}.img", folder / "card", 2 << 30)
        for slot in "ab":
            put(disk, f"boot_{slot}", boot_with_shell)
        all_made.append(Machine(folder, disk, made / "u-boot.bin", extra=extra))
        return all_made[-1]

    try:
        yield one
    finally:
        for each in all_made:
            each.cut()
