"""Slow keys, lamps of colleagues as lights, the sound of every light and the light of every sound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.melodies import DARK, LIT
from firmware.phone.config import Config, Contact
from firmware.phone.config_types import Accessibility
from firmware.phone.loop import differences
from firmware.phone.machine import ease
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.rules import Rules
from firmware.phone.values import (
    CallId,
    EndReason,
    Hook,
    Lamp,
    Light,
    Media,
    Messages,
    Party,
    Pattern,
    Registration,
    RegistrationState,
    Security,
    SwitchPosition,
    Tone,
)
from tests.unit.machine.driver import ACCOUNT, Driver


def driver(slow: int = 0, light_sounds: bool = False, sound_lights: bool = False) -> Driver:
    config = Config(accessibility=Accessibility(slow, light_sounds, sound_lights))
    return Driver(replace(ACCOUNT, config=config))


def press(it: Driver, key: str, seconds: float) -> list[do.Command]:
    found = it.happen(on.KeyPressed(key))
    found += it.wait(seconds)
    return found + it.happen(on.KeyReleased(key))


# --- slow keys ---------------------------------------------------------------------------------------


def test_a_key_counts_only_when_it_was_held() -> None:
    it = driver(slow=400)
    press(it, "5", 0.39)
    assert it.state.digits == ""
    press(it, "5", 0.41)
    assert it.state.digits == "5"


def test_a_key_that_is_held_counts_once_and_while_it_is_down() -> None:
    it = driver(slow=400)
    it.lift()
    it.happen(on.KeyPressed("5"))
    it.wait(0.41)
    assert it.state.digits == "5"
    it.wait(0.2)
    it.happen(on.KeyReleased("5"))
    assert it.state.digits == "5"


def test_a_key_brushed_on_the_way_is_none() -> None:
    it = driver(slow=400)
    it.happen(on.KeyPressed("4"))
    it.wait(0.1)
    it.happen(on.KeyPressed("5"))
    it.wait(0.1)
    it.happen(on.KeyReleased("4"))
    it.wait(0.4)
    it.happen(on.KeyReleased("5"))
    assert it.state.digits == "5"


def test_long_keys_and_emergency_numbers_still_work() -> None:
    it = driver(slow=400)
    press(it, "*", 1.6)
    assert it.state.menu is not None
    it.lift()
    for key in "112#":
        press(it, key, 0.5)
    assert it.state.help_at is not None


def test_without_slow_keys_a_touch_counts_at_once() -> None:
    it = driver()
    it.happen(on.KeyPressed("5"))
    assert it.state.digits == "5"


# --- lamps -------------------------------------------------------------------------------------------

COLLEAGUES = tuple(Contact(f"C{n}", f"sip:c{n}@phone.test", busy_lamp=n != 2) for n in range(1, 7))
LAMPS = [Light.LAMP_1, Light.LAMP_2, Light.LAMP_3, Light.LAMP_4]


def watching() -> Driver:
    it = Driver(Rules(domain="phone.test", identity="Alice", contacts=COLLEAGUES))
    it.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
    return it


@pytest.mark.parametrize(
    ("lamp", "does"),
    [
        (Lamp.RINGING, Pattern.FAST),
        (Lamp.BUSY, Pattern.ON),
        (Lamp.IDLE, Pattern.OFF),
        (Lamp.DARK, Pattern.OFF),
    ],
)
def test_a_colleagues_lamp_shows_what_their_telephone_does(lamp: Lamp, does: Pattern) -> None:
    it = watching()
    it.happen(on.LampChanged("sip:c3@phone.test", lamp))
    assert [it.out.lights[light] for light in LAMPS] == [Pattern.OFF, does, Pattern.OFF, Pattern.OFF]


def test_lamps_are_those_of_the_first_contacts_that_are_asked_and_more_than_four_harm_nothing() -> None:
    it = watching()
    for contact in COLLEAGUES:
        it.happen(on.LampChanged(contact.uri, Lamp.BUSY))
    assert [it.out.lights[light] for light in LAMPS] == [Pattern.ON] * 4


def test_on_private_nobody_is_asked_and_every_lamp_is_dark() -> None:
    it = watching()
    it.happen(on.LampChanged("sip:c1@phone.test", Lamp.BUSY))
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    assert [it.out.lights[light] for light in LAMPS] == [Pattern.OFF] * 4


# --- every light a sound -----------------------------------------------------------------------------


def sounds(before: Outputs, after: Outputs) -> list[do.Ring]:
    return [one for one in differences(before, after) if isinstance(one, do.Ring)]


def test_the_switch_chirps_up_and_down_at_rest() -> None:
    it = driver(light_sounds=True)
    before = it.out
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    assert sounds(before, it.out) == [do.Ring(True, LIT)]
    lit = it.out
    it.wait(1)
    assert sounds(lit, it.out) == [do.Ring(False, "country")]
    it.happen(on.PrivacySwitched(SwitchPosition.OPEN))
    assert it.out.chirp == DARK


@pytest.mark.parametrize("message", [Messages(True, 1), None])
def test_messages_chirp_and_make_the_dial_tone_stutter(message: Messages | None) -> None:
    it = driver(light_sounds=True)
    it.happen(on.MessagesChanged(message))
    assert bool(it.out.chirp) == (message is not None)
    it.wait(1)
    it.lift()
    assert it.out.tone is (Tone.MESSAGE_WAITING if message else Tone.DIAL)


def test_a_silent_call_chirps_and_one_that_rings_has_its_bell_alone() -> None:
    it = driver(light_sounds=True)
    it.happen(on.IncomingCall(CallId(2), Party("sip:a@b", anonymous=True)))
    assert (it.out.bell, it.out.chirp) == (False, LIT)
    it.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    it.wait(10)
    before = it.out
    it.ring_in(4)
    assert sounds(before, it.out) == [do.Ring(True, "country")]
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    assert it.out.bell
    assert it.out.chirp == ""


def talking(it: Driver) -> None:
    it.ring_in()
    it.lift()
    it.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), Media(Security.END_TO_END)))


def test_in_a_call_it_sounds_in_the_earpiece_alone() -> None:
    it = driver(light_sounds=True)
    talking(it)
    press(it, "0", 1.1)
    assert do.TellLight(True) in it.keys("5")
    assert it.out.chirp == ""
    press(it, "0", 1.1)
    assert do.TellLight(False) in it.keys("5")


def test_it_is_quiet_where_nobody_asked_for_it() -> None:
    it = driver()
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE), on.MessagesChanged(Messages(True, 1)))
    assert it.out.chirp == ""
    talking(it)
    it.happen(on.PrivacySwitched(SwitchPosition.OPEN))
    assert not any(isinstance(one, do.TellLight) for one in it.done)


# --- every sound a light -----------------------------------------------------------------------------


def test_every_tone_has_its_light() -> None:
    assert set(ease.OF_TONE) == set(Tone)
    assert Pattern.OFF not in ease.OF_TONE.values()


def test_dial_tone_and_busy_tone_are_seen() -> None:
    it = driver(sound_lights=True)
    it.lift()
    assert it.out.lights[Light.RINGING] is Pattern.ON
    it.keys("2#")
    it.happen(on.CallFailed(it.call.id, EndReason.BUSY))
    assert it.out.tone is Tone.BUSY
    assert it.out.lights[Light.RINGING] is Pattern.FAST
    it.hang_up()
    assert it.out.lights[Light.RINGING] is Pattern.OFF


def test_without_the_setting_a_tone_lights_nothing() -> None:
    it = driver()
    it.lift()
    assert it.state.hook is Hook.OFF
    assert it.out.lights[Light.RINGING] is Pattern.OFF
