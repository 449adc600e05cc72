"""The place that the user typed in: which call carries it, and what the display says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.display.words import lines
from firmware.phone.machine.menu import they_see
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.step import step
from firmware.phone.place import parse
from firmware.phone.values import EndReason, SwitchPosition
from tests.unit.machine.driver import ACCOUNT, START, Driver

PLACE = parse("country=DE;A3=Berlin;RD=Musterstraße;HNO=5")
GERMANY = replace(ACCOUNT, country="DE")


def phone(switch: SwitchPosition = SwitchPosition.PRIVATE, rules: Rules = GERMANY) -> Driver:
    driver = Driver(rules, switch)
    driver.happen(on.PlaceTyped(PLACE))
    driver.lift()
    return driver


def placed(commands: list[do.Command]) -> do.PlaceCall:
    (found,) = [command for command in commands if isinstance(command, do.PlaceCall)]
    return found


@pytest.mark.parametrize("switch", SwitchPosition)
@pytest.mark.parametrize("code", ["", "*31#", "#31#"])
def test_an_emergency_call_carries_it_whatever_the_switch_says(switch: SwitchPosition, code: str) -> None:
    assert placed(phone(switch).keys(code + "112#")).place == PLACE


@pytest.mark.parametrize("switch", SwitchPosition)
@pytest.mark.parametrize("number", ["2", "113", "0112", "1120", "0", "#31#113", "*31#113"])
def test_no_other_call_does(switch: SwitchPosition, number: str) -> None:
    assert placed(phone(switch).keys(number + "#")).place is None


def test_what_is_not_kept_is_not_told() -> None:
    driver = phone()
    driver.happen(on.PlaceTyped(None))
    assert do.KeepPlace(None) in driver.done
    assert placed(driver.keys("112#")).place is None
    assert lines(driver.screen)[-1] == "They see: Alice (emergency)"


def test_a_wipe_takes_it() -> None:
    state, commands = step(GERMANY, State(place=PLACE), on.WipeAsked(), 0)
    assert state.place is None
    assert do.Wipe() in commands


def test_it_is_loaded_at_the_start_alone() -> None:
    state, _ = step(GERMANY, State(), on.StoreChanged(loaded=True, place=PLACE), 0)
    assert state.place == PLACE
    later, _ = step(GERMANY, state, on.StoreChanged(), 0)
    assert later.place == PLACE


def test_what_the_display_says_before_and_after_it_left() -> None:
    driver = phone()
    driver.keys("112")
    assert "They see: Alice and place (emergency)" in lines(driver.screen)
    call_id = placed(driver.keys("#")).call_id
    assert "They see: Alice and place (emergency)" in lines(driver.screen)
    assert not any("sent" in line for line in lines(driver.screen)), "it has not left yet"
    driver.wait(180)
    driver.happen(on.PlaceSent(call_id))
    assert "Place sent 12:03 to 112" in lines(driver.screen)
    assert "They see: Alice (emergency)" in lines(driver.screen)
    driver.wait(70)
    driver.happen(on.PlaceSent(call_id), on.CallAnswered(call_id))
    assert isinstance(driver.screen, screens.InCall)
    assert "Place sent 12:03 to 112" in lines(driver.screen), "the first time counts"
    driver.hang_up()
    driver.wait(29)
    assert isinstance(driver.screen, screens.Ended)
    assert "Place sent 12:03 to 112" in lines(driver.screen), "longer than another call's end is shown"
    driver.wait(2)
    assert isinstance(driver.screen, screens.Idle)


def test_a_place_that_was_refused() -> None:
    driver = phone()
    call_id = placed(driver.keys("112#")).call_id
    driver.happen(on.PlaceSent(call_id), on.PlaceRefused(call_id))
    assert "Place sent 12:00 in vain" in lines(driver.screen)
    driver.happen(on.CallFailed(call_id, EndReason.NOT_FOUND))
    assert lines(driver.screen)[-2:] == ["They saw Alice. Private again.", "Place sent 12:00 in vain"]


def test_one_that_never_left_is_not_said_to_have() -> None:
    driver = phone()
    call_id = placed(driver.keys("112#")).call_id
    driver.happen(on.PlaceRefused(call_id))
    assert lines(driver.screen)[-1] == "They see: Alice (emergency)"


def test_the_menu_says_so() -> None:
    told = "Emergency calls tell your place"
    assert told in they_see(GERMANY, State(place=PLACE), 0, START)
    assert told not in they_see(GERMANY, State(), 0, START)
