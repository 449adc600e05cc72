"""What a call says of its caller, and that the preview says the same: both come from ``headers.caller``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone.config import Account, Config, Secret, Sip
from firmware.phone.privacy import Exposure, exposure
from firmware.phone.sip import headers
from firmware.phone.sip.headers import ANONYMOUS_FROM, Caller, Profile, caller
from firmware.phone.sip.preview import NOT_CONNECTED, NOT_SENT, RANDOM, fields
from firmware.phone.values import SwitchPosition

ALICE = Profile("sip:alice@phone.test", 'Alice "A" Archer', "alice-login")
HERE = "192.0.2.7:5061"
CONTACT = "<sip:192.0.2.7:5061;transport=tls>"
OPEN, PRIVATE = exposure(SwitchPosition.OPEN), exposure(SwitchPosition.PRIVATE)
EVERY = [
    OPEN,
    PRIVATE,
    Exposure(),
    exposure(SwitchPosition.OPEN, restricted=True),
    exposure(SwitchPosition.PRIVATE, emergency=True),
]


def previewed(profile: Profile, shown: Exposure, here: str = HERE) -> dict[str, str]:
    return {field.name: field.value for field in fields(profile, shown, here)}


def test_profile_of_the_configuration() -> None:
    account = Account("alice", "phone.test", Secret("x"), privacy=("id", "user"), preferred_identity=True)
    profile = Profile.of(Config(account=account, sip=Sip(transport="tcp")))
    assert profile == Profile("sip:alice@phone.test", "", "alice", ("id", "user"), True, "tcp")
    assert Profile.of(Config()) == Profile()


def test_an_open_call() -> None:
    assert caller(ALICE, OPEN, HERE) == Caller('"Alice \\"A\\" Archer" <sip:alice@phone.test>')
    assert caller(Profile(), OPEN, HERE) == Caller(f"<sip:{HERE}>")


@pytest.mark.parametrize("shown", [PRIVATE, Exposure(), exposure(SwitchPosition.OPEN, restricted=True)])
def test_an_anonymous_call(shown: Exposure) -> None:
    found = caller(ALICE, shown, HERE)
    assert found == Caller(ANONYMOUS_FROM, (("Privacy", "id"),))
    assert "lice" not in repr(found)


def test_an_emergency_call_says_who_calls_in_private_too() -> None:
    assert caller(ALICE, exposure(SwitchPosition.PRIVATE, emergency=True), HERE) == caller(ALICE, OPEN, HERE)


def test_privacy_by_the_provider_s_profile() -> None:
    profile = replace(ALICE, privacy=("id", "user", "critical"))
    assert caller(profile, PRIVATE, HERE).headers == (("Privacy", "id;user;critical"),)


def test_preferred_identity_only_to_the_provider_alone() -> None:
    asked = replace(ALICE, preferred_identity=True)
    told = ("P-Preferred-Identity", "<sip:alice@phone.test>")
    assert told in caller(asked, PRIVATE, HERE).headers
    for careless in (
        replace(asked, transport="tcp"),
        replace(asked, transport="udp"),
        replace(asked, privacy=("user",)),
        replace(asked, address=""),
        ALICE,
    ):
        assert told not in caller(careless, PRIVATE, HERE).headers
    assert caller(asked, OPEN, HERE).headers == ()


@pytest.mark.parametrize("shown", EVERY)
@pytest.mark.parametrize("profile", [ALICE, replace(ALICE, preferred_identity=True, name=""), Profile()])
def test_the_preview_says_what_is_sent(profile: Profile, shown: Exposure) -> None:
    sent, said = caller(profile, shown, HERE), previewed(profile, shown)
    party = headers.party(sent.from_value)
    assert (said["From address"], said["From name"]) == (party.uri, party.name or "none")
    for name in ("Privacy", "P-Preferred-Identity"):
        assert said[name] == dict(sent.headers).get(name, NOT_SENT)
    assert said["User-Agent"] == headers.USER_AGENT
    assert said["Contact user"] == said["Call-ID"] == said["RTCP CNAME"] == RANDOM
    assert said["Contact address"] == said["Via address"] == said["SDP address"] == "192.0.2.7"


def test_an_anonymous_preview_names_nobody_but_the_login() -> None:
    said = previewed(ALICE, PRIVATE)
    assert said.pop("Login name").startswith("alice-login, only if the provider challenges")
    assert "lice" not in repr(said)


def test_why() -> None:
    whys = [next(f.why for f in fields(ALICE, shown, HERE) if f.name == "From address") for shown in EVERY]
    assert whys == [
        "the privacy switch is on open",
        "the privacy switch is on private",
        "the privacy switch cannot be read",
        "the code before the number asks for it",
        "an emergency service is told who calls, whatever the switch says",
    ]


def test_before_the_phone_is_connected() -> None:
    assert previewed(ALICE, PRIVATE, "")["Via address"] == NOT_CONNECTED
    assert previewed(ALICE, PRIVATE, "[2001:db8::1]:5061")["Via address"] == "[2001:db8::1]"
