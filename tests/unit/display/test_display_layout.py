from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from firmware.phone.display import fonts, icons
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.fonts import Face
from firmware.phone.display.layout import (
    MORE,
    SMALL,
    Row,
    draw_numerals,
    fit,
    numeral_width,
    shorten,
    tail,
    wrap,
    wrap_within,
)
from firmware.phone.errors import HardwareError

BOLD = Face(16, bold=True)
TEXTS = st.text(st.sampled_from("abc ,iWЩжω0\u0301数…-@."), max_size=60)


@pytest.fixture
def forgotten_fonts() -> None:
    fonts._glyph.cache_clear()
    fonts._strike.cache_clear()


def drawn(face: Face, text: str) -> Image.Image:
    image = Image.new("1", (400, 40))
    face.draw(image, 0, 0, text)
    return image


@pytest.mark.parametrize("face", [SMALL, BOLD, Face(24, bold=True)])
@pytest.mark.parametrize("text", ["Alice Archer", "iiii", "Щербакова", "数字", "00:11", "e\u0301\u0301x", ""])
def test_width_is_what_is_drawn(face: Face, text: str) -> None:
    box = drawn(face, text).getbbox()
    ink = box[2] if box else 0
    assert ink <= face.width(text) <= ink + 1 if text[-1:].isdigit() else face.width(text) == ink


def test_digits_are_of_one_width() -> None:
    for face in (SMALL, Face(14, bold=True), BOLD):
        assert len({face.width(digit) for digit in "0123456789"}) == 1


def test_bitmap_strike_is_crisp() -> None:
    """The dots of a capital I of the 12 pixel strike, one by one: no smoothing, no scaling."""
    box = drawn(SMALL, "I").getbbox()
    assert box == (0, 2, 3, 10)
    assert drawn(SMALL, "I").crop(box).tobytes() == bytes([0xE0, *[0x40] * 6, 0xE0])


def test_dark_text_on_a_lit_bar() -> None:
    lit, bar = Image.new("1", (40, 12)), Image.new("1", (40, 12), 255)
    SMALL.draw(lit, 0, 0, "abc")
    SMALL.draw(bar, 0, 0, "abc", lit=False)
    assert ImageChops.invert(bar).tobytes() == lit.tobytes()


@pytest.mark.usefixtures("forgotten_fonts")
def test_missing_font_names_the_package_and_is_found_once_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fonts.FOLDER
    monkeypatch.setattr(fonts, "FOLDER", "/nonexistent")
    with pytest.raises(HardwareError, match="Install the Debian package fonts-terminus-otb"):
        SMALL.width("a")
    monkeypatch.setattr(fonts, "FOLDER", folder)
    assert SMALL.width("a") > 0


@given(TEXTS, st.integers(20, 128))
def test_shortened_text_fits(text: str, width: int) -> None:
    begin, end = shorten(text, SMALL, width), tail(text, SMALL, width)
    assert SMALL.width(begin) <= width
    assert SMALL.width(end) <= width
    assert begin == text or (begin.endswith(MORE) and text.startswith(begin[:-1]))
    assert end == text or (end.startswith(MORE) and text.endswith(end[1:]))


@given(TEXTS, st.integers(20, 128))
def test_wrapped_text_fits_and_is_complete(text: str, width: int) -> None:
    found = wrap(text, SMALL, width)
    assert all(SMALL.width(line) <= width for line in found)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert len(wrap_within(text, SMALL, width, 2)) <= 2
    assert all(SMALL.width(line) <= width for line in wrap_within(text, SMALL, width, 2))


def test_wrap_prefers_blanks_and_breaks_what_is_wider() -> None:
    assert wrap("one two", SMALL, SMALL.width("one")) == ["one", "two"]
    assert wrap("sip:alice", SMALL, SMALL.width("sip:a")) == ["sip:a", "lice"]
    assert wrap("  ", SMALL, 50) == []


@given(TEXTS, st.integers(12, 64))
def test_fitted_text_fits(text: str, height: int) -> None:
    face, found = fit(text, WIDTH, height, (Face(24, bold=True), BOLD, SMALL))
    assert face.size * len(found) <= height
    assert all(face.width(line) <= WIDTH for line in found)


def test_fit_takes_the_largest() -> None:
    faces = (Face(24, bold=True), BOLD, SMALL)
    assert fit("Bob", WIDTH, 24, faces) == (faces[0], ["Bob"])
    assert fit("Alexandra Papadopoulou", WIDTH, 38, faces) == (BOLD, ["Alexandra", "Papadopoulou"])


def test_fit_takes_a_smaller_face_before_it_breaks_a_word() -> None:
    faces = (Face(24, bold=True), BOLD, SMALL)
    assert fit("Papadopoulou", WIDTH, 48, faces) == (BOLD, ["Papadopoulou"])


def test_row_folds_beside_its_picture_and_stays_on_its_bar() -> None:
    rows = Row("The server did not answer in time", icons.WARNING, bar=True).folded(2)
    assert [(row.art, row.bar) for row in rows] == [(icons.WARNING, True), ("", True)]
    assert len({row.text_left for row in rows}) == 1
    assert Row("").folded(2) == []


def test_row_never_leaves_the_display() -> None:
    image = Image.new("1", (WIDTH + 50, HEIGHT))
    Row("m" * 60, icons.WARNING).draw(image, 0)
    box = image.getbbox()
    assert box is not None
    assert box[2] <= WIDTH


@pytest.mark.parametrize("large", [True, False])
def test_numerals(large: bool) -> None:
    image = Image.new("1", (400, 40))
    draw_numerals(image, 0, 0, "0123456789*#+:", large)
    width = numeral_width("0123456789*#+:", large)
    box = image.getbbox()
    assert box == (0, 0, width, 28 if large else 18)
    assert numeral_width("", large) is None
    assert numeral_width("12a", large) is None
    shapes = icons.numerals(large).values()
    assert len({shape.tobytes() for shape in shapes}) == len(shapes)
    assert len({shape.height for shape in shapes}) == 1


def test_every_icon_is_a_rectangle_that_fits_into_a_row() -> None:
    art = {name: value for name, value in vars(icons).items() if name.isupper() and isinstance(value, str)}
    assert len(art) >= 15
    for name, value in art.items():
        rows = value.split()
        assert len({len(row) for row in rows}) == 1, name
        assert set(value) <= set("#.\n"), name
        assert len(rows) <= 12, name
    assert len(set(art.values())) == len(art)
