"""When the display rests, what wakes it, and a display that does not answer."""

from __future__ import annotations

from datetime import date

import pytest

from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.machine.rules import Rules
from firmware.phone.risks import risks
from firmware.phone.status import status
from firmware.phone.values import (
    CallId,
    Hook,
    Party,
    Registration,
    RegistrationState,
    SubscriptionId,
    SwitchPosition,
)
from tests.unit.machine.driver import Driver

AFTER = Rules().config.display.dim_after


def tone(it: Driver) -> str:
    return it.out.tone.value if it.out.tone else ""


def resting(it: Driver) -> bool:
    return isinstance(it.screen, screens.Idle) and it.screen.resting is not None


def asleep() -> Driver:
    it = Driver()
    it.happen(on.DayChanged(date(2026, 11, 23)), on.HookChanged(Hook.OFF), on.HookChanged(Hook.ON))
    it.wait(AFTER + 1)
    assert resting(it)
    return it


def test_it_rests_after_its_time_and_then_moves() -> None:
    it = Driver()
    it.happen(on.HookChanged(Hook.OFF), on.HookChanged(Hook.ON))
    it.wait(AFTER - 1)
    assert not resting(it)
    it.wait(1.1)
    assert resting(it)
    before = it.screen
    assert isinstance(before, screens.Idle)
    it.wait(600)
    after = it.screen
    assert isinstance(after, screens.Idle)
    assert before.resting != after.resting


@pytest.mark.parametrize(
    "event",
    [
        on.KeyPressed("5"),
        on.HookChanged(Hook.OFF),
        on.PrivacySwitched(SwitchPosition.PRIVATE),
        on.IncomingCall(CallId(2), Party("sip:bob@phone.test")),
        on.WatcherAsked(SubscriptionId(1), "sip:eve@phone.test", "presence"),
        on.DisplayChanged("gone"),
    ],
)
def test_what_a_person_has_to_see_wakes_it(event: on.Event) -> None:
    it = asleep()
    it.happen(event)
    assert not resting(it)


@pytest.mark.parametrize(
    "event",
    [
        on.Tick(),
        on.DayChanged(date(2026, 11, 24)),
        on.RegistrationChanged(Registration(RegistrationState.REGISTERED)),
        on.OwnAddress("127.0.0.1:5061"),
        on.StoreChanged(),
        on.HookChanged(Hook.ON),
    ],
)
def test_what_nobody_has_to_see_does_not(event: on.Event) -> None:
    it = asleep()
    it.happen(event)
    assert resting(it)


def test_a_display_that_fails_is_heard_in_the_dial_tone_and_told_elsewhere() -> None:
    it = Driver()
    it.lift()
    assert tone(it) == "dial"
    it.happen(on.DisplayChanged("The display does not answer at 0x3c on I2C bus 1"))
    assert tone(it) == "dial-blind"
    assert "0x3c" in str(status(it.state, it.now, "simulator", {})["display_trouble"])
    assert "display" in [risk.name for risk in risks(it.rules, it.state, it.wall.date())]
    it.happen(on.DisplayChanged(""))
    assert tone(it) == "dial"
    assert "display" not in [risk.name for risk in risks(it.rules, it.state, it.wall.date())]
