"""How the engine marks a call for the native module, which alone decides what leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firmware.phone import commands as do
from firmware.phone.clock import FakeClock
from firmware.phone.place import parse
from firmware.phone.privacy import Exposure
from firmware.phone.sip import headers, pidf_lo
from firmware.phone.sip.pjsua.disclosing import disclosing
from firmware.phone.sip.pjsua.outgoing import location
from firmware.phone.values import CallId

PROFILE = headers.Profile("sip:alice@phone.test")
OWN = "<sip:alice@phone.test>"


@pytest.mark.parametrize(
    ("exposure", "mark", "local"),
    [
        (Exposure(identity=True, presence=True, cause="switch"), [], OWN),
        (Exposure(identity=False, presence=False, cause="switch"), ["none"], headers.ANONYMOUS_FROM),
        (Exposure(identity=False, presence=True, cause="star code"), ["none"], headers.ANONYMOUS_FROM),
        (Exposure(identity=False, presence=False, cause="unreadable"), ["none"], headers.ANONYMOUS_FROM),
        (Exposure(identity=False, presence=False, cause="emergency"), ["none"], headers.ANONYMOUS_FROM),
        (Exposure(identity=True, presence=False, cause="emergency"), ["full"], OWN),
    ],
)
def test_the_mark_of_a_call(exposure: Exposure, mark: list[str], local: str) -> None:
    """Private calls are marked closed, emergency calls open; the others follow the switch."""
    option = disclosing(PROFILE, exposure, "192.0.2.1:5061")
    assert [header.hValue for header in option.headers if header.hName == headers.DISCLOSURE] == mark
    assert option.localUri == local


def test_a_place_goes_out_as_a_part_of_its_own() -> None:
    place = pidf_lo.Location((("Geolocation", "<cid:1@x>"),), (("Content-ID", "<1@x>"),), "<presence/>")
    emergency = Exposure(identity=True, cause="emergency")
    option = disclosing(PROFILE, emergency, "192.0.2.1:5061", place)
    assert ("Geolocation", "<cid:1@x>") in [(header.hName, header.hValue) for header in option.headers]
    assert (option.multipartContentType.type, option.multipartContentType.subType) == ("multipart", "mixed")
    (part,) = option.multipartParts
    assert (part.contentType.type, part.contentType.subType, part.body) == (
        "application",
        "pidf+xml",
        "<presence/>",
    )
    assert [(header.hName, header.hValue) for header in part.headers] == [("Content-ID", "<1@x>")]
    assert not disclosing(PROFILE, emergency, "192.0.2.1:5061").multipartParts


@pytest.mark.parametrize(
    "exposure",
    [
        Exposure(identity=True, presence=True, cause="switch"),
        Exposure(identity=False, cause="switch"),
        Exposure(identity=False, cause="emergency"),
    ],
)
def test_a_place_is_taken_for_an_emergency_alone(exposure: Exposure) -> None:
    clock = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))
    place = do.PlaceCall(CallId(1), "sip:bob@phone.test", exposure, parse("country=DE;A3=Berlin"))
    assert location(PROFILE, place, "192.0.2.1:5061", clock) is None
