"""Refer-To and Replaces as strangers write them."""

from __future__ import annotations

import pytest

from firmware.phone.sip import refer
from firmware.phone.sip.refer import Referred

REPLACES = "34160356-e4aa@host;to-tag=Ci2;from-tag=7d98"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<sip:carol@phone.test>", Referred("sip:carol@phone.test")),
        ("sip:carol@phone.test", Referred("sip:carol@phone.test")),
        ('"Carol" <sip:carol@phone.test;transport=tls>;x=1', Referred("sip:carol@phone.test;transport=tls")),
        ("<sip:carol@phone.test;method=INVITE>", Referred("sip:carol@phone.test")),
        (
            "<sip:carol@phone.test?Require=replaces&Replaces=34160356-e4aa%40host%3Bto-tag%3DCi2%3Bfrom-tag%3D7d98>",
            Referred("sip:carol@phone.test", REPLACES),
        ),
    ],
)
def test_whom_it_names(text: str, found: Referred) -> None:
    assert refer.read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<tel:+4930>",
        "<sip:carol@phone.test;method=BYE>",
        "<sip:carol@phone.test;maddr=192.0.2.1>",
        "<sip:carol@phone.test?Call-Info=x>",
        "<sip:carol@phone.test?Replaces=x>",
        "<sip:carol@phone.test?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%0d%0aEvil%3A+x>",
        "<sip:carol@phone.test?Require=100rel>",
        "<sip:a@b> <sip:c@d>",
        "<sip:carol@phone.test>\r\nX: y",
        "<sip:" + "a" * 2000 + "@b>",
    ],
)
def test_what_would_send_more_than_a_call_is_refused(text: str) -> None:
    assert refer.read(text) is None


@pytest.mark.parametrize(
    "text",
    ["a;to-tag=1", "a;to-tag=1;to-tag=2;from-tag=3", "a;to-tag=1;from-tag=2;x=3", ";to-tag=1;from-tag=2"],
)
def test_replaces_needs_both_tags_once(text: str) -> None:
    assert not refer.valid(text)
