"""The risks: each follows from the state, and goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from firmware.phone.config import Account, Config, Contact, Media, Privacy, Secret, Sip, Watcher
from firmware.phone.display.paging import wrapped
from firmware.phone.display.screens import PAGE_COLUMNS, PAGE_LINES
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.presence import Grant
from firmware.phone.reached import Reached
from firmware.phone.risks import Risk, risks
from firmware.phone.updates import Noticed, Offered, Updates
from firmware.phone.values import (
    Encryption,
    Health,
    Part,
    Registration,
    RegistrationState,
    Security,
    Signalling,
    SwitchPosition,
)

TODAY = date(2026, 11, 23)
CONFIG = Config(account=Account("alice", "phone.test", Secret("x"), auth_user="k3x"))
STATE = State(switch=SwitchPosition.PRIVATE, registration=Registration(RegistrationState.REGISTERED))
FAILED = Registration(RegistrationState.FAILED, "No network")
UNTRUSTED = Registration(RegistrationState.FAILED, "Server not trusted: its certificate has expired")
UNAVOIDABLE = {"emergency", "no-updates", "who-answers", "provider-knows", "address-visible"}


TOLD = Updates("0.1.0", server=True, told=True)
OFFERED = replace(TOLD, offer=Offered("0.2.0", False, 1, "new", "at night"))


def noticed(affected: bool, day: date = TODAY) -> Noticed:
    return Noticed("SV-1", day, "It rings without end.", "Unplug it.", affected)


def ending(days: int) -> Signalling:
    return Signalling("TLSv1.3", "x", "x", TODAY + timedelta(days))


def found(config: Config = CONFIG, state: State = STATE) -> dict[str, Risk]:
    return {risk.name: risk for risk in risks(Rules.of(config), state, TODAY)}


def watched(*until: date | None, state: State = STATE) -> dict[str, Risk]:
    watchers = tuple(Watcher("sip:bob@phone.test", until=day) for day in until)
    return found(replace(CONFIG, privacy=Privacy(watchers=watchers)), state)


CASES: dict[str, Callable[[], dict[str, Risk]]] = {
    "sip-clear": lambda: found(replace(CONFIG, sip=Sip("tcp"))),
    "keys-clear": lambda: found(replace(CONFIG, sip=Sip("udp"), media=Media(encryption=Encryption.PROVIDER))),
    "provider-listens": lambda: found(replace(CONFIG, media=Media(encryption=Encryption.PROVIDER))),
    "clear-calls": lambda: found(replace(CONFIG, media=Media(allow_clear=True))),
    "switch-open": lambda: found(state=replace(STATE, switch=SwitchPosition.OPEN)),
    "switch-unreadable": lambda: found(state=replace(STATE, switch=SwitchPosition.UNREADABLE)),
    "login-name": lambda: found(replace(CONFIG, account=Account("alice", "phone.test", Secret("x")))),
    "not-registered": lambda: found(state=replace(STATE, registration=FAILED)),
    "certificate": lambda: found(state=replace(STATE, registration=UNTRUSTED)),
    "history": lambda: found(replace(CONFIG, privacy=Privacy(24))),
    "watchers": lambda: watched(None, TODAY),
    "config-readable": lambda: found(replace(CONFIG, password_exposed=True)),
    "keypad": lambda: found(state=replace(STATE, broken=((Part.KEYPAD, "stuck: 5"),), stuck="5")),
    "power-weak": lambda: found(state=replace(STATE, health=Health(weak=True))),
    "too-hot": lambda: found(state=replace(STATE, health=Health(hot=True))),
    "codes-differed": lambda: found(
        replace(CONFIG, contacts=(Contact("Bob Baker the second", "sip:bob@phone.test"),)),
        replace(STATE, reached=(Reached("sip:bob@phone.test", Security.END_TO_END, differed=True),) * 2),
    ),
    "older": lambda: found(state=replace(STATE, updates=OFFERED)),
    "notice": lambda: found(state=replace(STATE, updates=replace(TOLD, notices=(noticed(True),)))),
    "notice-other": lambda: found(state=replace(STATE, updates=replace(TOLD, notices=(noticed(False),)))),
    "certificate-ends": lambda: found(state=STATE.connected(0, signalling=ending(7))),
    "guest-card": lambda: found(state=replace(STATE, own_card=True)),
    "disk": lambda: found(state=replace(STATE, store_trouble="Not erased: Read-only file system")),
}


def test_the_best_state_has_only_the_risks_that_nobody_can_remove() -> None:
    assert found().keys() == UNAVOIDABLE
    assert found(Config()).keys() == UNAVOIDABLE - {"provider-knows"}


def test_a_notice_says_whether_it_concerns_this_version() -> None:
    yes = found(state=replace(STATE, updates=replace(TOLD, notices=(noticed(True),))))["notice"]
    assert "Your version is affected: yes." in yes.text
    assert yes.remedy == "Unplug it."
    no = found(state=replace(STATE, updates=replace(TOLD, notices=(noticed(False),))))["notice-other"]
    assert "Your version is affected: no." in no.text
    long_ago = noticed(False, TODAY - timedelta(31))
    assert "notice-other" not in found(state=replace(STATE, updates=replace(TOLD, notices=(long_ago,))))


def test_a_certificate_is_told_a_week_before_its_end() -> None:
    assert "certificate-ends" not in found(state=STATE.connected(0, signalling=ending(8)))
    assert "certificate-ends" in found(state=STATE.connected(0, signalling=ending(-1)))


@pytest.mark.parametrize("name", CASES)
def test_a_risk_is_named_when_it_is_there_and_not_otherwise(name: str) -> None:
    assert name in CASES[name]()
    assert name not in found()


def test_the_text_says_what_is_so() -> None:
    assert "alice" in CASES["switch-open"]()["switch-open"].text
    assert "24 hours" in CASES["history"]()["history"].text
    assert "1 hour." in found(replace(CONFIG, privacy=Privacy(1)))["history"].text
    assert "2 persons" in CASES["watchers"]()["watchers"].text
    assert "1 person " in watched(TODAY, date(2026, 11, 22))["watchers"].text
    assert "watchers" not in watched(date(2026, 11, 22))
    assert "1 person " in watched(state=replace(STATE, grants=(Grant("sip:eve@x.test"),)))["watchers"].text
    assert "Read-only" in CASES["disk"]()["disk"].text


def test_an_untrusted_server_is_no_mere_lack_of_registration() -> None:
    assert "not-registered" not in CASES["certificate"]()
    assert "not-registered" in found(state=replace(STATE, registration=Registration()))


def test_the_heaviest_comes_first() -> None:
    config = replace(CONFIG, sip=Sip("tcp"), media=Media(Encryption.PROVIDER, True), privacy=Privacy(9))
    names = list(found(config, replace(STATE, switch=SwitchPosition.OPEN, registration=FAILED)))
    assert names[:4] == ["sip-clear", "keys-clear", "clear-calls", "provider-listens"]
    assert names.index("switch-open") < names.index("provider-knows") < names.index("history")


def test_weights_are_distinct_and_texts_fit_the_display() -> None:
    every = {risk.name: risk for case in CASES.values() for risk in case().values()}
    assert len({risk.weight for risk in every.values()}) == len(every)
    for risk in every.values():
        for text in (f"! {risk.text}", f"→ {risk.remedy}"):
            lines = wrapped(text, PAGE_COLUMNS)
            assert len(lines) <= PAGE_LINES, text
            assert all(len(word) <= PAGE_COLUMNS for word in text.split()), text
        assert risk.text.endswith(".")
