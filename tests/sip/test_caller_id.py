"""Who calls, both ways, with a real server between: the preview against what arrives, and what an incoming
call shows of its caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest

from firmware.phone.sip import headers
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.unit.sip.passports import X5U, Signer, numbers

pytestmark = pytest.mark.live

NAMES = ("alice", "Alice", "Archer", "101")
ACCOUNT = 'display_name = "Alice Archer"\n'


def preview(phone: Phone, target: str) -> dict[str, str]:
    data = phone.do("preview", target)
    return {field["name"]: field["value"] for field in data["fields"]}


@dataclass(frozen=True)
class Wire:
    """One INVITE as the server received it, by the names of the preview's fields."""

    message: Message

    def __getitem__(self, name: str) -> str:
        message = self.message
        party = headers.party(message.header("From"))
        contact = re.fullmatch(r"<sips?:(?:([^@>]*)@)?(\[[^]]*\]|[^:;>]*)[^>]*>.*", message.header("Contact"))
        assert contact is not None
        via = re.fullmatch(r"SIP/2.0/\w+ (.*?)(?::\d+)?(?:;.*)?", message.header("Via"))
        assert via is not None
        found = {
            "From name": party.name or "none",
            "From address": party.uri,
            "Via address": via[1],
            "Contact user": contact[1] or "",
            "Contact address": contact[2],
            "Privacy": message.header("Privacy") or "not sent",
            "P-Preferred-Identity": message.header("P-Preferred-Identity") or "not sent",
            "User-Agent": message.header("User-Agent"),
            "Call-ID": message.header("Call-ID"),
            "SDP origin": self._sdp(r"o=(\S+) "),
            "SDP session": self._sdp(r"s=(.*)"),
            "SDP address": self._sdp(r"c=IN IP\d (\S+)"),
            "RTCP CNAME": self._sdp(r"a=ssrc:\d+ cname:(\S+)"),
        }
        return found[name]

    def _sdp(self, pattern: str) -> str:
        match = re.search(rf"^{pattern}\r?$", self.message.body, re.MULTILINE) or re.search(
            rf"^{pattern}", self.message.body, re.MULTILINE
        )
        return match[1].strip() if match else ""


def call(registrar: Registrar, phone: Phone, number: str, *, hang_up: bool = False) -> Wire:
    """Call ``number``, which answers at once with an error, and return the INVITE.

    Args:
        hang_up: a call for help tries every way for long; somebody ends it.
    """
    before = len(registrar.requests("INVITE"))
    phone.do("dial", number)
    registrar.wait_message(
        lambda message: message.method == "INVITE" and message.received and fresh(registrar, before),
        5,
        "an INVITE",
    )
    if hang_up:
        phone.do("hangup")
    phone.wait_idle()
    return Wire(registrar.requests("INVITE")[before])


def fresh(registrar: Registrar, before: int) -> bool:
    return len(registrar.requests("INVITE")) > before


EXACT = (
    "From name",
    "From address",
    "Via address",
    "Contact address",
    "Privacy",
    "P-Preferred-Identity",
    "User-Agent",
    "SDP origin",
    "SDP session",
    "SDP address",
)
SITUATIONS = [
    ("open", "9486"),
    ("private", "9486"),
    ("broken", "9486"),
    ("open", "*31#9486"),
    ("private", "#31#9486"),
]


@pytest.fixture
def alice(lab: Lab) -> tuple[Registrar, Phone]:
    registrar = lab.registrar()
    return registrar, lab.phone(account_extra=ACCOUNT)


def test_the_preview_is_what_arrives(alice: tuple[Registrar, Phone]) -> None:
    """Field by field, in each position of the switch and with star codes."""
    registrar, phone = alice
    for switch, number in SITUATIONS:
        phone.privacy(switch)
        said = preview(phone, number)
        sent = call(registrar, phone, number)
        assert {name: sent[name] for name in EXACT} == {name: said[name] for name in EXACT}, (switch, number)


def test_what_is_random_is_new_for_each_call_and_names_nobody(alice: tuple[Registrar, Phone]) -> None:
    registrar, phone = alice
    for switch in ("open", "private"):
        phone.privacy(switch)
        said = preview(phone, "9486")
        one, other = call(registrar, phone, "9486"), call(registrar, phone, "9486")
        for name in ("Call-ID", "RTCP CNAME"):
            assert said[name] == "random, new for each call"
            assert one[name] != other[name]
            for value in (one[name], other[name]):
                assert len(value) >= 8, (name, value)
                assert not [word for word in (*NAMES, phone.address) if word in value], (name, value)


def test_the_contact_has_a_random_user_in_each_call(alice: tuple[Registrar, Phone]) -> None:
    registrar, phone = alice
    for switch in ("open", "private"):
        phone.privacy(switch)
        assert preview(phone, "9486")["Contact user"] == "random, new for each call"
        one, other = (call(registrar, phone, "9486")["Contact user"] for _ in range(2))
        assert one != other
        assert min(len(one), len(other)) >= 8
        assert not [word for word in NAMES if word in one + other]


