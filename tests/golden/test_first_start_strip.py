"""The whole first start on the display, frame after frame, in three languages, as it was kept.

After a wanted change: ``python -m pytest tests/golden --update-golden``, then look at the strips.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from firmware.phone import events as on
from firmware.phone.display import views
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.screens import Look, Pages, Screen
from firmware.phone.display.text import clean
from firmware.phone.language.catalogue import CODES
from firmware.phone.values import Registration, RegistrationState
from tests.golden.test_golden import differing
from tests.language.pseudo import PSEUDO, unmarked
from tests.unit.machine.driver import Driver
from tests.unit.machine.test_first_start import UNTOUCHED, choose, tap, untouched

FOLDER = Path(__file__).parent / "first-start"
LANGUAGES = ("en", "de", "fr")
COLUMNS = 4


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


def frames(code: str) -> Iterator[Screen]:
    """What the display shows, from power-on to the first call, to who speaks this language."""
    it = untouched()
    yield it.screen
    it.keys("8" * CODES.index(code))
    for keys in ("", "#", "#"):
        it.keys(keys)
        yield it.screen
    it.happen(on.NetworkSeen(cable=False, address=False))
    yield it.screen
    it.keys("1")
    it.happen(on.NetworkSeen(cable=True, address=True))
    for keys in ("", "#", "1"):
        it.keys(keys)
        yield it.screen
    choose(it, "sipgate")
    yield it.screen
    tap(it, "1234567e0")
    yield it.screen
    it.keys("#")
    yield it.screen
    tap(it, "geheim")
    yield it.screen
    it.keys("#")
    yield it.screen
    it.keys("1")
    for _ in range(_pages(it)):
        yield it.screen
        it.keys("#")
    yield it.screen
    yield from _after_the_start()


def _pages(it: Driver) -> int:
    assert isinstance(it.screen, Pages)
    return it.screen.of


def _after_the_start() -> Iterator[Screen]:
    from dataclasses import replace

    it = untouched(replace(UNTOUCHED, untouched=False, to_test=True, domain="sipgate.de"))
    yield it.screen
    it.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
    yield it.screen
    it.keys("1")
    yield it.screen
    it.happen(on.SelfTested((("sound", True, "works"), ("registration", True, "works"))))
    yield it.screen
    it.keys("#")
    it.lift()
    yield it.screen


def strip(code: str) -> Image.Image:
    pictures = [views.draw(screen, Look(code)) for screen in frames(code)]
    rows = -(-len(pictures) // COLUMNS)
    paper = Image.new("1", (COLUMNS * (WIDTH + 2), rows * (HEIGHT + 2)), 255)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, COLUMNS)
        paper.paste(picture, (column * (WIDTH + 2), row * (HEIGHT + 2)))
    return paper


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_strip_is_the_one_kept(code: str, update: bool, tmp_path: Path) -> None:
    got = strip(code)
    if update:
        FOLDER.mkdir(exist_ok=True)
        got.save(FOLDER / f"{code}.png", optimize=True)
    assert differing(got, FOLDER / f"{code}.png", tmp_path) == ""


NAMES = {"Deutsch", "English", "sipgate", "DE", "GB", "geheim", "m"}


def test_every_word_of_it_is_a_phrase() -> None:
    for screen in frames("de"):
        assert isinstance(screen, Pages) or screen == [*frames("de")][-1]
        if isinstance(screen, Pages):
            words = [clean(PSEUDO.say(text), 500) for text in (screen.title, *screen.paragraphs)]
            found = [word for line in words for word in unmarked(line) if word not in NAMES]
            assert [word for word in found if not word.startswith("e")] == []


@pytest.mark.parametrize("code", CODES)
def test_a_step_that_asks_for_a_key_is_one_page(code: str) -> None:
    """Nobody has to turn a page to see how to go on; what is to be read may be longer."""
    for screen in frames(code):
        if isinstance(screen, Pages) and "8 next, 2 before" in screen.paragraphs:
            assert screen.of == 1
