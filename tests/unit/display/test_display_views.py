from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.display.screens import (
    Calling,
    Dialling,
    Ended,
    Idle,
    InCall,
    Message,
    Ringing,
    Screen,
)
from firmware.phone.display.views import draw, lines
from firmware.phone.display.words import SECURITY, duration
from firmware.phone.values import Direction, Registration, RegistrationState, Security, SwitchPosition, Trust

IDLE = Idle("10:24", "Alice", Registration(RegistrationState.REGISTERED), SwitchPosition.PRIVATE)
CALLING = Calling("Bob", "Calling", "Anonymous", SwitchPosition.PRIVATE)
IN_CALL = InCall("Bob", Direction.OUT, 83, Security.END_TO_END, SwitchPosition.OPEN)
DIALLING = Dialling("2", "Bob", "Alice Archer", lifted=True)


def differ(one: Screen, other: Screen) -> bool:
    return draw(one).tobytes() != draw(other).tobytes()


def test_idle_says() -> None:
    assert lines(IDLE) == ["Private", "10:24", "Alice"]
    assert lines(replace(IDLE, missed=2, notice="No sound device")) == [
        "Private",
        "2 missed",
        "10:24",
        "Alice",
        "No sound device",
    ]


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (SwitchPosition.PRIVATE, "Private"),
        (SwitchPosition.OPEN, "Open"),
        (SwitchPosition.UNREADABLE, "Private (switch?)"),
    ],
)
def test_switch_is_always_said_on_idle(position: SwitchPosition, said: str) -> None:
    failed = Registration(RegistrationState.FAILED, "x " * 60)
    assert lines(Idle("10:24", "A", failed, position, 99, "No sound device"))[0] == said


def test_each_switch_position_has_its_picture() -> None:
    for screen in (IDLE, CALLING, IN_CALL, Ringing("Bob", "", SwitchPosition.OPEN)):
        assert differ(
            replace(screen, privacy=SwitchPosition.OPEN), replace(screen, privacy=SwitchPosition.PRIVATE)
        )
    assert differ(IDLE, replace(IDLE, privacy=SwitchPosition.UNREADABLE))


@pytest.mark.parametrize(
    ("account", "registration", "said"),
    [
        ("", Registration(), "Direct calls only"),
        ("Alice", Registration(), "Not registered"),
        ("Alice", Registration(RegistrationState.REGISTERED), "Alice"),
        ("", Registration(RegistrationState.REGISTERED), "Registered"),
        ("Alice", Registration(RegistrationState.REGISTERING), "Connecting …"),
        ("Alice", Registration(RegistrationState.FAILED, "Wrong password"), "Wrong password"),
        ("Alice", Registration(RegistrationState.FAILED), "No connection to provider"),
    ],
)
def test_registration_in_words(account: str, registration: Registration, said: str) -> None:
    assert lines(replace(IDLE, account=account, registration=registration))[-1] == said


def test_long_reason_is_complete_in_lines() -> None:
    reason = "The server's certificate is for another name: sip.example.org"
    failed = replace(IDLE, registration=Registration(RegistrationState.FAILED, reason))
    assert reason in lines(failed)


def test_dialling_says() -> None:
    assert lines(DIALLING) == ["Bob", "2", "They see: Alice Archer"]
    assert lines(replace(DIALLING, digits="", target="")) == [
        "New call",
        "Dial a number",
        "They see: Alice Archer",
    ]
    assert lines(replace(DIALLING, target="2", notice="No network"))[0] == "New call"
    assert differ(DIALLING, replace(DIALLING, lifted=False))


def test_number_too_long_shows_its_end() -> None:
    number = "0049309018206540011223344"
    assert differ(replace(DIALLING, digits=number), replace(DIALLING, digits=number + "5"))
    assert lines(replace(DIALLING, digits=number))[1] == number


def test_calling_says() -> None:
    assert lines(replace(CALLING, lifted=False, notice="No network")) == [
        "Calling",
        "Private",
        "Bob",
        "They see: Anonymous",
        "No network",
        "Lift the handset",
    ]
    assert "Lift the handset" not in lines(CALLING)