def test_an_emergency_service_learns_who_calls(lab: Lab) -> None:
    registrar = lab.registrar(routes={"112": "sip:9480@127.0.0.1:9;transport=udp"})
    phone = lab.phone(account_extra=ACCOUNT)
    phone.privacy("private")
    said = preview(phone, "112")
    assert said["From address"] == "sip:alice@phone.test"
    sent = call(registrar, phone, "112", hang_up=True)
    assert (sent["From address"], sent["From name"], sent["Privacy"]) == (
        "sip:alice@phone.test",
        "Alice Archer",
        "not sent",
    )


def test_the_login_name_goes_to_a_provider_that_challenges(lab: Lab) -> None:
    registrar = lab.registrar(challenge_invite=True)
    phone = lab.phone()
    phone.privacy("private")
    assert preview(phone, "9486")["Login name"].startswith("alice, only if the provider challenges")
    phone.do("dial", "102")
    sent = registrar.wait_message(
        lambda m: m.method == "INVITE" and bool(m.header("Proxy-Authorization")), 5, "a login"
    )
    assert 'username="alice"' in sent.header("Proxy-Authorization")


def test_privacy_as_the_provider_wants_it(lab: Lab) -> None:
    registrar = lab.registrar()
    phone = lab.phone(account_extra='privacy = ["id", "user"]\npreferred_identity = true\n')
    phone.privacy("private")
    said, sent = preview(phone, "9486"), call(registrar, phone, "9486")
    assert (sent["Privacy"], sent["P-Preferred-Identity"]) == ("id;user", "<sip:alice@phone.test>")
    assert {name: sent[name] for name in EXACT} == {name: said[name] for name in EXACT}


# --- incoming ----------------------------------------------------------------------------------------


def ring(caller: Phone, called: Phone, number: str = "102") -> dict[str, object]:
    caller.do("dial", number)
    found = called.wait_call("ringing", direction="in")
    return dict(found)


def test_an_anonymous_call_is_silent_and_an_open_one_claimed(lab: Lab) -> None:
    lab.registrar()
    alice, bob = lab.phone("alice"), lab.phone("bob")
    alice.privacy("private")
    with bob.watch() as watch:
        found = ring(alice, bob)
        assert (found["anonymous"], found["peer"]) == (True, "sip:anonymous@anonymous.invalid")
        assert "Silent call" in bob.wait_screen("Anonymous")
        watch.wait_for(
            r'"ringing": false, [^{]*"voice": false, "lights": {"privacy": true, "ringing": true,', 5
        )
    alice.do("hangup")
    bob.wait_idle()
    alice.privacy("open")
    found = ring(alice, bob)
    assert (found["anonymous"], found["trust"], found["peer"]) == (False, "claimed", "sip:alice@phone.test")
    bob.wait_screen("Incoming call .*Claimed")


def test_the_provider_s_word(lab: Lab) -> None:
    """It counts because it comes over the verified connection."""
    lab.registrar(adds=["P-Asserted-Identity: <sip:+4930901820@phone.test>"])
    alice, bob = lab.phone("alice"), lab.phone("bob")
    alice.privacy("open")
    found = ring(alice, bob)
    assert (found["trust"], found["peer"]) == ("asserted", "sip:+4930901820@phone.test")
    bob.wait_screen("Provider says")


@pytest.mark.parametrize(
    ("dest", "trust", "words"),
    [("sip:bob@phone.test", "verified", "Verified"), ("sip:carol@phone.test", "claimed", "False proof")],
)
def test_a_proof_of_who_calls(lab: Lab, dest: str, trust: str, words: str) -> None:
    """As providers make them (SHAKEN, RFC 8588): of the caller alone, not of the keys of the call."""
    signer = Signer(
        tn=numbers(provider="1"),
        since=datetime(2020, 1, 1, tzinfo=UTC),
        until=datetime(2099, 1, 1, tzinfo=UTC),
    )
    issued = int(datetime.now(UTC).timestamp()) + 30  # the phones take a while to start; 60 s are allowed
    token = signer.token(
        {"ppt": "shaken"}, orig={"uri": "sip:alice@phone.test"}, dest={"uri": [dest]}, iat=issued
    )
    lab.registrar(adds=[f"Identity: {token};info=<{X5U}>;alg=ES256;ppt=shaken"])
    signers = lab.folder / "signers.pem"
    signers.write_bytes(signer.pem)
    alice = lab.phone("alice")
    bob = lab.phone("bob", extra=f'[privacy]\ncaller_certificates = "{signers}"\n')
    alice.privacy("open")
    assert ring(alice, bob)["trust"] == trust
    bob.wait_screen(words)


def test_refused_callers(lab: Lab) -> None:
    registrar = lab.registrar()
    alice = lab.phone("alice")
    bob = lab.phone(
        "bob",
        extra='[privacy]\nanonymous_callers = "refuse"\n[[privacy.block]]\nuri = "sip:alice@phone.test"\n',
    )
    for switch, status in (("private", 433), ("open", 607)):
        alice.privacy(switch)
        alice.do("dial", "102")
        wait_until(partial(registrar.responses, "INVITE", status), 5, f"a {status}")
        alice.wait_idle()
    assert bob.status()["calls"] == []
    assert not registrar.responses("INVITE", 180)
