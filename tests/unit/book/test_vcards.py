"""vCards of every age, and bad ones: each fault with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.book.entries import NAME, TARGETS, Entry
from firmware.phone.book.vcards import Fault, read

THREE = """BEGIN:VCARD
VERSION:3.0
FN:Bob Baker
TEL;TYPE=home:030 901820
IMPP:sip:bob@phone.test
CATEGORIES:Family,Choir
END:VCARD
"""
FOUR = """BEGIN:VCARD
VERSION:4.0
FN:Zoë
TEL;VALUE=uri;TYPE="voice,home":tel:+49-30-901821;ext=5
END:VCARD
"""
OLD = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg
TEL;CELL:01701234567
END:VCARD
"""


@pytest.mark.parametrize(
    ("card", "wanted"),
    [
        (THREE, Entry("Bob Baker", ("+4930901820", "sip:bob@phone.test"), "Family")),
        (FOUR, Entry("Zoë", ("+4930901821",))),
        (OLD, Entry("Jörg Müller", ("+491701234567",))),
    ],
)
def test_each_version(card: str, wanted: Entry) -> None:
    assert read(card, "DE") == ([wanted], [])
    assert read(card.replace("\n", "\r\n"), "DE") == ([wanted], [])


def test_a_country_makes_numbers_whole_and_none_leaves_them() -> None:
    assert read(THREE, "")[0][0].targets == ("030901820", "sip:bob@phone.test")


def test_every_fault_is_told_with_its_line_and_spoils_no_other_card() -> None:
    text = (
        THREE  # 1-7
        + "rubbish\n"  # 8
        + "BEGIN:VCARD\nVERSION:3.0\nFN:Nobody\nEND:VCARD\n"  # 9-12
        + "BEGIN:VCARD\nVERSION:3.0\nno colon\nEND:VCARD\n"  # 13-16
        + "BEGIN:VCARD\nVERSION:3.0\nFN:X\nTEL:call me\nEND:VCARD\n"  # 17-21
        + "BEGIN:VCARD\nVERSION:3.0\nTEL:12\nEND:VCARD\n"  # 22-25
        + "BEGIN:VCARD\nFN:half\n"  # 26-27
        + FOUR  # 28-32
        + "BEGIN:VCARD\n"  # 33
    )
    entries, faults = read(text, "DE")
    assert [entry.name for entry in entries] == ["Bob Baker", "Zoë"]
    assert faults == [
        Fault(8, "is outside of any vCard; write BEGIN:VCARD before it"),
        Fault(9, "has no number and no sip: address"),
        Fault(15, "is no line of a vCard; write NAME:value"),
        Fault(17, "has an address that is no number and no sip: address"),
        Fault(22, "has no name; write FN:"),
        Fault(26, "has no end; write END:VCARD"),
        Fault(33, "has no end; write END:VCARD"),
    ]


def test_what_a_stranger_wrote_is_bounded_and_clean() -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:" + "\u202eevil " * 50 + "\n"
    card += "".join(f"TEL:03090{n:04}\n" for n in range(50)) + "END:VCARD\n"
    (entry,), faults = read(card, "DE")
    assert faults == []
    assert len(entry.name) <= NAME
    assert "\u202e" not in entry.name
    assert len(entry.targets) == TARGETS


def test_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.phone.book.vcards.MOST", 2)
    entries, faults = read(THREE * 4, "DE")
    assert len(entries) == 2
    assert faults == [Fault(15, "there are more than 2 contacts; those from here on are left out")]


lines = st.sampled_from(
    [
        "BEGIN:VCARD",
        "END:VCARD",
        "FN:A",
        "TEL:1",
        "N:;",
        "BEGIN:VEVENT",
        "END:VEVENT",
        ":",
        "A;B=",
        "PHOTO;ENCODING=b:!",
    ]
)


@given(
    st.one_of(
        st.text(max_size=200), st.lists(st.one_of(lines, st.text(max_size=9)), max_size=12).map("\n".join)
    )
)
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_read_makes_it_fail(text: str) -> None:
    entries, faults = read(text, "DE")
    assert all(entry.name and entry.targets for entry in entries)
    assert all(1 <= fault.line <= text.count("\n") + 2 for fault in faults)
