"""Every sample screen in every language, and in large type, is as it was kept: one picture for each language.

The picture is a grid in the order of SAMPLES. After a wanted change: ``--update-golden``, then look at it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from firmware.phone.display import views
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.screens import Look
from firmware.phone.language.catalogue import CODES, ENGLISH
from tests.golden.samples import SAMPLES

FOLDER = Path(__file__).parent / "languages"
COLUMNS = 8
LOOKS = {
    **{code: Look(code) for code in CODES if code != ENGLISH},
    **{f"{code}-large": Look(code, large=True) for code in ("en", "de", "el", "zh")},
}


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


def grid(look: Look) -> Image.Image:
    rows = -(-len(SAMPLES) // COLUMNS)
    paper = Image.new("1", (COLUMNS * (WIDTH + 2), rows * (HEIGHT + 2)), 255)
    for number, screen in enumerate(SAMPLES.values()):
        paper.paste(views.draw(screen, look), place(number))
    return paper


def place(number: int) -> tuple[int, int]:
    row, column = divmod(number, COLUMNS)
    return column * (WIDTH + 2), row * (HEIGHT + 2)


@pytest.mark.parametrize("name", LOOKS)
def test_the_screens_are_the_picture_kept(name: str, update: bool, tmp_path: Path) -> None:
    got, file = grid(LOOKS[name]), FOLDER / f"{name}.png"
    if update:
        got.save(file, optimize=True)
    assert file.exists(), f"{name} is not kept yet: run with --update-golden"
    with Image.open(file) as kept:
        want = kept.convert("1")
    got.save(tmp_path / f"{name}-got.png")
    boxes = {
        screen: (*at, at[0] + WIDTH, at[1] + HEIGHT) for screen, at in zip(SAMPLES, _places(), strict=True)
    }
    assert got.size == want.size, f"{name} has other screens: run with --update-golden"
    wrong = [screen for screen, box in boxes.items() if got.crop(box).tobytes() != want.crop(box).tobytes()]
    assert wrong == [], f"see {tmp_path / f'{name}-got.png'}"


def _places() -> list[tuple[int, int]]:
    return [place(number) for number in range(len(SAMPLES))]


def test_no_picture_without_its_language(update: bool) -> None:
    strays = [file for file in FOLDER.glob("*.png") if file.stem not in LOOKS]
    if update:
        for file in strays:
            file.unlink()
    assert update or strays == []


def test_a_language_is_seen() -> None:
    pictures = {views.draw(SAMPLES["ended-busy"], look).tobytes() for look in LOOKS.values()}
    assert len(pictures) == len(LOOKS)