def test_ringing_says() -> None:
    ringing = Ringing("Bob", "bob@phone.test", SwitchPosition.PRIVATE)
    assert lines(ringing) == ["Incoming call", "Private", "Bob", "Claimed: bob@phone.test"]
    assert lines(replace(ringing, peer="\u200b"))[2:] == ["bob@phone.test", "Claimed"]
    assert lines(replace(ringing, peer="bob@phone.test"))[2:] == ["bob@phone.test", "Claimed"]
    assert lines(replace(ringing, peer="", address=""))[2:] == ["Unknown", "Claimed"]


def test_ringing_says_how_sure_it_is_who_calls() -> None:
    ringing = Ringing("Bob", "bob@phone.test", SwitchPosition.PRIVATE)
    assert lines(replace(ringing, trust=Trust.ASSERTED))[-1] == "Provider says: bob@phone.test"
    assert lines(replace(ringing, trust=Trust.VERIFIED))[-1] == "Verified: bob@phone.test"
    assert lines(replace(ringing, doubtful=True))[-1] == "False proof: bob@phone.test"
    hidden = replace(ringing, anonymous=True, silent=True)
    assert lines(hidden) == ["Silent call", "Private", "Anonymous"]


@pytest.mark.parametrize(
    ("security", "said"),
    [
        (Security.END_TO_END_VERIFIED, "End to end, verified"),
        (Security.END_TO_END, "End to end"),
        (Security.PROVIDER, "Provider can listen"),
        (Security.CLEAR, "Not encrypted"),
        (Security.NONE, "Securing …"),
    ],
)
def test_what_protects_the_call_in_plain_words(security: Security, said: str) -> None:
    assert SECURITY[security] == said
    assert said in lines(replace(IN_CALL, security=security))


def test_in_call_says() -> None:
    full = replace(IN_CALL, code="k7xq", digits="1#", lifted=False, notice="No sound device")
    assert lines(full) == [
        "Bob",
        "Open",
        "1:23",
        "Code: k7xq",
        "End to end",
        "Lift the handset",
        "Microphone closed",
        "No sound device",
        "Keys: 1#",
    ]


@pytest.mark.parametrize(
    "crowd", [{}, {"lifted": False}, {"digits": "123"}, {"lifted": False, "digits": "1"}]
)
@pytest.mark.parametrize("code", ["", "k7xq", "artist bandit"])
def test_protection_and_trouble_are_seen_on_every_crowded_call(crowd: dict[str, Any], code: str) -> None:
    call = replace(IN_CALL, code=code, **crowd)
    pictures = {draw(replace(call, security=security)).tobytes() for security in Security}
    assert len(pictures) == len(Security)
    assert differ(replace(call, notice="No sound device"), replace(call, notice="No network"))


def test_notice_is_seen_wherever_there_is_one() -> None:
    for screen in (IDLE, DIALLING, CALLING, IN_CALL):
        assert differ(screen, replace(screen, notice="No sound device")), screen
    for crowded in (
        replace(IDLE, missed=3, registration=Registration(RegistrationState.FAILED, "no " * 40)),
        replace(DIALLING, lifted=False, they_see="Alice " * 20),
        replace(CALLING, lifted=False, they_see="Alice " * 20),
    ):
        assert differ(crowded, replace(crowded, notice="No sound device")), crowded


def test_ended_and_message_say() -> None:
    assert lines(Ended("Bob", "They hung up", 3725, "Hang up")) == [
        "Bob",
        "1:02:05",
        "They hung up",
        "Hang up",
    ]
    assert lines(Ended("Bob", "Busy", 0)) == ["Bob", "Busy"]
    assert lines(Message("Starting", "")) == ["Starting"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0:00"), (0, "0:00"), (59, "0:59"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_duration(seconds: int, said: str) -> None:
    assert duration(seconds) == said


@given(st.one_of([st.from_type(kind) for kind in get_args(Screen)]))
def test_no_screen_however_hostile_breaks_the_display(screen: Screen) -> None:
    image = draw(screen)
    assert (image.mode, image.size) == ("1", (128, 64))
    assert draw(screen).tobytes() == image.tobytes()
    assert all("\n" not in line and line for line in lines(screen))
