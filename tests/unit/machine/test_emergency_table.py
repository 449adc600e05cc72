"""The table of emergency numbers against the short numbers of libphonenumber."""

from __future__ import annotations

import itertools
import re

import pytest
from phonenumbers import shortnumberinfo
from phonenumbers.phonemetadata import PhoneMetadata

from firmware.phone.config_types import KNOWN_COUNTRIES
from firmware.phone.machine.emergency import EVERYWHERE, NUMBERS, UNCONFIRMED, is_emergency

LEFT_OUT = {"DK": {"114"}, "CZ": {"151", "152", "153", "154", "157", "159"}}
"""Why: see the table."""


assert shortnumberinfo, "importing it makes the short numbers known"


def listed(country: str) -> set[str]:
    """The emergency numbers of a country by libphonenumber, of up to five digits."""
    known = PhoneMetadata.short_metadata_for_region(country)
    assert known is not None, country
    assert known.emergency is not None
    assert known.emergency.national_number_pattern
    pattern = re.compile(known.emergency.national_number_pattern)
    numbers = ("".join(n) for size in (2, 3, 4, 5) for n in itertools.product("0123456789", repeat=size))
    return {number for number in numbers if pattern.fullmatch(number)}


@pytest.mark.parametrize("country", sorted(NUMBERS))
def test_none_that_is_listed_is_missing(country: str) -> None:
    missing = listed(country) - NUMBERS[country] - EVERYWHERE - LEFT_OUT.get(country, set())
    assert not missing, "libphonenumber knows more; look them up, and add them to the table or to LEFT_OUT"


@pytest.mark.parametrize("country", sorted(NUMBERS))
def test_what_is_not_confirmed_is_marked(country: str) -> None:
    """RS and UA: the numbers that Android lists beside those of libphonenumber."""
    android = {"RS": {"192", "193", "194"}, "UA": {"01", "02", "03"}}.get(country, set())
    assert NUMBERS[country] - listed(country) - android == UNCONFIRMED[country]


def test_every_country_with_a_table_has_emergency_numbers() -> None:
    assert set(KNOWN_COUNTRIES) == set(NUMBERS)


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DE", "110"), ("DE", "112"), ("", "112"), ("", "911"), ("GB", "999"), ("AU", "000"), ("NZ", "111"),
        ("JP", "119"), ("IT", "115"), ("FR", "15"), ("CH", "144"), ("US", "911"), ("ZA", "10111"),
    ],
)  # fmt: skip
def test_the_well_known_ones(country: str, number: str) -> None:
    assert is_emergency(country, number)


@pytest.mark.parametrize(("country", "number"), [("", "110"), ("DE", "999"), ("DE", "1100"), ("US", "11")])
def test_others_are_none(country: str, number: str) -> None:
    assert not is_emergency(country, number)
