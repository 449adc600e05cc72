"""To whom the login name and a proof of the password go: to the provider that we registered at."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLER = Path(__file__).with_name("caller.py")
LOGIN = "login-9"
PATIENCE = 1.5
"""Seconds in which a second INVITE would have come: the first is repeated after half a second."""


def field(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else ""


def reply(request: str, status: str, *extra: str) -> str:
    """A response that comes back to where the request came from."""
    lines = [f"SIP/2.0 {status}"]
    lines += [f"Via: {value}" for value in re.findall(r"^Via: (.*)\r$", request, re.MULTILINE)]
    lines += [f"{name}: {field(request, name)}" for name in ("From", "Call-ID", "CSeq")]
    tag = "" if "tag=" in field(request, "To") else ";tag=far"
    lines += [f"To: {field(request, 'To')}{tag}", *extra, "Content-Length: 0", "", ""]
    return "\r\n".join(lines)


def challenge(realm: str, header: str = "Proxy-Authenticate", nonce: str = "n1") -> str:
    return f'{header}: Digest realm="{realm}", nonce="{nonce}", algorithm=MD5'


Answers = Callable[[str, int], list[str]]
"""What is answered to an INVITE, and to the how manyeth (from 0)."""


@contextmanager
def caller(port: int, **order: object) -> Iterator[None]:
    order = {
        "uri": f"sip:bob@127.0.0.1:{port}",
        "disclose": (False, "id"),
        "then": None,
        "headers": [],
    } | order
    argv = [sys.executable, str(CALLER), json.dumps(order)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


def invites(
    answers: Answers, realm: str | None = "provider", identity: bool = False, **order: object
) -> list[str]:
    """The INVITEs and BYEs of a phone that registered with a challenge by ``realm`` (None: without)."""
    seen: dict[str, str] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        port = server.getsockname()[1]
        with caller(port, registrar=f"sip:127.0.0.1:{port}", disclose=(identity, "id"), **order):
            while True:
                try:
                    data, source = server.recvfrom(65536)
                except TimeoutError:
                    return list(seen.values())
                text = data.decode()
                if text.startswith("REGISTER "):
                    known = realm is None or "Authorization: Digest" in text
                    granted = ("200 OK", f"Contact: {field(text, 'Contact')};expires=300")
                    asked = ("401 Unauthorized", challenge(realm or "", "WWW-Authenticate"))
                    server.sendto(reply(text, *(granted if known else asked)).encode(), source)
                elif text.startswith(("INVITE ", "BYE ")) and field(text, "CSeq") not in seen:
                    server.settimeout(PATIENCE)
                    seen[field(text, "CSeq")] = text
                    for answer in answers(text, len(seen) - 1):
                        server.sendto(answer.encode(), source)


def challenged(*lines: str) -> Answers:
    """One 407, then busy."""

    def answers(text: str, number: int) -> list[str]:
        if number:
            return [reply(text, "486 Busy Here")]
        return [reply(text, "407 Proxy Authentication Required", *lines)]

    return answers


def test_the_provider_gets_its_proof() -> None:
    """The realm of the registration, in INVITE too."""
    first, second = invites(challenged(challenge("provider")))
    assert "uthorization" not in first
    assert f'username="{LOGIN}"' in field(second, "Proxy-Authorization")


def test_the_registrars_own_name_is_its_realm() -> None:
    """A provider that challenges calls only."""
    _, second = invites(challenged(challenge("127.0.0.1")), realm=None)
    assert f'username="{LOGIN}"' in second


@pytest.mark.parametrize("header", ["Proxy-Authenticate", "WWW-Authenticate"])
def test_another_realm_gets_nothing(header: str) -> None:
    """A far end that challenges learns no login name: the call fails."""
    assert len(invites(challenged(challenge("evil.example", header)))) == 1


def test_of_several_realms_only_the_providers_is_answered() -> None:
    """A far end's challenge beside the provider's (RFC 3261 section 22.3)."""
    both = challenge("evil.example"), challenge("provider")
    _, second = invites(challenged(*both))
    assert re.findall('realm="([^"]*)"', second) == ["provider"]
    assert "evil" not in second


def test_after_the_far_end_rang_nobody_is_answered() -> None:
    """The far end knows the provider's realm too; but a provider challenges before it lets a call through."""

    def answers(text: str, number: int) -> list[str]:
        ringing = [reply(text, "100 Trying"), reply(text, "180 Ringing")]
        return ringing + challenged(challenge("provider"))(text, 0)

    assert len(invites(answers)) == 1


def test_a_second_challenge_is_not_answered() -> None:
    """The provider has had its proof: the next one to ask, under the same name, is somebody behind it."""

    def answers(text: str, number: int) -> list[str]:
        return [reply(text, "407 Proxy Authentication Required", challenge("provider", nonce=f"n{number}"))]

    assert len(invites(answers)) == 2


@pytest.mark.parametrize(
    ("asked", "identity", "proofs"), [(False, False, 0), (False, True, 1), (True, False, 2), (True, True, 2)]
)
def test_a_challenge_in_the_call(asked: bool, identity: bool, proofs: int) -> None:
    """A BYE goes to the far end, which can answer it with 407: nothing in a private call whose INVITE the
    provider let through without.
    """

    def answers(text: str, number: int) -> list[str]:
        if text.startswith("BYE ") or (asked and number == 0):
            return [
                reply(text, "407 Proxy Authentication Required", challenge("provider", nonce=f"n{number}"))
            ]
        contact = re.search(r"INVITE sip:bob(@\S+) ", text)
        assert contact
        return [reply(text, "200 OK", f"Contact: <sip:bob{contact.group(1)}>")]

    sent = invites(answers, identity=identity)
    assert sent[-1].startswith("BYE "), "a 200 without SDP is no call"
    assert sum(LOGIN in text for text in sent) >= proofs
    assert bool(sum(LOGIN in text for text in sent)) == bool(proofs)


def test_a_redirection_is_not_followed() -> None:
    """Whom a far end names is not called, neither as we are nor anonymously (RFC 3261 section 8.1.3.4)."""

    def answers(text: str, number: int) -> list[str]:
        contact = re.search(r"INVITE sip:bob(@\S+) ", text)
        assert contact
        return [reply(text, "302 Moved Temporarily", f"Contact: <sip:carol{contact.group(1)}>")]

    assert len(invites(answers)) == 1


@pytest.mark.parametrize("opens", [True, False])
def test_the_switch_moves_between_challenge_and_proof(opens: bool) -> None:
    """The second INVITE is anonymous when either position was private."""

    def answers(text: str, number: int) -> list[str]:
        time.sleep(0.45)  # the switch moves 0.25 s after the INVITE, before it is sent again
        return challenged(challenge("provider"))(text, number)

    first, second = invites(answers, identity=not opens, then=(opens, "id"))
    assert ("lice" in first) == (not opens)
    assert field(second, "From").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert field(second, "Privacy") == "id"
    assert "lice" not in second
