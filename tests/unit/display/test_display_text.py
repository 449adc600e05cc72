"""Names from the network, neutralised."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.display.screens import Idle, Ringing
from firmware.phone.display.text import LONGEST, clean, cleaned
from firmware.phone.language.catalogue import language
from firmware.phone.values import Registration, RegistrationState, SwitchPosition

HOSTILE = {
    "an escape sequence": ("\x1b[2J\x1b[31mBank", "[2J[31mBank"),
    "line breaks": ("Bob\r\nPrivate\u2028Open\u2029\x0b\x85!", "Bob Private Open !"),
    "a NUL": ("Bo\0b", "Bob"),
    "reading direction turned": ("\u202eknaB\u202c \u2066x\u2069 \u200fy\u061c", "knaB x y"),
    "letters nobody sees": ("B\u200bo\u200db\u00ad\ufeff\u2060 \U000e0041", "Bob"),
    "blanks that are no blanks": ("\u3164\u115f\u2800\u00a0\u3000", ""),
    "a tower of marks": ("e" + "\u0316" * 400 + "n", "e\u0316\u0316n"),
    "private, unassigned and half characters": ("\ue000\U0003ffff\ud800", "\ufffd\ufffd\ufffd"),
    "parts put together": ("Ju\u0308rgen", "Jürgen"),
    "C1 controls": ("\x80\x9b31mX", "31mX"),
}


@pytest.mark.parametrize(("said", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_name(said: str, shown: str) -> None:
    assert clean(said) == shown


@pytest.mark.parametrize("name", ["Alice Archer", "Ελένη", "Щербакова", "Müller-Lüdenscheidt", "数字", "…"])
def test_honest_name_stays(name: str) -> None:
    assert clean(name) == name


def test_length_is_bounded_and_the_cut_is_seen() -> None:
    assert clean("x" * 1_000_000) == "x" * (LONGEST - 1) + "…"
    assert clean("x" * LONGEST) == "x" * LONGEST
    assert clean("ab cd", 4) == "ab…"


@given(st.text(st.characters(), max_size=300))
def test_anything_becomes_one_harmless_line(text: str) -> None:
    line = clean(text)
    assert len(line) <= LONGEST
    assert line == line.strip()
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean(line) == line


def test_every_text_of_a_screen_is_cleaned() -> None:
    assert cleaned(Ringing("B\x00ob", "\u202ebob", SwitchPosition.OPEN), language("en")) == Ringing(
        "Bob", "bob", SwitchPosition.OPEN
    )
    failed = Registration(RegistrationState.FAILED, "no\nroute")
    idle = cleaned(Idle("10\x0024", "\u202eA", failed, SwitchPosition.OPEN, 3, "\x07"), language("en"))
    reason = Registration(RegistrationState.FAILED, "no route")
    assert idle == Idle("1024", "A", reason, SwitchPosition.OPEN, 3, "")
