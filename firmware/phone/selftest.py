"""What of this telephone works and what does not, from what its parts have said. Pure.

``needed``: without it nobody can telephone; a new version that lacks it is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware.phone.machine import helping
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Part, RegistrationState, SwitchPosition


@dataclass(frozen=True)
class Test:
    """``trouble`` says in plain words what is wrong, or "" when nothing is."""

    name: str
    needed: bool
    trouble: Callable[[Rules, State], str]


def _sound(rules: Rules, state: State) -> str:
    return state.audio_trouble


def _switch(rules: Rules, state: State) -> str:
    return "it cannot be read: look after its wires" if state.switch is SwitchPosition.UNREADABLE else ""


def _registration(rules: Rules, state: State) -> str:
    for number in range(len(rules.config.accounts)):
        found = state.connection(number).registration
        if found.state is not RegistrationState.REGISTERED:
            name = rules.name_of_account(number)
            return f"{name}: " * bool(name) + (found.reason or "not registered yet")
    return ""


def _part(part: Part) -> Callable[[Rules, State], str]:
    """A stuck key is no fault of the version: it has a line of its own."""

    def trouble(rules: Rules, state: State) -> str:
        stuck = part is Part.KEYPAD and bool(state.stuck)
        return "" if stuck else dict(state.broken).get(part, "")

    return trouble


def _keys(rules: Rules, state: State) -> str:
    return dict(state.broken).get(Part.KEYPAD, "") if state.stuck else ""


def _power(rules: Rules, state: State) -> str:
    return "the supply is too weak for this board" if state.health.weak else ""


def _heat(rules: Rules, state: State) -> str:
    return "the board slows itself down: let air reach it" if state.health.hot else ""


CALL, ADDRESS, MICROPHONE = "call to itself", "address", "microphone"
TRIED = (CALL, ADDRESS, MICROPHONE)
"""What is not in the state: it is tried when the self-test is asked for (``trying``)."""

HELP = "emergency test call"
"""Tried only when a person asks for the self-test."""

TESTS = (
    Test("configuration", True, lambda rules, state: ""),
    Test(CALL, True, lambda rules, state: ""),
    Test(ADDRESS, True, lambda rules, state: ""),
    Test("sound", True, _sound),
    Test(MICROPHONE, True, lambda rules, state: ""),
    Test("display", True, lambda rules, state: state.display_trouble),
    Test("privacy switch", True, _switch),
    Test("keypad", True, _part(Part.KEYPAD)),
    Test("switches", True, _part(Part.SWITCHES)),
    Test("keys", False, _keys),
    Test("lights", False, _part(Part.LIGHTS)),
    Test("power", False, _power),
    Test("temperature", False, _heat),
    Test("storage", False, lambda rules, state: state.store_trouble),
    Test("registration", False, _registration),
    Test(HELP, False, lambda rules, state: helping.test_words(state)),
)
"""The configuration is read before anything runs: a telephone that answers has a good one."""


def selftest(rules: Rules, state: State, tried: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each test as JSON's own values, a line each for ``sotto selftest``. ``tried``: what each of
    TRIED came to; one that is missing was not tried, and that is no success.
    """
    troubles = [
        (
            test,
            tried.get(test.name, "not tried") if test.name in TRIED else test.trouble(rules, state),
        )
        for test in TESTS
        if test.name != HELP or state.help_status is not None
    ]
    return [
        {"test": test.name, "ok": not trouble, "needed": test.needed, "text": trouble or "works"}
        for test, trouble in troubles
    ]
