"""What is kept of a phone book, and who has an address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.book.entries import NO_BOOK, Book, Entry, Source, entry, octets, sources

BOB = Entry("Bob", ("+4930901820", "sip:bob@phone.test"), "family")
ANN = Entry("Ann", ("204",))
BOOK = Book([Source("a.vcf", (BOB,), datetime(2026, 11, 23, 12, 0, tzinfo=UTC)), Source("b", (ANN,))])


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("sip:bob@phone.test", BOB),
        ("sips:bob@phone.test:5061;transport=tls", BOB),
        ("sip:+4930901820@provider.test", BOB),
        ("sip:030901820@provider.test;user=phone", BOB),
        ("sip:0049-30-901820@provider.test", None),
        ("sip:204@phone.test", ANN),
        ("sip:bob@elsewhere.test", None),
        ("sip:carol@phone.test", None),
        ("nonsense", None),
    ],
)
def test_who_has_an_address(address: str, wanted: Entry | None) -> None:
    assert BOOK.who(address, "DE") == wanted


def test_an_empty_book_knows_nobody() -> None:
    assert NO_BOOK.who("sip:bob@phone.test", "DE") is None
    assert NO_BOOK.find("262") == []
    assert len(NO_BOOK) == 0


def test_names_are_found() -> None:
    assert BOOK.find("2") == [ANN, BOB]
    assert BOOK.find("262") == [BOB]


def test_it_is_stored_and_read_again() -> None:
    assert sources(octets(BOOK.sources)) == list(BOOK.sources)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[1]", b'[{"name": 1}]', b'[{"name": "a", "entries": [[1]], "pulled": null}]', b"\xff", b"7"],
)
def test_what_is_no_book_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        sources(raw)


@given(st.text(max_size=100), st.lists(st.text(max_size=50), max_size=8), st.text(max_size=80))
def test_an_entry_is_whole_or_refused(name: str, targets: list[str], group: str) -> None:
    try:
        made = entry(name, targets, group, "DE")
    except ValueError:
        return
    assert made.name
    assert made.targets
    assert sources(octets([Source("x", (made,))])) == [Source("x", (made,))]
