"""What lies in the state directory may be anything: it is a record, a grant, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone import stored_form
from firmware.phone.presence import Grant
from firmware.phone.values import CallRecord, Direction

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("direction", "uri", "name", "at", "seconds", "shows", "until")
ALMOST = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.sampled_from(["in", "out", "open-closed", "2026-11-23"]), max_size=7
)


def judged(raw: bytes) -> None:
    for found in (stored_form.record(raw), stored_form.grant(raw)):
        if found is not None:
            assert len(stored_form.octets(found)) <= stored_form.LONGEST


@given(
    st.one_of(
        st.binary(max_size=1100), JSON.map(json.dumps).map(str.encode), ALMOST.map(json.dumps).map(str.encode)
    )
)
def test_anything_is_read(raw: bytes) -> None:
    judged(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"direction": "in", "uri": "", "name": "", "at": Infinity, "seconds": 0}',
        b'{"direction": "in", "uri": "", "name": "", "at": NaN, "seconds": 0}',
        b"[" * stored_form.LONGEST,
        b'{"a":' * (stored_form.LONGEST // 5),
        b'{"uri": "sip:a@b", "shows": ["in-call"], "until": null}',
        b'{"uri": "sip:a@b", "shows": "in-call", "until": 7}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_record_is_nothing(raw: bytes) -> None:
    assert stored_form.record(raw) is None
    assert stored_form.grant(raw) is None


@given(st.text(), st.text(), st.integers(0, 2**40), st.integers(0, 10**6))
def test_a_record_comes_back(uri: str, name: str, at: int, seconds: int) -> None:
    """Unless it was too long, it is the same; and it is never longer than its place."""
    kept = CallRecord(Direction.IN, uri, name, at, seconds)
    raw = stored_form.octets(kept)
    back = stored_form.record(raw)
    assert len(raw) <= stored_form.LONGEST
    assert back is not None
    assert (back.at, back.seconds) == (at, seconds)
    if len(uri.encode(errors="replace") + name.encode(errors="replace")) < 400 // 6:
        assert back.uri == uri.encode(errors="replace").decode()


@given(st.text(max_size=3000), st.sampled_from(["open-closed", "in-call"]), st.none() | st.dates())
def test_a_grant_comes_back(uri: str, shows: str, until: object) -> None:
    raw = stored_form.octets(Grant(uri, shows, until))  # type: ignore[arg-type]
    back = stored_form.grant(raw)
    assert len(raw) <= stored_form.LONGEST
    assert back is not None
    assert (back.shows, back.until) == (shows, until)
