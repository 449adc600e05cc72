"""Calls: placed, answered, refused, ended, and what is heard and shown meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config
from firmware.phone.config_types import Phone as PhoneOptions
from firmware.phone.display import screens
from firmware.phone.machine.table import LEGAL, Move, after
from firmware.phone.privacy import Exposure, exposure
from firmware.phone.values import (
    CallId,
    CallState,
    Direction,
    EndReason,
    Media,
    Party,
    Security,
    SwitchPosition,
    Tone,
)
from tests.unit.machine.driver import ACCOUNT, DIRECT, PROVIDER, Driver


def dialled(driver: Driver) -> CallId:
    driver.lift()
    driver.keys("1002#")
    return driver.call.id


def in_call(driver: Driver) -> CallId:
    call_id = dialled(driver)
    driver.happen(on.RemoteRinging(call_id), on.CallAnswered(call_id))
    return call_id


def tone(driver: Driver) -> Tone | None:
    return driver.out.tone


def label(driver: Driver) -> Security:
    assert isinstance(driver.screen, screens.InCall)
    return driver.screen.security


def test_hash_dials_at_once() -> None:
    driver = Driver()
    driver.lift()
    assert driver.keys("1002") == []
    (command,) = driver.keys("#")
    assert command == do.PlaceCall(driver.call.id, "sip:1002@phone.test", exposure(SwitchPosition.OPEN))
    assert driver.call.state is CallState.DIALING


def test_digits_dial_by_themselves_after_the_digit_timeout() -> None:
    driver = Driver()
    driver.lift()
    driver.keys("10")
    assert driver.wait(3.9) == []
    driver.keys("0")
    assert driver.wait(3.9) == [], "every digit starts the time anew"
    (command,) = driver.wait(0.2)
    assert isinstance(command, do.PlaceCall)
    assert command.uri == "sip:100@phone.test"


def test_a_contact_s_name_means_the_contact() -> None:
    rules = Driver().rules
    bob = rules.contacts[0]
    assert rules.resolve(bob.name.upper()).name == bob.name
    assert rules.resolve(bob.name).uri == rules.resolve(bob.uri).uri


def test_speed_dial_calls_the_contact_by_name() -> None:
    driver = Driver()
    driver.lift()
    driver.keys("2#")
    assert driver.call.peer.name == "Bob"
    assert driver.call.peer.uri == "sip:bob@phone.test"


def test_digits_pressed_before_lifting_are_dialled_when_lifted() -> None:
    driver = Driver()
    driver.keys("1002")
    (command,) = driver.lift()
    assert isinstance(command, do.PlaceCall)


def test_digits_pressed_before_lifting_are_forgotten() -> None:
    driver = Driver()
    driver.keys("1002")
    driver.wait(15.1)
    assert driver.lift() == []
    assert driver.out.tone is Tone.DIAL


def test_nobody_is_called_with_the_handset_down() -> None:
    driver = Driver()
    assert driver.keys("1002#") == []
    assert driver.wait(10) == []
    assert driver.state.live is None


def test_without_account_an_unknown_number_is_refused_in_words() -> None:
    driver = Driver(DIRECT)
    driver.lift()
    assert driver.keys("1002#") == []
    assert isinstance(driver.screen, screens.Ended)
    assert driver.screen.reason == "Not in the contacts"
    assert driver.out.tone is Tone.CONGESTION


def test_ring_back_is_heard_while_it_rings_there_and_no_longer() -> None:
    driver = Driver()
    call_id = dialled(driver)
    assert driver.out.tone is None
    driver.happen(on.RemoteRinging(call_id))
    assert driver.out.tone is Tone.RINGBACK
    assert not driver.out.voice
    driver.happen(on.CallAnswered(call_id))
    assert driver.out.tone is None
    assert driver.out.voice
    assert driver.call.state is CallState.ACTIVE


def test_early_media_is_heard_in_place_of_ring_back() -> None:
    driver = Driver()
    call_id = dialled(driver)
    driver.happen(on.RemoteRinging(call_id), on.EarlyMedia(call_id))
    assert driver.call.state is CallState.EARLY
    assert driver.out.tone is None
    assert driver.out.voice


def test_hanging_up_ends_an_active_call() -> None:
    driver = Driver()
    call_id = in_call(driver)
    assert driver.hang_up() == [do.EndCall(call_id)]
    assert driver.state.live is None
    assert driver.state.calls[-1].reason is EndReason.HUNG_UP
    assert not driver.out.voice


def test_hanging_up_before_the_answer_cancels() -> None:
    driver = Driver()
    call_id = dialled(driver)
    assert driver.hang_up() == [do.EndCall(call_id)]
    assert driver.state.calls[-1].reason is EndReason.CANCELLED


def test_the_far_end_hangs_up() -> None:
    driver = Driver()
    call_id = in_call(driver)
    driver.wait(65)
    driver.happen(on.CallFailed(call_id, EndReason.PEER_HUNG_UP))
    assert driver.out.tone is Tone.BUSY
    assert not driver.out.voice
    assert driver.screen == screens.Ended("1002", "They hung up", 65)


@pytest.mark.parametrize(
    ("reason", "tone"),
    [
        (EndReason.BUSY, Tone.BUSY),
        (EndReason.DECLINED, Tone.BUSY),
        (EndReason.UNREACHABLE, Tone.CONGESTION),
        (EndReason.NOT_FOUND, Tone.CONGESTION),
        (EndReason.NO_COMMON_ENCRYPTION, Tone.CONGESTION),
    ],
)
def test_a_failed_call_sounds_and_says_why(reason: EndReason, tone: Tone) -> None:
    driver = Driver()
    call_id = dialled(driver)
    driver.happen(on.CallFailed(call_id, reason))
    assert driver.out.tone is tone
    offered = reason is EndReason.NO_COMMON_ENCRYPTION
    assert isinstance(driver.screen, screens.Warning if offered else screens.Ended)
    driver.hang_up()
    assert isinstance(driver.screen, screens.Ended)
    assert driver.screen.reason == reason.value
    driver.wait(15.1)
    assert driver.out.tone is None


def test_no_answer_is_given_up_after_its_time() -> None:
    driver = Driver()
    call_id = dialled(driver)
    driver.happen(on.RemoteRinging(call_id))
    assert driver.wait(59) == []
    assert driver.wait(2) == [do.EndCall(call_id)]
    assert driver.state.calls[-1].reason is EndReason.NO_ANSWER


def test_an_incoming_call_rings_and_lifting_answers_it() -> None:
    driver = Driver()
    assert driver.ring_in() == [do.AlertCaller(CallId(2))]
    assert driver.out.ringing
    assert driver.screen == screens.Ringing("Bob", "bob@phone.test", SwitchPosition.OPEN)
    assert driver.lift() == [do.AnswerCall(CallId(2))]
    assert not driver.out.ringing, "the bell stops with the handset, not with the network"
    driver.happen(on.CallAnswered(CallId(2)))
    assert driver.out.voice


def test_the_contact_name_wins_over_the_name_the_caller_claims() -> None:
    driver = Driver()
    driver.ring_in()
    assert driver.call.peer.name == "Bob"
    other = Driver()
    other.ring_in(uri="sip:eve@phone.test")
    assert other.call.peer.name == "Robert"


def test_an_anonymous_caller_has_no_address_to_show() -> None:
    driver = Driver()
    nobody = Party("sip:anonymous@anonymous.invalid", "Anonymous", anonymous=True)
    driver.happen(on.IncomingCall(CallId(2), nobody))
    assert driver.screen == screens.Ringing("Anonymous", "", SwitchPosition.OPEN, anonymous=True, silent=True)


def test_hash_declines_an_incoming_call() -> None:
    driver = Driver()
    driver.ring_in()
    assert driver.keys("#") == [do.RefuseCall(CallId(2), 486)]
    assert not driver.out.ringing
    assert driver.state.missed == 0


def test_a_caller_who_gives_up_is_counted_as_missed_until_the_handset_is_lifted() -> None:
    driver = Driver()
    driver.ring_in()
    driver.happen(on.CallFailed(CallId(2), EndReason.MISSED))
    assert driver.state.missed == 1
    assert not driver.out.ringing
    driver.wait(6)
    assert isinstance(driver.screen, screens.Idle)
    assert driver.screen.missed == 1
    driver.lift()
    assert driver.state.missed == 0


def test_nothing_rings_for_ever() -> None:
    driver = Driver()
    driver.ring_in()
    assert do.RefuseCall(CallId(2), 480) in driver.wait(181)
    assert not driver.out.ringing
    assert driver.state.missed == 1


def test_a_second_caller_is_told_busy_where_none_may_wait() -> None:
    driver = Driver(replace(ACCOUNT, config=Config(phone=PhoneOptions(call_waiting=False))))
    call_id = in_call(driver)
    assert driver.ring_in(4) == [do.RefuseCall(CallId(4), 486)]
    assert driver.call.id == call_id
    assert not driver.out.ringing


def test_a_caller_is_told_busy_while_the_handset_is_lifted() -> None:
    driver = Driver()
    driver.lift()
    assert driver.ring_in() == [do.RefuseCall(CallId(2), 486)]


def test_keys_in_a_call_are_dtmf() -> None:
    driver = Driver()
    call_id = in_call(driver)
    assert driver.keys("5#") == [do.SendDigit(call_id, "5")]
    assert driver.happen(on.KeyReleased("#")) == [do.SendDigit(call_id, "#")]
    assert driver.call.digits == "5#"


def test_the_microphone_stays_closed_while_the_handset_is_down() -> None:
    driver = Driver()
    driver.ring_in()
    assert driver.happen(on.AnswerAsked()) == [do.AnswerCall(CallId(2))]
    driver.happen(on.CallAnswered(CallId(2)))
    assert driver.call.state is CallState.ACTIVE
    assert not driver.out.voice
    assert isinstance(driver.screen, screens.InCall)
    assert not driver.screen.lifted
    driver.lift()
    assert driver.out.voice


def test_dialling_by_socket_needs_no_lifted_handset_and_opens_no_microphone() -> None:
    driver = Driver()
    (command,) = driver.happen(on.DialAsked("sip:bob@phone.test"))
    assert isinstance(command, do.PlaceCall)
    driver.happen(on.CallAnswered(driver.call.id))
    assert not driver.out.voice


def test_the_label_is_what_the_media_says() -> None:
    driver = Driver(PROVIDER)
    call_id = in_call(driver)
    assert label(driver) is Security.NONE, "nothing is claimed before the keys are agreed"
    driver.happen(on.MediaChanged(call_id, Media(Security.PROVIDER, "AEAD_AES_256_GCM", "opus")))
    assert label(driver) is Security.PROVIDER
    driver.happen(on.MediaChanged(call_id, Media(Security.END_TO_END, "AEAD_AES_256_GCM", "opus")))
    assert label(driver) is Security.END_TO_END


def test_late_messages_change_nothing() -> None:
    driver = Driver()
    call_id = in_call(driver)
    before = driver.state
    driver.happen(on.RemoteRinging(call_id), on.EarlyMedia(call_id), on.CallAnswered(call_id))
    assert driver.state == before
    driver.hang_up()
    ended = driver.state
    driver.happen(
        on.CallAnswered(call_id),
        on.CallFailed(call_id, EndReason.BUSY),
        on.MediaChanged(call_id, Media(Security.CLEAR)),
    )
    assert driver.state == ended


def test_an_ended_call_is_forgotten() -> None:
    driver = Driver()
    in_call(driver)
    driver.hang_up()
    driver.wait(29)
    assert driver.state.calls
    driver.wait(2)
    assert driver.state.calls == ()


def test_dial_tone_ends_in_congestion_then_silence() -> None:
    driver = Driver()
    driver.lift()
    assert tone(driver) is Tone.DIAL
    driver.wait(30.1)
    assert tone(driver) is Tone.CONGESTION
    driver.wait(30.1)
    assert tone(driver) is None


def test_the_switch_decides_what_a_call_shows() -> None:
    driver = Driver(switch=SwitchPosition.PRIVATE)
    driver.lift()
    assert isinstance(driver.screen, screens.Dialling)
    assert driver.screen.they_see == "nothing"
    (command,) = driver.keys("1002#")
    assert isinstance(command, do.PlaceCall)
    assert command.exposure == Exposure(identity=False, presence=False, cause="switch")


def test_a_flip_is_told_at_once() -> None:
    driver = Driver(switch=SwitchPosition.OPEN)
    commands = driver.happen(on.PrivacySwitched(SwitchPosition.UNREADABLE))
    assert commands == [do.SetExposure(Exposure(cause="unreadable"))]
    assert driver.out.private


def test_the_table_holds_what_the_drawing_says() -> None:
    assert after(Direction.OUT, CallState.ACTIVE, Move.REMOTE_RINGS) is None
    assert after(Direction.IN, CallState.RINGING, Move.EARLY_MEDIA) is None
    assert not [state for (_, state, _) in LEGAL if state is CallState.ENDED], "nothing leaves ended"
    for direction, state in {(d, s) for (d, s, _) in LEGAL}:
        assert after(direction, state, Move.ENDS) is CallState.ENDED, "every live call can end"


def test_a_held_call_says_so_and_keeps_its_label() -> None:
    driver = Driver()
    call_id = in_call(driver)
    secured = Media(Security.END_TO_END, "AEAD_AES_256_GCM", "opus")
    for held, notice in ((False, ""), (True, "They put you on hold"), (False, "")):
        driver.happen(on.MediaChanged(call_id, replace(secured, held=held)))
        assert label(driver) is Security.END_TO_END
        assert isinstance(driver.screen, screens.InCall)
        assert driver.screen.notice == notice
