"""Who sent a SUBSCRIBE: what the provider asserts wins, and what is not clear is nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import subscribe

BOB, MALLORY = "sip:bob@phone.test", "sip:mallory@phone.test"


def message(*fields: str, to: str = "<sip:alice@phone.test>", event: str = "presence") -> str:
    lines = ["SUBSCRIBE sip:alice@phone.test SIP/2.0", f"To: {to}", f"Event: {event}", *fields]
    return "\r\n".join([*lines, "", "P-Asserted-Identity: <sip:body@phone.test>", ""])


def who(*fields: str) -> str:
    return subscribe.read(message(*fields)).watcher


@pytest.mark.parametrize(
    "field",
    [
        f"From: <{BOB}>;tag=1",
        f"f: {BOB};tag=1",
        f'From: "Bob, <sip:alice@x> \\" Baker" <{BOB}>;tag=1',
        f"From: Bob Baker <{BOB};user=phone>;tag=1",
        f"FROM:\r\n <{BOB}>;tag=1",
        "From: <sip:%62ob@PHONE.test>;tag=1",
    ],
)
def test_from_names_the_watcher(field: str) -> None:
    assert who(field) == BOB


@pytest.mark.parametrize(
    "asserted",
    [
        f"P-Asserted-Identity: <{MALLORY}>",
        f"p-asserted-identity: {MALLORY}",
        f'P-Asserted-Identity: "{BOB}" <{MALLORY}>, <tel:+4930123456>',
        f"P-Asserted-Identity: <tel:+4930123456>\r\nP-Asserted-Identity: <{MALLORY}>",
    ],
)
def test_what_the_provider_asserts_wins(asserted: str) -> None:
    assert who(f"From: <{BOB}>;tag=1", asserted) == MALLORY


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("From: <sip:anonymous@anonymous.invalid>;tag=1",),
        ("From: <sip:Anonymous@phone.test>;tag=1",),
        ("From: <sip:phone.test>;tag=1",),
        ("From: <tel:+4930123456>;tag=1",),
        (f"From: <{BOB}>;tag=1", f"f: <{MALLORY}>;tag=1"),
        (f"From: <{BOB}> <{MALLORY}>;tag=1",),
        (f"From: <{BOB}>;tag=1", "Privacy: id"),
        (f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: <{BOB}>", "Privacy: critical; user"),
        (f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: <{BOB}>, <{MALLORY}>"),
        (f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: <{BOB}>", f"P-Asserted-Identity: <{MALLORY}>"),
        (f"From: <{BOB}>;tag=1", "P-Asserted-Identity: <tel:+4930123456>"),
        (f"From: <{BOB}>;tag=1", "P-Asserted-Identity: "),
        (f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: {BOB}>, <"),
        (f"From: <{BOB}?Subject=x>;tag=1",),
        ("From: <sip:bob:secret@phone.test>;tag=1",),
    ],
)
def test_nobody(fields: tuple[str, ...]) -> None:
    assert who(*fields) == ""


def test_privacy_none_hides_nothing() -> None:
    assert who(f"From: <{BOB}>;tag=1", "Privacy: none") == BOB


def test_event_and_entity() -> None:
    read = subscribe.read(message(to='"A" <sip:101@phone.test>', event="Dialog;sla"))
    assert (read.event, read.entity) == ("dialog", "sip:101@phone.test")
    compact = subscribe.read("SUBSCRIBE sip:a@b SIP/2.0\r\no: presence\r\nt: <sip:a@b>\r\n\r\n")
    assert compact == subscribe.Subscribe("", "sip:a@b", "presence")


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e", "\r", "\0"])
@pytest.mark.parametrize("field", ["From", "P-Asserted-Identity"])
def test_a_display_name_is_no_new_line(end: str, field: str) -> None:
    assert who(f'From: "x{end}{field}: <{BOB}>{end}" <{MALLORY}>;tag=1') in ("", MALLORY)


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_none_forges_a_line(text: str) -> None:
    read = subscribe.read(f"SUBSCRIBE sip:a SIP/2.0\r\nf: {text}\r\nP-Asserted-Identity: <{BOB}>\r\n\r\n")
    assert read.watcher in ("", BOB)
