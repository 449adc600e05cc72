"""Names by their keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.book.t9 import LONGEST, Index, keys, starts

NAMES = [
    "Bob Baker",
    "Zoë",
    "Anna-Lena Weiß",
    "bob archer",
    "Μαρία Παππά",
    "Ольга Іванова",
    "Łukasz",
    "007 Taxi",
    "!",
]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Bob", "262"), ("zoë", "963"), ("Weiß", "93477"), ("Μαρία", "52742"), ("Ольга", "54922"),
        ("Łukasz", "585279"), ("007", "007"), ("Ærø", "2376"), ("李", ""), ("", ""),
    ],
)  # fmt: skip
def test_letters_have_keys(name: str, wanted: str) -> None:
    assert keys(name) == wanted


def test_each_word_is_a_beginning() -> None:
    assert starts("Anna-Lena Weiß") == ["2662536293477", "536293477", "93477"]
    assert starts(" ! ") == []


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("262", ["bob archer", "Bob Baker"]),
        ("2622", ["bob archer", "Bob Baker"]),
        ("26227", ["bob archer"]),
        ("934", ["Anna-Lena Weiß"]),
        ("22", ["Bob Baker"]),
        ("2", ["Anna-Lena Weiß", "bob archer", "Bob Baker"]),
        ("5274", ["Μαρία Παππά"]),
        ("007", ["007 Taxi"]),
        ("999", []),
        ("", []),
        ("1" * 40, []),
    ],
)
def test_names_are_found_by_the_beginning_of_a_word(digits: str, found: list[str]) -> None:
    assert [NAMES[number] for number in Index(NAMES).find(digits, 10)] == found


def test_no_more_than_asked_and_the_first_words_first() -> None:
    names = ["Zed Abe", "Abe Zed", "Abel"]
    assert [names[number] for number in Index(names).find("223", 10)] == ["Abe Zed", "Abel", "Zed Abe"]
    assert len(Index(names).find("223", 2)) == 2


words = st.text("abcçdéfgħßøжωZ -'1", min_size=1, max_size=12)


@given(st.lists(words, max_size=30), st.text("23456789", min_size=1, max_size=5))
def test_the_index_finds_what_a_look_at_every_name_finds(names: list[str], digits: str) -> None:
    slow = {number for number, name in enumerate(names) if any(s.startswith(digits) for s in starts(name))}
    assert set(Index(names).find(digits, 100)) == slow


@given(words)
def test_a_name_is_found_by_its_own_keys(name: str) -> None:
    for start in starts(name):
        assert Index([name]).find(start[:LONGEST], 1) == [0]
