"""A phrase is English text, and remembers how it was made."""

from __future__ import annotations

import gettext
import json
import pickle
from datetime import UTC, date, datetime
from typing import ClassVar

import pytest

from firmware.phone.language.catalogue import CODES, Language, language
from firmware.phone.language.phrase import (
    Phrase,
    calendar_day,
    counted,
    joined,
    moment,
    phrase,
    phrase_in,
)


class German(gettext.NullTranslations):
    SAID: ClassVar = {"Hold 0: {who} calls": "0 halten: {who} ruft an", "Anonymous": "Anonym"}

    def gettext(self, message: str) -> str:
        return self.SAID.get(message, message)

    def pgettext(self, context: str, message: str) -> str:
        forms = {("switch", "Open"): "Offen", ("date", "{year}-{month}-{day}"): "{day}.{month}.{year}"}
        return {**forms, ("number", ","): "."}.get((context, message), message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return "{number} Anruf" if n == 1 else "{number} Anrufe"


GERMAN = Language("de", German())


def test_a_phrase_is_its_english_text() -> None:
    made = phrase("Hold 0: {who} calls", who="Bob")
    assert made == "Hold 0: Bob calls"
    assert json.dumps([made]) == '["Hold 0: Bob calls"]'


def test_it_is_said_in_another_language_with_its_values() -> None:
    waiting = phrase("Hold 0: {who} calls", who=phrase("Anonymous"))
    assert GERMAN.say(waiting) == "0 halten: Anonym ruft an"
    assert language("en").say(waiting) == "Hold 0: Anonymous calls"


def test_a_name_is_never_translated() -> None:
    assert GERMAN.say("Anonymous") == "Anonymous"
    assert GERMAN.say(phrase("Hold 0: {who} calls", who="Anonymous")) == "0 halten: Anonymous ruft an"


def test_values_from_outside_are_not_looked_into() -> None:
    evil = "{who.__class__} {0} {number}"
    assert GERMAN.say(phrase("Hold 0: {who} calls", who=evil)) == f"0 halten: {evil} ruft an"
    assert joined((evil, evil)) == f"{evil} {evil}"


@pytest.mark.parametrize(("number", "said"), [(1, "1 Anruf"), (2, "2 Anrufe"), (12000, "12.000 Anrufe")])
def test_a_number_chooses_the_words(number: int, said: str) -> None:
    assert GERMAN.say(counted("{number} call", "{number} calls", number)) == said


def test_the_same_word_may_mean_two_things() -> None:
    assert GERMAN.say(phrase_in("switch", "Open")) == "Offen"
    assert GERMAN.say(phrase("Open")) == "Open"


def test_joined_texts_are_said_each() -> None:
    assert GERMAN.say(joined(("Bob", phrase("Anonymous")), ": ")) == "Bob: Anonym"


def test_dates_are_in_the_form_of_the_language() -> None:
    assert calendar_day(date(2027, 1, 31)) == "2027-01-31"
    assert GERMAN.say(calendar_day(date(2027, 1, 31))) == "31.01.2027"
    assert moment(datetime(2027, 1, 31, 9, 5, tzinfo=UTC)) == "31.01. 09:05"


def test_it_survives_being_packed() -> None:
    made = counted("{number} call", "{number} calls", 2)
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert isinstance(again, Phrase)
    assert GERMAN.say(again) == "2 Anrufe"


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        language("xx")
    assert CODES[0] == "en"
