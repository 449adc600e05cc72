"""The place that a user types in: what is taken, and that its words are in no message about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.place import COUNTRIES, EXAMPLE, LONGEST, NAMES, Place, parse

VALUES = st.text(
    st.characters(exclude_characters=";", exclude_categories=("C", "Z")), min_size=1, max_size=25
)


def test_a_place_in_the_order_of_its_schema() -> None:
    place = parse(" loc = 2nd  floor ;HNO=5;RD=Musterstraße;a3=Berlin;COUNTRY=de; ")
    assert place.fields == (
        ("country", "DE"), ("A3", "Berlin"), ("RD", "Musterstraße"), ("HNO", "5"), ("LOC", "2nd floor"),
    )  # fmt: skip
    assert place.text == EXAMPLE
    assert len(COUNTRIES) == 249


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one more"),
        ("country=DE", "at least one more"),
        ("A3=Berlin", "country"),
        ("country=UK;A3=London", "ISO 3166"),
        ("country=Germany;A3=Berlin", "ISO 3166"),
        ("country=DE;Berlin", "no ="),
        ("country=DE;CITY=Berlin", "not known"),
        ("country=DE;A3=Berlin;A3=Bonn", "twice"),
        ("country=DE;A3=", "empty"),
        ("country=DE;A3=" + "x" * 101, "too long"),
        ("country=DE;" + ";".join(f"A{n}={'x' * 100}" for n in range(1, 7)) + ";RD=" + "ß" * 100 + ";LOC="
         + "ß" * 100, "too long"),
        ("country=DE;A3=Ber\x00lin", "printed"),
        ("country=DE;A3=\u202enilreB", "printed"),
        ("country=DE;A3=\ud800", "printed"),
    ],
)  # fmt: skip
def test_what_is_not_taken_and_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        parse(text)
    assert not {"London", "Bonn", "Ber\x00lin"} & set(str(refused.value).split())


def test_it_does_not_show_itself() -> None:
    assert repr(parse(EXAMPLE)) == "Place()"


@given(fields=st.dictionaries(st.sampled_from(NAMES[1:]), VALUES, min_size=1, max_size=6))
def test_what_is_kept_is_read_again(fields: dict[str, str]) -> None:
    place = Place((("country", "FR"), *((name, fields[name]) for name in NAMES if name in fields)))
    if len(place.text.encode()) <= LONGEST:
        assert parse(place.text) == place
