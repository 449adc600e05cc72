"""Hostile messages, whatever is in them: nothing is raised, nobody is impersonated, all can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.events import IncomingCall, WatcherAsked
from firmware.phone.sip import identity, subscribe
from firmware.phone.sip.headers import MAX_NAME
from firmware.phone.sip.identity import LONGEST_URI
from firmware.phone.sip.uri import unprintable
from firmware.phone.values import CallId, Party, SubscriptionId, Trust
from firmware.phone.watch import told

FROM = 'From: "Eve" <sip:eve@phone.test>;tag=1'
BANK = "P-Asserted-Identity: <sip:bank@phone.test>"

ENDS_FOR_PYTHON = ("\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r", "\0")
"""What some readers take for the end of a line, and SIP does not: a proxy lets it through in a field."""

BEFORE_A_NAME = ("\v", "\f", "\x1f", "\x85", "\xa0", "\u2003", "\u3000", "\ufeff", "\0")
"""What some readers strip from a name: to a proxy it is the name of another field, which it leaves."""

PIECES = [
    "From", "f", "P-Asserted-Identity", "Privacy", "Identity", "y", "To", "Event", "o", "Date", ":", ": ",
    " ", "\r\n", "\n", "\r", "\t", "\0", "\x1b[2J", "\x9b", "\u202e", "\u2066", "\u2028", "\x85", "\xa0", "<",
    ">", '"', "\\", ",", ";", "=", "@", "sip:", "tel:", "sips:", "+4930", "bob", "anonymous", ".invalid",
    "%00", "%0d%0a", "%e2%80%ae", "phone.test", "[::1]", "?Subject=x", ";info=<https://x>;alg=ES256", "id",
]  # fmt: skip
MESSAGES = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join).map("INVITE sip:a@b SIP/2.0\r\n".__add__),
)


def message(*lines: str) -> str:
    return "\r\n".join(["INVITE sip:alice@10.0.0.1 SIP/2.0", *lines, "Event: presence", "", ""])


def bounded(party: Party) -> bool:
    return len(party.name) <= MAX_NAME and len(party.uri) <= max(LONGEST_URI, 1024)


@pytest.mark.parametrize("end", ENDS_FOR_PYTHON)
@pytest.mark.parametrize("field", [f"Subject: hi{{}}{BANK}", f"To: <sip:a@b>;x=y{{}}{BANK}"])
def test_no_line_hides_in_another(end: str, field: str) -> None:
    """A field that the provider did not see as one is not the provider's word."""
    forged = message(FROM, field.format(end))
    party = identity.caller(forged, trusted=True, domain="phone.test")
    assert "bank" not in party.uri
    assert party.trust is Trust.CLAIMED
    assert "bank" not in subscribe.read(forged).watcher


@pytest.mark.parametrize("before", BEFORE_A_NAME)
def test_a_field_with_another_name_is_another_field(before: str) -> None:
    for line in (f"{before}{BANK}", BANK.replace(":", f"{before}:", 1)):
        forged = message(FROM, line)
        assert "bank" not in identity.caller(forged, trusted=True, domain="phone.test").uri
        assert "bank" not in subscribe.read(forged).watcher


@settings(max_examples=300, deadline=1000)
@given(MESSAGES, st.booleans())
def test_any_message_has_a_caller_that_can_be_shown(text: str, trusted: bool) -> None:
    party = identity.caller(text, trusted=trusted, domain="phone.test", check=lambda claim: (False, ""))
    assert not unprintable(party.name + party.uri + party.doubt)
    assert bounded(party)
    assert trusted or party.trust is Trust.CLAIMED
    assert told(IncomingCall(CallId(2), party))["event"] == "incoming-call"


@pytest.mark.parametrize("strange", ["\x1b[2J", "\x9b2J", "\u202e", "\x85", "\0"])
def test_a_watcher_cannot_write_on_the_screen(strange: str) -> None:
    """What ``sotto watch`` prints has no escapes in it, in no field."""
    asked = subscribe.read(
        f"SUBSCRIBE sip:a SIP/2.0\r\nFrom: <sip:eve{strange}@phone.test>\r\nEvent: presence{strange}\r\n\r\n"
    )
    assert (asked.watcher, asked.event) == ("", "")


@settings(max_examples=300, deadline=1000)
@given(MESSAGES)
def test_any_subscribe_has_a_watcher_that_can_be_shown(text: str) -> None:
    asked = subscribe.read(text)
    assert not unprintable(asked.watcher + asked.event)
    assert told(WatcherAsked(SubscriptionId(1), asked.watcher, asked.event))["uri"] == asked.watcher
