"""How the engine marks a call for the native module, which alone decides what leaves."""

from __future__ import annotations

import pytest

from firmware.phone.privacy import Exposure
from firmware.phone.sip import headers
from firmware.phone.sip.pjsua.engine import disclosing

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
