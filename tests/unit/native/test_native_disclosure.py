"""What the native module lets out in an INVITE, octet for octet: marks, header fields, retransmissions."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLER = Path(__file__).with_name("caller.py")
MARK = "Sottovoce-Disclosure"
CLOSED, OPEN = (False, "id"), (True, "id")
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
NAMED = '"Alice Archer" <sip:alice@phone.test>'

BARRED = (
    "Organization", "Subject", "s", "Call-Info", "Alert-Info", "Reply-To", "In-Reply-To", "Server", "Warning",
    "Date", "History-Info", "Diversion", "Referred-By", "b", "Remote-Party-ID", "P-Asserted-Identity",
    "Geolocation", "Session-ID", "P-Access-Network-Info", "Timestamp", "X-Whatever",
)  # fmt: skip

Disclose = tuple[bool, str] | tuple[bool, str, bool]


@contextmanager
def calling(
    disclose: Disclose | None,
    headers: Sequence[tuple[str, str]] = (),
    then: Disclose | None = None,
    calls: int = 1,
) -> Iterator[socket.socket]:
    """Calls on their way to the socket, with keys by DTLS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(10)
        uris = [f"sip:bob@127.0.0.1:{far.getsockname()[1]}"] * calls
        order = {"uri": uris, "disclose": disclose, "then": then, "srtp": True}
        argv = [sys.executable, str(CALLER), json.dumps(order | {"headers": list(headers)})]
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as caller:
            try:
                yield far
            finally:
                caller.kill()


def invite(disclose: Disclose | None, headers: Sequence[tuple[str, str]] = ()) -> str:
    """The INVITE that leaves."""
    with calling(disclose, headers) as far:
        text = far.recv(65536).decode()
    assert text.startswith("INVITE ")
    assert MARK.lower() not in text.lower()
    return text


def field(text: str, name: str) -> str:
    """A header field's value, without From's tag; "" if there is none."""
    found = re.search(rf"^{name}: (.*?)(?:;tag=.*)?\r$", text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else ""


def test_closed_until_told_otherwise() -> None:
    """Without a word about the switch nothing leaves."""
    text = invite(None)
    assert (field(text, "From"), field(text, "Privacy")) == (ANONYMOUS, "id")
    assert "lice" not in text


@pytest.mark.parametrize("switch", [CLOSED, OPEN])
def test_a_call_that_shows_nothing(switch: Disclose) -> None:
    """The mark "none" hides whatever the switch allows."""
    text = invite(switch, [(MARK, "none")])
    assert (field(text, "From"), field(text, "Privacy")) == (ANONYMOUS, "id")
    assert "lice" not in text


def test_an_emergency_call_shows_who_and_where() -> None:
    """The mark "full" shows whatever the switch forbids, and under the Contact that can be called back."""
    text = invite(CLOSED, [(MARK, "full"), ("Geolocation", "<cid:1@x>"), ("Organization", "us")])
    assert (field(text, "From"), field(text, "Privacy")) == (NAMED, "")
    assert field(text, "Geolocation") == "<cid:1@x>"
    assert field(text, "Organization") == ""
    assert "<sip:0123456789abcdef@" in field(text, "Contact")


@pytest.mark.parametrize("marks", [["maybe"], ["fullest"], [""], ["full", "none"], ["none", "full"]])
def test_a_mark_in_doubt_shows_nothing(marks: list[str]) -> None:
    """What is not understood, or contradicts itself, closes."""
    assert field(invite(OPEN, [(MARK, mark) for mark in marks]), "From") == ANONYMOUS


@pytest.mark.parametrize("switch", [CLOSED, OPEN])
def test_header_fields_that_never_leave(switch: Disclose) -> None:
    """Whoever put them in, they are taken off."""
    text = invite(switch, [(name, "told") for name in BARRED])
    assert "told" not in text
    assert not [name for name in BARRED if field(text, name)]


@pytest.mark.parametrize(
    ("switch", "leaves"),
    [(OPEN, True), (CLOSED, False), ((False, "id", False), False), ((False, "id", True), False)],
)
def test_preferred_identity(switch: Disclose, leaves: bool) -> None:
    """P-Preferred-Identity leaves when the switch is open; in private not in clear, allowed or not."""
    text = invite(switch, [("P-Preferred-Identity", "<sip:alice@phone.test>")])
    assert bool(field(text, "P-Preferred-Identity")) == leaves


@pytest.mark.parametrize("value", ["", "id", "header;session;id"])
def test_the_privacy_asked_for(value: str) -> None:
    """The profile's value, once, whatever was there before."""
    text = invite((False, value), [("Privacy", "none")])
    assert re.findall(r"^Privacy: (.*)\r$", text, re.MULTILINE) == ([value] if value else [])


def test_a_retransmission_is_the_same_message() -> None:
    """The switch moved between the two: the second is octet for octet the first, as servers expect."""
    with calling(OPEN, then=CLOSED) as far:
        first, second = far.recv(65536), far.recv(65536)
    assert first == second
    assert field(first.decode(), "From") == NAMED


def test_contact_and_extensions() -> None:
    """Contact has a random user that is not the registered one; Replaces is offered (RFC 3891)."""
    users = set()
    for _ in range(2):
        text = invite(OPEN)
        found = re.fullmatch(r"<sip:([0-9a-f]{16})@127\.0\.0\.1:\d+(;ob)?>", field(text, "Contact"))
        assert found, text
        users.add(found.group(1))
        assert "replaces" in field(text, "Supported")
    assert len(users | {"0123456789abcdef"}) == 3


def test_two_calls_have_nothing_in_common() -> None:
    """Who gets two private calls cannot tell by any random value that they are from one telephone."""
    with calling(CLOSED, calls=2) as far:
        invites: dict[str, str] = {}
        while len(invites) < 2:
            text = far.recv(65536).decode()
            invites[field(text, "Call-ID")] = text
    assert all("a=fingerprint:SHA-256 " in text for text in invites.values())
    drawn = [
        set(re.findall(r"\b(?:[0-9A-Fa-f]{2}[:-]?){6,}\b|\b[0-9]{6,}\b", text)) for text in invites.values()
    ]
    assert all(len(words) >= 6 for words in drawn), (
        "Call-ID, tag, branch, Contact, fingerprint, session, SSRC"
    )
    assert drawn[0] & drawn[1] == set()
