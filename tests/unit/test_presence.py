"""The presence document, and who wins when several grants stand for one watcher."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from firmware.phone.presence import Grant, Sees, document, granted, sees
from firmware.phone.privacy import Exposure
from tests.rig.watcher import presence

DAY = date(2026, 11, 23)
BOB = "sip:bob@phone.test"
HOSTILE = 'sip:"><basic>open</basic>&@phone.test'


@pytest.mark.parametrize("seen", [Sees.CLOSED, Sees.OPEN, Sees.IN_CALL])
def test_the_document_says_what_is_seen_and_no_more(seen: Sees) -> None:
    text = document(BOB, seen)
    assert presence(text) == seen.value
    root = ElementTree.fromstring(text)  # noqa: S314 - our own
    assert root.attrib == {"entity": BOB}
    names = {element.tag.partition("}")[2] for element in root.iter()}
    assert names - {"presence", "tuple", "status", "basic"} == (
        {"person", "activities", "on-the-phone"} if seen is Sees.IN_CALL else set()
    )


def test_who_waits_is_told_nothing() -> None:
    assert document(BOB, Sees.PENDING) == ""


def test_an_address_cannot_add_to_the_document() -> None:
    root = ElementTree.fromstring(document(HOSTILE, Sees.CLOSED))  # noqa: S314 - our own
    assert root.attrib == {"entity": HOSTILE}
    assert [e.text for e in root.iter() if e.tag.endswith("basic")] == ["closed"]


def test_of_several_grants_the_one_in_force_counts_and_of_those_the_widest() -> None:
    over, now, wide = (
        Grant(BOB, "in-call", DAY - timedelta(1)),
        Grant(BOB, until=DAY),
        Grant(BOB, "in-call", DAY),
    )
    assert granted((over, now), BOB, DAY) is now
    assert granted((over, now, wide), BOB, DAY) is wide
    assert granted((over,), BOB, DAY) is None
    assert granted((now,), BOB, None) is None


def test_identity_that_may_be_shown_is_no_presence() -> None:
    """An emergency call reveals who calls, and still nobody sees who is there."""
    emergency = Exposure(identity=True, presence=False, cause="emergency")
    assert sees(Grant(BOB, "in-call"), emergency, DAY, in_call=True) is Sees.CLOSED
