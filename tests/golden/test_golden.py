"""Every sample screen is the picture kept beside this file, pixel for pixel.

After a wanted change: ``python -m pytest tests/golden --update-golden``, then look at the pictures.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from firmware.documents import pictures
from firmware.phone.display import views
from firmware.phone.values import Security
from tests.golden import sheet
from tests.golden.samples import SAMPLES

FOLDER = Path(__file__).parent


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


def differing(got: Image.Image, file: Path, into: Path) -> str:
    """ "" if ``got`` is the picture in ``file``; else what to look at, written to the folder ``into``."""
    if not file.exists():
        return f"{file.name} is not kept yet: run with --update-golden"
    with Image.open(file) as kept:
        want = kept.convert("RGB")
    seen = got.convert("RGB")
    diff = ImageChops.difference(seen, want) if seen.size == want.size else seen
    if seen.size == want.size and diff.getbbox() is None:
        return ""
    got_file, diff_file = into / f"{file.stem}-got.png", into / f"{file.stem}-diff.png"
    got.save(got_file)
    diff.save(diff_file)
    return f"{file.name} differs within {diff.getbbox()}: see {got_file} and {diff_file}"


@pytest.mark.parametrize("name", SAMPLES)
def test_screen_is_the_picture_kept(name: str, update: bool, tmp_path: Path) -> None:
    got = views.draw(SAMPLES[name])
    assert (got.mode, got.size) == ("1", (128, 64))
    if update:
        got.save(FOLDER / f"{name}.png", optimize=True)
    assert differing(got, FOLDER / f"{name}.png", tmp_path) == ""


def test_no_picture_without_its_screen(update: bool) -> None:
    strays = [file for file in FOLDER.glob("*.png") if file.stem not in SAMPLES]
    if update:
        for file in strays:
            file.unlink()
    assert update or strays == []


def test_every_protection_of_a_call_has_its_own_picture() -> None:
    pictures = {
        views.draw(screen).tobytes()
        for name, screen in SAMPLES.items()
        if name in ("call-verified", "call-end-to-end", "call-provider", "call-clear", "call-securing")
    }
    assert len(pictures) == len(Security)


def test_documentation_shows_the_screens_of_today(update: bool, tmp_path: Path) -> None:
    if update:
        sheet.write()
    assert differing(sheet.sheet(), sheet.PICTURE, tmp_path) == ""


def test_pictures_of_the_pages_are_the_screens_of_today(update: bool, tmp_path: Path) -> None:
    """The documents show golden images, enlarged by a program, and no picture is there that no page shows."""
    if update:
        pictures.write()
    assert {path.stem for path in pictures.FOLDER.glob("*.png")} == set(pictures.named())
    for name in pictures.named():
        kept = pictures.FOLDER / f"{name}.png"
        assert differing(pictures.painted(name), kept, tmp_path) == "", "after make golden: make docs"


def test_difference_names_the_pictures_to_look_at(tmp_path: Path) -> None:
    kept = Image.new("1", (128, 64))
    kept.save(tmp_path / "screen.png")
    got = kept.copy()
    got.putpixel((7, 9), 255)
    said = differing(got, tmp_path / "screen.png", tmp_path)
    assert "(7, 9, 8, 10)" in said
    assert (tmp_path / "screen-got.png").exists()
    assert (tmp_path / "screen-diff.png").exists()
    assert "--update-golden" in differing(got, tmp_path / "absent.png", tmp_path)
