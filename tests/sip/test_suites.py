"""Weak SRTP suites are not taken, whoever offers them: short tags, no encryption, F8."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.provider import Provider

pytestmark = pytest.mark.live

WEAK = (
    "AES_CM_128_HMAC_SHA1_32",
    "AES_256_CM_HMAC_SHA1_32",
    "F8_128_HMAC_SHA1_80",
    "NULL_HMAC_SHA1_80",
    "NULL",
)
ORDER = ["AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"]
"""RFC 7714, RFC 6188, RFC 3711; best first."""


@pytest.fixture
def provider(lab: Lab) -> Provider:
    """One that the test drives."""
    return lab.add(Provider())


@pytest.fixture
def phone(lab: Lab, provider: Provider) -> Iterator[Phone]:
    """The phone behind it, with SDES allowed."""
    phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider")
    phone.wait_registered()
    yield phone
    assert phone.process.alive


def offer(provider: Provider, suites: list[str]) -> str:
    """An offer of these suites, in this order."""
    length = {suite: 46 if "256_CM" in suite else 30 for suite in suites}
    lines = [
        f"a=crypto:{tag} {suite} inline:{b64encode(bytes([tag]) * length[suite]).decode()}\r\n"
        for tag, suite in enumerate(suites, 1)
    ]
    return provider.description(more="".join(lines))


def final(provider: Provider, invite: str) -> str:
    """The phone's last answer, acknowledged."""
    text = provider.wait("SIP/2.0 ")
    while text.startswith("SIP/2.0 1"):
        text = provider.wait("SIP/2.0 ")
    provider.ack(invite, text)
    return text


@pytest.mark.parametrize("suites", [[suite] for suite in WEAK] + [list(WEAK)])
def test_weak_suites_are_refused(phone: Phone, provider: Provider, suites: list[str]) -> None:
    """An offer of nothing else gets 488, and the phone does not ring."""
    invite = provider.invite(body=offer(provider, suites))
    provider.raw(invite)
    assert final(provider, invite).startswith("SIP/2.0 488")
    assert provider.none("SIP/2.0 180")
    phone.wait_idle()


def test_a_strong_suite_is_taken_from_among_weak_ones(phone: Phone, provider: Provider) -> None:
    """Weak ones stand first in the offer: the answer names the strong one."""
    invite = provider.invite(body=offer(provider, [*WEAK, ORDER[-1]]))
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    answer = final(provider, invite)
    assert re.findall(r"a=crypto:(\d+) (\S+)", answer) == [(str(len(WEAK) + 1), ORDER[-1])]
    phone.hook("down")
    provider.respond(provider.wait("BYE"), "200 OK")


def test_our_offer_is_in_order(phone: Phone, provider: Provider) -> None:
    """The strongest first, and nothing else."""
    phone.hook("up")
    phone.keys("102#")
    first = provider.wait("INVITE")
    provider.respond(first, "488 Not Acceptable Here")
    offered = re.findall(r"a=crypto:\d+ (\S+)", provider.wait("INVITE"))
    assert offered == ORDER


def test_more_keys_than_anybody_needs(phone: Phone, provider: Provider) -> None:
    """Sixty-seven a=crypto lines are refused, and the phone lives."""
    invite = provider.invite(body=offer(provider, ["AES_CM_128_HMAC_SHA1_32"] * 66 + [ORDER[-1]]))
    provider.raw(invite)
    assert final(provider, invite)[8] in "456"
    phone.wait_idle()
