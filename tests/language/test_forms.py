"""Numbers, dates, plurals and letters of each language, held against Unicode's CLDR (Babel) and the fonts."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

import pytest
from babel import Locale
from babel.dates import format_date
from babel.messages.plurals import get_plural

from firmware.messages.source import CATALOGUES, catalogue
from firmware.phone.display.fonts import Face
from firmware.phone.language.catalogue import CODES, language
from firmware.phone.language.phrase import calendar_day, counted, moment, phrase_in

OTHERS = [code for code in CODES if code != "en"]
NUMBERS = [*range(0, 130), 1000, 1001, 1002, 12000, 1000000]


def cldr(code: str) -> Locale:
    """The Portuguese here is that of Portugal."""
    return Locale.parse({"pt": "pt_PT"}.get(code, code))


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_calls_itself_by_its_name(code: str) -> None:
    name = Locale(code).get_display_name()
    assert name is not None
    assert language(code).name.casefold() == name.casefold()


@pytest.mark.parametrize("code", OTHERS)
def test_a_date_has_the_order_of_the_language(code: str) -> None:
    when = date(2027, 1, 31)
    wanted = format_date(when, "short", locale=cldr(code))
    parts = {"27": "year", "2027": "year", "1": "month", "01": "month", "31": "day"}
    order = [parts[number] for number in re.findall(r"\d+", wanted)]
    said = [parts[number] for number in re.findall(r"\d+", language(code).say(calendar_day(when)))]
    assert said == order
    assert language(code).say(moment(datetime(2027, 1, 31, 9, 5, tzinfo=UTC))).endswith("09:05")


@pytest.mark.parametrize("code", OTHERS)
def test_the_plural_is_that_of_the_language(code: str) -> None:
    """The rule in the file chooses as CLDR does, where a language has as many forms as gettext's table."""
    kept = catalogue(CATALOGUES / f"{code}.po")
    assert (kept.num_plurals, kept.plural_expr) == tuple(get_plural(code))[:2]
    forms: dict[str, set[str]] = {}
    for number in NUMBERS:
        words = language(code).say(counted("{number} second", "{number} seconds", number))
        forms.setdefault(cldr(code).plural_form(number), set()).add(re.sub(r"[\d.,\s]+", "", words))
    ours = [form for form in forms if form != "many" or kept.num_plurals > 2]
    assert all(len(forms[form]) == 1 for form in ours), forms


@pytest.mark.parametrize("code", OTHERS)
def test_groups_of_digits_are_parted_as_in_the_language(code: str) -> None:
    wanted = Locale(code).number_symbols["latn"]["group"]
    got = language(code).say(phrase_in("number", ","))
    assert (got.isspace() and wanted.isspace()) or got == wanted


@pytest.mark.parametrize("code", OTHERS)
def test_every_letter_has_a_glyph(code: str) -> None:
    missing = Face(12)._ink("\u1400")  # Canadian syllabics: neither font has them
    assert missing is not None
    letters = {
        letter
        for message in catalogue(CATALOGUES / f"{code}.po")
        if message.id
        for string in ([message.string] if isinstance(message.string, str) else message.string or ())
        for letter in unicodedata.normalize("NFC", string)
        if not letter.isspace()
    }
    faces = (Face(12), Face(14, bold=True), Face(16), Face(24, bold=True))
    lacking = [letter for letter in sorted(letters) for face in faces if _box(face, letter)]
    assert lacking == []


def _box(face: Face, letter: str) -> bool:
    """Whether ``letter`` is drawn as the box of a letter that the font lacks, or as nothing."""
    ink, box = face._ink(letter), face._ink("\u1400")
    return ink is None or (box is not None and ink.tobytes() == box.tobytes())
