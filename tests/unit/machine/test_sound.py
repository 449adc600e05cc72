"""What the state makes of sound devices that are missing, fail and come back."""

from __future__ import annotations

import pytest

from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.status import status
from firmware.phone.values import CallId, Loudspeaker
from tests.unit.machine.driver import Driver

MISSING = 'PCM "plughw:1": No such device; "aplay -L" lists the names'
HANDSET, RINGER = Loudspeaker.HANDSET, Loudspeaker.RINGER


def notice(driver: Driver) -> str:
    shown = driver.screen
    assert isinstance(shown, screens.Idle | screens.Dialling | screens.InCall)
    return shown.notice


def told(driver: Driver) -> object:
    return status(driver.state, driver.now, "simulator", {})["audio_trouble"]


def test_a_missing_loudspeaker_is_on_the_idle_screen_until_it_is_there() -> None:
    driver = Driver()
    driver.happen(on.SoundChanged(HANDSET, MISSING))
    assert (notice(driver), told(driver)) == ("No sound device", MISSING)
    driver.lift()
    assert notice(driver) == "No sound device"
    driver.happen(on.SoundChanged(HANDSET, ""))
    assert (notice(driver), told(driver)) == ("", "")


def test_a_missing_ringer_is_on_the_idle_screen_alone() -> None:
    driver = Driver()
    driver.happen(on.SoundChanged(RINGER, MISSING))
    assert (notice(driver), told(driver)) == ("The ringer is silent", f"ringer: {MISSING}")
    driver.lift()
    assert notice(driver) == ""
    driver.hang_up()
    driver.happen(on.SoundChanged(RINGER, ""))
    assert (notice(driver), told(driver)) == ("", "")


def test_both_missing() -> None:
    driver = Driver()
    driver.happen(on.SoundChanged(RINGER, "r"), on.SoundChanged(HANDSET, "h"))
    assert (notice(driver), told(driver)) == ("No sound device", "h; ringer: r")
    driver.happen(on.SoundChanged(RINGER, "h"))
    assert told(driver) == "h", "one device for both is told once"


def test_a_voice_that_opens_shows_that_the_device_is_there() -> None:
    driver = Driver()
    driver.happen(on.SoundChanged(HANDSET, MISSING))
    driver.lift()
    driver.keys("2#")
    driver.happen(on.CallAnswered(CallId(1)), on.VoiceChanged(""))
    assert (notice(driver), told(driver)) == ("", "")


@pytest.mark.parametrize("after", [MISSING, ""])
def test_the_trouble_of_a_call_outlasts_it(after: str) -> None:
    """A loudspeaker that works says nothing of the microphone, one that was away and returns does."""
    driver = Driver()
    driver.lift()
    driver.keys("2#")
    driver.happen(on.CallAnswered(CallId(1)), on.VoiceChanged("No sound device"))
    assert notice(driver) == "No sound device"
    driver.hang_up()
    driver.wait(10)
    driver.happen(on.SoundChanged(HANDSET, after))
    assert notice(driver) == "No sound device"
    driver.happen(on.SoundChanged(HANDSET, ""))
    assert notice(driver) == ("" if after else "No sound device")


def test_gaps_in_the_voice_and_the_volume_are_told() -> None:
    driver = Driver()
    driver.happen(on.SoundGaps(3))
    found = status(driver.state, driver.now, "simulator", {})
    assert found["sound_gaps"] == 3
    assert found["volume"] == {"handset": 4, "ringer": 6}
