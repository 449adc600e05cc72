"""The location body of an emergency call: its form, its escapes, and that nothing of the machine is in it."""

from __future__ import annotations

import socket
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest

from firmware.phone.place import EXAMPLE, parse
from firmware.phone.sip import headers
from firmware.phone.sip.pidf_lo import document, location, may_be_refused

ALICE = "sip:alice@phone.test"
NOW = datetime(2026, 11, 23, 12, 3, tzinfo=UTC)
PIDF = "{urn:ietf:params:xml:ns:pidf}"
DM = "{urn:ietf:params:xml:ns:pidf:data-model}"
GP = "{urn:ietf:params:xml:ns:pidf:geopriv10}"
GBP = "{urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy}"
CA = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text.encode())  # noqa: S314 - our own


def test_the_form() -> None:
    root = parsed(document(parse(EXAMPLE), ALICE, "urn:uuid:1", NOW))
    assert (root.tag, root.get("entity")) == (f"{PIDF}presence", ALICE)
    (device,) = root
    assert [child.tag for child in device] == [f"{GP}geopriv", f"{DM}deviceID", f"{DM}timestamp"]
    assert [child.text for child in device][1:] == ["urn:uuid:1", "2026-11-23T12:03:00Z"]
    geopriv = device[0]
    assert [child.tag for child in geopriv] == [f"{GP}location-info", f"{GP}usage-rules", f"{GP}method"]
    assert [(child.tag, child.text) for child in geopriv[1]] == [
        (f"{GBP}retransmission-allowed", "no"),
        (f"{GBP}retention-expiry", "2026-11-24T12:03:00Z"),
    ]
    assert geopriv[2].text == "Manual"
    (civic,) = geopriv[0]
    assert civic.tag == f"{CA}civicAddress"
    assert [(child.tag.removeprefix(CA), child.text) for child in civic] == list(parse(EXAMPLE).fields)


def test_what_is_typed_in_stays_text() -> None:
    typed = """country=DE;A3=]]><x/>&amp"';NAM=<?x?><!-- y -->"""
    root = parsed(document(parse(typed), 'sip:a"<&>@b', "urn:uuid:1", NOW))
    assert root.get("entity") == 'sip:a"<&>@b'
    assert [element.text for element in root.iter() if element.tag.startswith(CA)][2:] == [
        """]]><x/>&amp"'""",
        "<?x?><!-- y -->",
    ]


def test_a_clock_that_was_never_set_says_nothing() -> None:
    text = document(parse(EXAMPLE), ALICE, "urn:uuid:1", datetime(1970, 1, 1, tzinfo=UTC))
    assert "expiry" not in text
    assert "timestamp" not in text
    assert "Berlin" in text


def test_its_names_are_random_and_the_header_points_at_the_part() -> None:
    one, other = (location(parse(EXAMPLE), ALICE, NOW) for _ in range(2))
    assert one != other
    (geolocation, routing), ((_, cid), (_, disposition)) = one.headers, one.part_headers
    assert geolocation == ("Geolocation", f"<cid:{cid[1:-1]}>")
    assert routing == ("Geolocation-Routing", "yes")
    assert disposition == "by-reference;handling=optional"
    assert cid.endswith("@anonymous.invalid>")
    assert socket.gethostname() not in repr(one)


@pytest.mark.parametrize(
    ("status", "again"),
    [(415, True), (424, True), (400, True), (488, True), (500, True), (503, True), (513, True)]
    + [(status, False) for status in (200, 401, 403, 404, 407, 408, 480, 486, 487, 600, 603)],
)
def test_what_may_be_the_place_s_fault(status: int, again: bool) -> None:
    assert may_be_refused(status) is again


def test_whether_a_message_tells_the_place() -> None:
    assert headers.tells_place("INVITE x SIP/2.0\r\nTo: y\r\nGEOLOCATION: <cid:1>\r\n\r\n")
    assert not headers.tells_place("INVITE x SIP/2.0\r\nTo: y\r\n\r\n\r\nGeolocation: <cid:1>\r\n")
