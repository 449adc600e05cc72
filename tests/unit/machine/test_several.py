"""Several calls: hold, waiting, swap, conference, mute, by the keys of a telephone with twelve of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config
from firmware.phone.config_types import Phone as PhoneOptions
from firmware.phone.display import screens
from firmware.phone.display.words import lines
from firmware.phone.loop import differences
from firmware.phone.machine import functions, protection
from firmware.phone.machine.outputs import Outputs
from firmware.phone.values import (
    CallId,
    CallState,
    EndReason,
    Feature,
    Light,
    Media,
    Pattern,
    Security,
    Tone,
)
from tests.unit.machine.driver import ACCOUNT, PROVIDER, Driver

ONE, TWO, WAITS = CallId(1), CallId(3), CallId(2)
SECURE = Media(Security.END_TO_END)


def talking() -> Driver:
    """Bob is spoken with."""
    it = Driver()
    it.lift()
    it.keys("2#")
    it.happen(on.CallAnswered(ONE), on.MediaChanged(ONE, SECURE))
    return it


def function(it: Driver, digit: str) -> list[do.Command]:
    """Hold 0, then a digit."""
    it.happen(on.KeyPressed("0"))
    it.wait(functions.HOLD + 0.1)
    it.happen(on.KeyReleased("0"))
    return it.happen(on.KeyPressed(digit), on.KeyReleased(digit))


def tap(it: Driver, keys: str) -> list[do.Command]:
    found: list[do.Command] = []
    for key in keys:
        found += it.happen(on.KeyPressed(key), on.KeyReleased(key))
    return found


def two() -> Driver:
    """Bob is held, somebody else spoken with."""
    it = talking()
    function(it, "2")
    tap(it, "31#")
    it.happen(on.CallAnswered(TWO), on.MediaChanged(TWO, SECURE))
    return it


def unlike(held: Security, spoken: Security) -> Driver:
    """Bob is held, somebody else spoken with; the provider could listen to one of them, or to neither."""
    it = Driver(PROVIDER)
    it.lift()
    it.keys("2#")
    it.happen(on.CallAnswered(ONE), on.MediaChanged(ONE, Media(held)))
    function(it, "2")
    tap(it, "31#")
    it.happen(on.CallAnswered(TWO), on.MediaChanged(TWO, Media(spoken)))
    return it


def sounds(commands: list[do.Command]) -> int:
    return sum(isinstance(command, do.TellChange) for command in commands)


@pytest.mark.parametrize(
    ("held", "spoken", "begins", "ends"),
    [
        (Security.PROVIDER, Security.END_TO_END, 1, 1),
        (Security.END_TO_END, Security.PROVIDER, 0, 0),
        (Security.END_TO_END, Security.END_TO_END, 0, 0),
    ],
)
def test_a_conference_under_another_label_is_heard(
    held: Security, spoken: Security, begins: int, ends: int
) -> None:
    """Its label is that of its weakest leg, from its beginning to its end."""
    it = unlike(held, spoken)
    assert shown(it) == spoken
    assert sounds(function(it, "3")) == begins
    assert shown(it) == protection.weakest((held, spoken))
    assert sounds(it.happen(on.CallFailed(ONE, EndReason.PEER_HUNG_UP))) == ends
    assert shown(it) == spoken


def test_a_leg_that_becomes_weaker_is_heard_once() -> None:
    it = unlike(Security.END_TO_END, Security.END_TO_END)
    function(it, "3")
    assert sounds(it.happen(on.MediaChanged(TWO, Media(Security.PROVIDER)))) == 1
    assert shown(it) == Security.PROVIDER


def shown(it: Driver) -> Security:
    """The label on the display."""
    screen = it.screen
    assert isinstance(screen, screens.InCall)
    return screen.security


def states(it: Driver) -> dict[CallId, CallState]:
    return {call.id: call.state for call in it.state.lives}


def test_hold_disconnects_before_it_tells_and_dials_on() -> None:
    it = talking()
    before = it.out
    assert function(it, "2") == [do.HoldCall(ONE)]
    assert states(it) == {ONE: CallState.HELD}
    assert do.LetSpeak(ONE, allowed=False) in differences(before, it.out)
    assert (it.out.voice, it.out.speaks, it.out.tone) == (False, None, Tone.DIAL)
    assert isinstance(it.screen, screens.Held)
    assert "# back, or dial" in lines(it.screen)


def test_hash_alone_goes_back_to_who_is_held() -> None:
    it = talking()
    function(it, "2")
    assert tap(it, "#") == [do.ResumeCall(ONE)]
    assert states(it) == {ONE: CallState.ACTIVE}
    assert it.out.speaks == (ONE, Security.END_TO_END)


def test_a_second_call_beside_the_held_one_and_swap() -> None:
    it = two()
    assert states(it) == {ONE: CallState.HELD, TWO: CallState.ACTIVE}
    assert function(it, "2") == [do.HoldCall(TWO), do.ResumeCall(ONE)]
    assert states(it) == {ONE: CallState.ACTIVE, TWO: CallState.HELD}
    assert function(it, "1") == [do.EndCall(ONE), do.ResumeCall(TWO)]
    assert states(it) == {TWO: CallState.ACTIVE}


def test_a_third_call_is_not_placed_but_one_for_help_is() -> None:
    it = two()
    function(it, "2")
    it.happen(on.FeatureAsked(Feature.HOLD))
    assert tap(it, "41#") == []
    assert "Two calls already" in " ".join(lines(it.screen))
    placed = [c for c in tap(it, "112#") if isinstance(c, do.PlaceCall)]
    assert len(placed) == 1
    assert sum(call.unheld for call in it.state.lives) == 1


@pytest.mark.parametrize("state", ["active", "held", "dialing", "two", "conference", "waits", "muted"])
def test_help_is_called_from_every_state_and_all_others_are_put_aside(state: str) -> None:
    it = {"active": talking, "held": talking, "dialing": Driver}.get(state, two)()
    if state == "held":
        function(it, "2")
    if state == "dialing":
        it.lift()
        it.keys("2#")
    if state == "conference":
        function(it, "3")
    if state == "waits":
        function(it, "0")
        it.ring_in(WAITS, "sip:carol@phone.test")
    if state == "muted":
        function(it, "5")
    done = it.happen(on.DialAsked("sip:112@phone.test", emergency=True))
    (placed,) = [command for command in done if isinstance(command, do.PlaceCall)]
    assert it.call.id == placed.call_id
    assert [call.id for call in it.state.lives if call.unheld] == [placed.call_id]
    assert not it.state.muted


def test_a_second_caller_waits_with_a_tone_and_is_taken() -> None:
    it = talking()
    assert it.ring_in(WAITS, "sip:carol@phone.test") == [do.AlertCaller(WAITS)]
    assert (it.out.waiting, it.out.bell, it.out.ringing) == (True, False, True)
    assert it.call.id == ONE
    assert "Hold 0: Robert calls" in lines(it.screen)
    assert function(it, "2") == [do.HoldCall(ONE), do.AnswerCall(WAITS)]
    assert not it.out.waiting


def test_who_waits_is_refused_or_rings_when_the_handset_is_down() -> None:
    it = talking()
    it.ring_in(WAITS)
    assert function(it, "0") == [do.RefuseCall(WAITS, 486)]
    it.ring_in(CallId(4))
    assert it.hang_up() == [do.EndCall(ONE)]
    assert it.out.bell
    assert it.lift() == [do.AnswerCall(CallId(4))]


def test_who_waits_when_the_other_hangs_up_is_taken_with_a_key() -> None:
    it = talking()
    it.ring_in(WAITS)
    it.happen(on.CallFailed(ONE, EndReason.PEER_HUNG_UP))
    assert isinstance(it.screen, screens.Warning)
    assert not it.out.bell, "the handset is at the ear"
    it.wait(1.1)
    assert tap(it, "1") == [do.AnswerCall(WAITS)]


def test_a_third_caller_is_busy_and_so_is_a_second_one_before_an_answer() -> None:
    it = talking()
    it.ring_in(WAITS)
    assert it.ring_in(4) == [do.RefuseCall(CallId(4), 486)]
    it = Driver()
    it.lift()
    it.keys("2#")
    assert it.ring_in(2) == [do.RefuseCall(WAITS, 486)]


def test_three_together_show_the_weakest_label() -> None:
    it = two()
    it.happen(on.MediaChanged(TWO, Media(Security.END_TO_END_VERIFIED)))
    assert function(it, "3") == [do.ResumeCall(ONE)]
    assert it.state.conference
    assert it.out.mixed == (it.call.id, ONE if it.call.id == TWO else TWO)
    shown = it.screen
    assert isinstance(shown, screens.InCall)
    assert (shown.security, " + " in shown.peer) == (Security.END_TO_END, True)
    assert function(it, "3") == [do.HoldCall(TWO)]
    assert not it.state.conference
    assert it.out.mixed == ()


def test_a_leg_that_loses_its_protection_is_held_at_once() -> None:
    it = two()
    function(it, "3")
    done = it.happen(on.MediaChanged(ONE, Media(Security.PROVIDER)))
    assert do.HoldCall(ONE) in done
    assert not it.state.conference
    assert it.out.mixed == ()


def test_mute_is_light_display_and_silence_there_alone() -> None:
    it = talking()
    before = it.out
    function(it, "5")
    assert differences(before, it.out) == (do.Mute(True), do.SetLight(Light.MUTE, Pattern.ON))
    assert it.out.speaks == (ONE, Security.END_TO_END), "we hear them"
    assert "Muted: not heard" in lines(it.screen)
    function(it, "5")
    assert not it.out.muted
    function(it, "5")
    it.hang_up()
    assert not it.state.muted, "the next call is not"


def test_a_short_zero_is_a_digit_in_the_order_of_the_keys() -> None:
    it = talking()
    assert it.happen(on.KeyPressed("0")) == []
    assert it.happen(on.KeyReleased("0")) == [do.SendDigit(ONE, "0")]
    assert it.keys("07") == [do.SendDigit(ONE, "0"), do.SendDigit(ONE, "7")]
    assert it.call.digits == "007"


def test_the_functions_close_by_themselves_and_by_hash() -> None:
    it = talking()
    assert function(it, "#") == []
    assert isinstance(it.screen, screens.InCall)
    it.happen(on.KeyPressed("0"))
    it.wait(functions.HOLD + 0.1)
    assert isinstance(it.screen, screens.Pages)
    assert it.out.voice, "the call goes on beneath"
    it.wait(functions.LEFT_ALONE)
    assert isinstance(it.screen, screens.InCall)


def test_the_socket_is_refused_with_the_reason() -> None:
    it = talking()
    for feature in Feature:
        before = it.state
        it.happen(on.FeatureAsked(feature))
        changes = feature in (Feature.HOLD, Feature.RESUME, Feature.MUTE, Feature.UNMUTE)
        assert (it.state != before) is changes, feature


def test_without_call_waiting_a_second_caller_is_busy() -> None:
    it = Driver(replace(ACCOUNT, config=Config(phone=PhoneOptions(call_waiting=False))))
    it.lift()
    it.keys("2#")
    it.happen(on.CallAnswered(ONE))
    assert it.ring_in(WAITS) == [do.RefuseCall(WAITS, 486)]


def test_nothing_sounds_differently_for_a_call_at_rest() -> None:
    assert Outputs().mixed == ()
