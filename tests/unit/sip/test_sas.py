"""The comparison code of ZRTP in both renderings of RFC 6189 section 5.1.6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import sas

ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("yyyy", "aardvark adroitness"),
        ("9999", "zulu yucatan"),
        ("yyyb", "aardvark adroitness"),  # the last four of the 20 bits are in the code alone
        ("yyb6", "aardvark aggregate"),
        ("oyyy", "merit adroitness"),
    ],
)
def test_both_render_one_value(code: str, words: str) -> None:
    assert sas.words(code) == words


@pytest.mark.parametrize("code", ["", "yyy", "yyyyy", "YYYY", "yy0y", "lvyy", "aardvark:adroitness"])
def test_what_is_no_code_has_no_words(code: str) -> None:
    assert sas.words(code) == ""


@given(st.text(ALPHABET, min_size=4, max_size=4), st.text(ALPHABET, min_size=4, max_size=4))
def test_other_values_have_other_words(one: str, other: str) -> None:
    def value(code: str) -> int:
        return int("".join(f"{ALPHABET.index(c):05b}" for c in code)[:16], 2)

    assert (sas.words(one) == sas.words(other)) == (value(one) == value(other))
