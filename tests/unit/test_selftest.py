"""What the self-test says, from the state alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone.cli import selftest_lines
from firmware.phone.machine.state import State
from firmware.phone.selftest import ADDRESS, CALL, MICROPHONE, TESTS, selftest
from firmware.phone.values import Health, Part, Registration, RegistrationState, SwitchPosition
from firmware.updater.telephone import NEEDED
from tests.unit.machine.driver import ACCOUNT

GOOD = State(switch=SwitchPosition.PRIVATE, registration=Registration(RegistrationState.REGISTERED))

TRIED = {CALL: "", ADDRESS: "", MICROPHONE: ""}


def wrong(state: State) -> dict[str, str]:
    """What fails, and what is said of it."""
    return {test["test"]: test["text"] for test in selftest(ACCOUNT, state, TRIED) if not test["ok"]}


def test_all_is_well() -> None:
    assert not wrong(GOOD)
    assert len(selftest(ACCOUNT, GOOD, TRIED)) == len(TESTS) - 1, "nobody has asked for a test call"
    assert len(selftest(ACCOUNT, replace(GOOD, help_status=200), TRIED)) == len(TESTS)


@pytest.mark.parametrize(
    ("state", "name", "word"),
    [
        (replace(GOOD, voice_trouble="No sound device"), "sound", "No sound device"),
        (replace(GOOD, display_trouble="does not answer"), "display", "does not answer"),
        (replace(GOOD, switch=SwitchPosition.UNREADABLE), "privacy switch", "wires"),
        (replace(GOOD, broken=((Part.KEYPAD, "GPIO 26 is held"),)), "keypad", "is held"),
        (replace(GOOD, broken=((Part.KEYPAD, "stuck: 5"),), stuck="5"), "keys", "stuck: 5"),
        (replace(GOOD, broken=((Part.SWITCHES, "GPIO 17 is held"),)), "switches", "is held"),
        (replace(GOOD, broken=((Part.LIGHTS, "no such chip"),)), "lights", "chip"),
        (replace(GOOD, health=Health(weak=True)), "power", "too weak"),
        (replace(GOOD, health=Health(hot=True)), "temperature", "air"),
        (replace(GOOD, store_trouble="disk full"), "storage", "disk full"),
        (replace(GOOD, help_status=404), "emergency test call", "takes no test calls"),
        (replace(GOOD, help_status=0), "emergency test call", "did not answer"),
    ],
)
def test_what_is_wrong_is_said(state: State, name: str, word: str) -> None:
    found = wrong(state)
    assert list(found) == [name]
    assert word in found[name]


def test_a_provider_that_is_away_is_no_reason_to_send_a_version_back() -> None:
    needed = {test["test"] for test in selftest(ACCOUNT, GOOD, TRIED) if test["needed"]}
    assert needed == NEEDED | {"switches"}


def test_what_was_not_tried_is_no_success() -> None:
    found = {test["test"]: test["text"] for test in selftest(ACCOUNT, GOOD, {}) if not test["ok"]}
    assert found == dict.fromkeys(TRIED, "not tried")
    tried = {CALL: "the tone was not heard", ADDRESS: "no address", MICROPHONE: "PCM is missing"}
    found = {test["test"]: test["text"] for test in selftest(ACCOUNT, GOOD, tried) if not test["ok"]}
    assert found == tried


def test_lines_for_a_person() -> None:
    lines = selftest_lines(
        {"tests": selftest(ACCOUNT, replace(GOOD, display_trouble="does not answer"), TRIED)}
    )
    assert "NOT OK  display: does not answer" in lines
    assert "ok      sound: works" in lines
