"""The board's own faults: what the display, status and risks make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware.phone import events as on
from firmware.phone.cli import status_lines
from firmware.phone.display import screens
from firmware.phone.machine import parts
from firmware.phone.risks import risks
from firmware.phone.status import status
from firmware.phone.values import Health, Hook, Loudspeaker, Part
from tests.unit.machine.driver import ACCOUNT, START, Driver

BUSY = 'GPIO 26 (keypad column) is held by "fan"; stop that'


def notice(driver: Driver) -> str:
    shown = driver.screen
    assert isinstance(shown, screens.Idle)
    return shown.notice


def told(driver: Driver) -> dict[str, Any]:
    return status(driver.state, driver.now, "raspberry-pi", {"sottovoce": "0"}) | {"watchers": []}


def named(driver: Driver) -> set[str]:
    return {risk.name for risk in risks(ACCOUNT, driver.state, START.date())}


@pytest.mark.parametrize(
    ("health", "words", "risk", "key"),
    [
        (Health(weak=True), parts.WEAK, "power-weak", "power"),
        (Health(hot=True), parts.HOT, "too-hot", "temperature"),
    ],
)
def test_power_and_heat(health: Health, words: str, risk: str, key: str) -> None:
    driver = Driver()
    assert (notice(driver), told(driver)[key]) == ("", "good")
    driver.happen(on.HealthChanged(health))
    assert notice(driver) == words
    assert told(driver)[key] != "good"
    assert risk in named(driver)
    assert any("too" in line for line in status_lines(told(driver)))
    driver.happen(on.HealthChanged(Health()))
    assert (notice(driver), told(driver)[key]) == ("", "good")
    assert risk not in named(driver)
    assert not any(line.startswith("trouble") for line in status_lines(told(driver)))


def test_stuck_keys_are_named() -> None:
    driver = Driver()
    driver.happen(on.PartChanged(Part.KEYPAD, "stuck: 5; free it", "5"))
    assert notice(driver) == "Key 5 is stuck"
    assert told(driver)["part_trouble"] == "keypad: stuck: 5; free it"
    assert "keypad" in named(driver)
    driver.happen(on.PartChanged(Part.KEYPAD, "stuck: 58; free them", "58"))
    assert notice(driver) == "Keys 58 are stuck"
    driver.happen(on.PartChanged(Part.KEYPAD, ""))
    assert (notice(driver), told(driver)["part_trouble"]) == ("", "")
    assert "keypad" not in named(driver)


def test_what_cannot_start_is_said_the_heaviest_first() -> None:
    driver = Driver()
    for part in (Part.LIGHTS, Part.SWITCHES, Part.KEYPAD):
        driver.happen(on.PartChanged(part, BUSY))
        assert notice(driver) == parts.FAILS[part]
    assert told(driver)["part_trouble"] == f"keypad: {BUSY}; switches: {BUSY}; lights: {BUSY}"
    driver.happen(on.PartChanged(Part.KEYPAD, ""))
    assert notice(driver) == parts.FAILS[Part.SWITCHES]


def test_one_line_for_several_faults() -> None:
    """Without sound nobody is heard: that first. A weak supply comes before heat."""
    driver = Driver()
    driver.happen(on.HealthChanged(Health(weak=True, hot=True)))
    assert notice(driver) == parts.WEAK
    driver.happen(on.PartChanged(Part.LIGHTS, BUSY))
    assert notice(driver) == parts.FAILS[Part.LIGHTS]
    driver.happen(on.SoundChanged(Loudspeaker.HANDSET, "gone"))
    assert notice(driver) == "No sound device"


def test_faults_do_not_change_calls_or_the_switch() -> None:
    driver = Driver()
    driver.ring_in()
    before = driver.state
    commands = driver.happen(on.HealthChanged(Health(True, True)), on.PartChanged(Part.KEYPAD, BUSY, "1"))
    assert commands == []
    assert replace(driver.state, health=Health(), broken=(), stuck="") == before


def test_a_restart_is_said_until_the_handset_is_lifted() -> None:
    """After what makes the phone useless, and in the status for as long as it runs."""
    driver = Driver()
    driver.happen(on.Restarted(2, "the display is stuck"))
    assert notice(driver) == parts.RESTARTED
    driver.happen(on.PartChanged(Part.KEYPAD, BUSY))
    assert notice(driver) == parts.FAILS[Part.KEYPAD]
    driver.happen(on.PartChanged(Part.KEYPAD, ""), on.HookChanged(Hook.OFF), on.HookChanged(Hook.ON))
    assert notice(driver) == ""
    assert (told(driver)["restarts"], told(driver)["restart_reason"]) == (2, "the display is stuck")
    assert "ended by itself 2 times: the display is stuck" in "\n".join(status_lines(told(driver)))
