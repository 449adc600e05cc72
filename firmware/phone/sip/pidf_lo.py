"""The place in an emergency INVITE: a PIDF-LO body and the header fields that point at it. Pure.

Location by value (RFC 6442 section 3.1), civic (RFC 5139), in the form of RFC 5491. What it needs of names is
drawn at random for each call, so that nothing tells one machine from another.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from firmware.phone import presence
from firmware.phone.place import Place

KEPT = timedelta(hours=24)
"""How long who gets it may keep it: what RFC 4119 section 2.2.2 grants by itself, said in so many words."""

METHOD = "Manual"
"""How the place is known: typed in by a person (IANA's method tokens, RFC 4119 section 6.1)."""

_PIDF = "urn:ietf:params:xml:ns:pidf"
_MODEL = f"{_PIDF}:data-model"
_GEOPRIV = f"{_PIDF}:geopriv10"
_POLICY = f"{_GEOPRIV}:basicPolicy"
_CIVIC = f"{_GEOPRIV}:civicAddr"

for _prefix, _space in (("", _PIDF), ("dm", _MODEL), ("gp", _GEOPRIV), ("gbp", _POLICY), ("ca", _CIVIC)):
    ET.register_namespace(_prefix, _space)


@dataclass(frozen=True)
class Location:
    """``headers`` of the INVITE, ``part_headers`` of the body part ``body`` (application/pidf+xml).

    The part may be passed over by who does not understand it (RFC 5621 section 5).
    """

    headers: tuple[tuple[str, str], ...]
    part_headers: tuple[tuple[str, str], ...]
    body: str


def location(place: Place, entity: str, wall: datetime) -> Location:
    """``place`` of the caller ``entity`` (an address), told at ``wall``."""
    cid = f"{uuid4()}@anonymous.invalid"
    return Location(
        headers=(("Geolocation", f"<cid:{cid}>"), ("Geolocation-Routing", "yes")),
        part_headers=(
            ("Content-ID", f"<{cid}>"),
            ("Content-Disposition", "by-reference;handling=optional"),
        ),
        body=document(place, entity, f"urn:uuid:{uuid4()}", wall),
    )


def document(place: Place, entity: str, device: str, wall: datetime) -> str:
    """The PIDF-LO. ``device``: a name for this one alone.

    A clock that was never set would say that it is out of date: then no time is told.
    """
    known = presence.today(wall) is not None
    now = wall.astimezone(UTC)
    root = ET.Element(f"{{{_PIDF}}}presence", entity=entity)
    element = ET.SubElement(root, f"{{{_MODEL}}}device", id="phone")
    geopriv = ET.SubElement(element, f"{{{_GEOPRIV}}}geopriv")
    civic = ET.SubElement(ET.SubElement(geopriv, f"{{{_GEOPRIV}}}location-info"), f"{{{_CIVIC}}}civicAddress")
    for name, value in place.fields:
        ET.SubElement(civic, f"{{{_CIVIC}}}{name}").text = value
    rules = ET.SubElement(geopriv, f"{{{_GEOPRIV}}}usage-rules")
    ET.SubElement(rules, f"{{{_POLICY}}}retransmission-allowed").text = "no"
    if known:
        ET.SubElement(rules, f"{{{_POLICY}}}retention-expiry").text = _time(now + KEPT)
    ET.SubElement(geopriv, f"{{{_GEOPRIV}}}method").text = METHOD
    ET.SubElement(element, f"{{{_MODEL}}}deviceID").text = device
    if known:
        ET.SubElement(element, f"{{{_MODEL}}}timestamp").text = _time(now)
    xml = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n'


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


REFUSED = frozenset({400, 413, 415, 420, 424, 488, 493, 606})
"""Answers that may be meant for the body or the place in it: 415 Unsupported Media Type (RFC 3261), 424 Bad
Location Information (RFC 6442 section 4.3) and what servers say that stumble over it; any 5xx too."""


def may_be_refused(status: int) -> bool:
    """Whether an INVITE that failed with ``status`` may go through without its place."""
    return status in REFUSED or 500 <= status < 600
