"""What each light does follows from the state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import events as on
from firmware.phone.values import CallId, EndReason, Hook, Light, Media, Pattern, Security, SwitchPosition
from tests.unit.machine.driver import ACCOUNT, Driver

OFF, ON, SLOW, FAST = Pattern.OFF, Pattern.ON, Pattern.SLOW, Pattern.FAST


@pytest.mark.parametrize(
    ("position", "pattern"),
    [(SwitchPosition.OPEN, OFF), (SwitchPosition.PRIVATE, ON), (SwitchPosition.UNREADABLE, SLOW)],
)
def test_privacy_is_the_switch_and_a_broken_one_blinks(position: SwitchPosition, pattern: Pattern) -> None:
    driver = Driver()
    driver.happen(on.PrivacySwitched(position))
    assert driver.out.lights[Light.PRIVACY] is pattern


def test_an_emergency_call_does_not_put_the_privacy_light_out() -> None:
    driver = Driver(replace(ACCOUNT, country="DE"), SwitchPosition.PRIVATE)
    driver.lift()
    driver.keys("112#")
    assert driver.call.exposure.cause == "emergency"
    assert driver.out.lights[Light.PRIVACY] is ON


def test_ringing_blinks_fast_until_it_is_answered() -> None:
    driver = Driver()
    driver.ring_in()
    assert driver.out.lights[Light.RINGING] is FAST
    driver.lift()
    assert driver.out.lights[Light.RINGING] is OFF


def missed(rules_say: bool) -> Driver:
    driver = Driver(replace(ACCOUNT, missed_calls_light=rules_say))
    driver.ring_in()
    driver.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    assert driver.state.missed == 1
    return driver


def test_missed_calls_light_up_only_where_the_configuration_says_so() -> None:
    assert missed(False).out.lights[Light.MESSAGE] is OFF
    driver = missed(True)
    assert driver.out.lights[Light.MESSAGE] is SLOW
    driver.lift()
    assert driver.out.lights[Light.MESSAGE] is OFF


def test_mute_says_that_nobody_hears_what_is_said_here() -> None:
    driver = Driver()
    driver.ring_in()
    assert driver.out.lights[Light.MUTE] is OFF, "no call is up yet"
    driver.happen(on.AnswerAsked(), on.CallAnswered(CallId(2)))
    assert driver.state.hook is Hook.ON
    assert (driver.out.voice, driver.out.lights[Light.MUTE]) == (False, ON)
    driver.lift()
    assert driver.out.speaks is None
    assert driver.out.lights[Light.MUTE] is ON, "not protected yet: nothing that is said leaves"
    driver.happen(on.MediaChanged(CallId(2), Media(Security.END_TO_END, "AEAD_AES_256_GCM", "opus")))
    assert (driver.out.voice, driver.out.lights[Light.MUTE]) == (True, OFF)
    driver.hang_up()
    assert driver.out.lights[Light.MUTE] is OFF
