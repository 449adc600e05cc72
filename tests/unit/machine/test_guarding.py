"""Protection at the telephone: what stops a call, the keys that go on, the code, and what is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config
from firmware.phone.config import Media as MediaOptions
from firmware.phone.display import screens, words
from firmware.phone.loop import differences
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.step import why_not
from firmware.phone.reached import Reached
from firmware.phone.status import status
from firmware.phone.values import (
    CallId,
    CallState,
    Continuity,
    Encryption,
    EndReason,
    Hook,
    Keying,
    Media,
    Party,
    Security,
    SwitchPosition,
    Tone,
)
from tests.unit.machine.driver import ACCOUNT, PROVIDER, Driver

CLEAR = replace(ACCOUNT, config=Config(media=MediaOptions(allow_clear=True)))
END, VERIFIED = Security.END_TO_END, Security.END_TO_END_VERIFIED
BOB = "sip:bob@phone.test"
OWN, KEY, OTHER = "sha-256 01", "sha-256 AA", "sha-256 BB"
SDES = Media(Security.PROVIDER, "AEAD_AES_256_GCM", keying=Keying.SDES)
PLAIN = Media(Security.CLEAR, codec="pcma")


def dtls(peer: str = KEY) -> Media:
    return Media(END, "AEAD_AES_256_GCM", keying=Keying.DTLS, own_key=OWN, peer_key=peer)


def zrtp(continuity: Continuity = Continuity.FIRST) -> Media:
    return Media(END, "x", code="k7xq", words="artist bandit", keying=Keying.ZRTP, continuity=continuity)


def talking(driver: Driver, media: Media, number: str = "2") -> list[do.Command]:
    """Dial, be answered, have keys. Returns the commands of the last step."""
    driver.lift()
    driver.keys(number + "#")
    driver.happen(on.CallAnswered(driver.call.id))
    return driver.happen(on.MediaChanged(driver.call.id, media))


def shown(driver: Driver) -> str:
    return " ".join(words.lines(driver.screen))


def told(driver: Driver) -> dict[str, object]:
    return dict(status(driver.state, driver.now, "", {})["calls"][-1])


def speaks(driver: Driver) -> bool:
    return driver.out.speaks is not None


def hold(driver: Driver, key: str = "*", seconds: float = 1.1) -> list[do.Command]:
    done = driver.happen(on.KeyPressed(key))
    done += driver.wait(seconds)
    return done + driver.happen(on.KeyReleased(key))


# --- a far end that is private ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", [END, VERIFIED])
def test_a_private_contact_is_no_attack_and_no_acquaintance(level: Security) -> None:
    """Stopped once, for whoever stands between can ask for privacy too; "End to end", and never verified."""
    driver = Driver()
    driver.state = replace(driver.state, reached=(Reached(BOB, level, Keying.ZRTP, zrtp=level is VERIFIED),))
    talking(driver, replace(zrtp(Continuity.CHANGED), private=True))
    assert "Not known again" in shown(driver)
    assert told(driver)["warning"] == "Not known again"
    assert not speaks(driver)
    driver.wait(1.1)
    driver.keys("#")
    assert speaks(driver)
    assert told(driver)["security"] == "end-to-end"
    assert driver.state.reached[0].level is level, "what was reached is not forgotten"


def test_a_private_contact_with_another_certificate_is_not_verified() -> None:
    driver = Driver()
    driver.state = replace(driver.state, reached=(Reached(BOB, VERIFIED, Keying.DTLS, peer_key=KEY),))
    talking(driver, replace(dtls(OTHER), private=True))
    assert "Not known again" in shown(driver)
    assert not speaks(driver)
    assert told(driver)["security"] == "end-to-end"


def test_of_a_comparison_with_a_private_contact_nothing_is_kept() -> None:
    driver = Driver()
    driver.state = replace(driver.state, reached=(Reached(BOB, END, Keying.ZRTP),))
    talking(driver, replace(zrtp(Continuity.CHANGED), private=True))
    driver.wait(1.1)
    driver.keys("#")
    hold(driver)
    driver.keys("1")
    assert told(driver)["security"] == "end-to-end-verified", "this one call is"
    assert driver.state.reached == (Reached(BOB, END, Keying.ZRTP),)


# --- refusals and consent ----------------------------------------------------------------------------


def refused(driver: Driver, number: str = "1002") -> None:
    driver.lift()
    driver.keys(number + "#")
    driver.happen(on.CallFailed(driver.call.id, EndReason.NO_COMMON_ENCRYPTION))


def test_after_a_refusal_the_provider_is_offered_and_a_key_calls() -> None:
    driver = Driver()
    refused(driver)
    assert "They cannot encrypt end to end. Provider could listen. # call anyway" in shown(driver)
    assert driver.keys("#") == [], "a key pressed at once was not meant for it"
    driver.wait(1.1)
    (command,) = driver.keys("#")
    assert isinstance(command, do.PlaceCall)
    assert (command.uri, command.levels) == ("sip:1002@phone.test", (Security.PROVIDER,))
    driver.happen(on.CallAnswered(driver.call.id), on.MediaChanged(driver.call.id, SDES))
    assert speaks(driver)
    assert "Provider can listen" in shown(driver)


def test_without_allow_clear_nothing_is_offered_after_the_provider() -> None:
    driver = Driver()
    refused(driver)
    driver.wait(1.1)
    driver.keys("#")
    driver.happen(on.CallFailed(driver.call.id, EndReason.NO_COMMON_ENCRYPTION))
    assert isinstance(driver.screen, screens.Ended)
    driver.wait(1.1)
    assert driver.keys("#") == []


def test_with_allow_clear_a_second_key_calls_without_encryption() -> None:
    driver = Driver(CLEAR)
    refused(driver)
    driver.wait(1.1)
    driver.keys("#")
    driver.happen(on.CallFailed(driver.call.id, EndReason.NO_COMMON_ENCRYPTION))
    assert "# call without encryption" in shown(driver)
    driver.wait(1.1)
    (command,) = driver.keys("#")
    assert isinstance(command, do.PlaceCall)
    assert command.levels == (Security.CLEAR,)
    driver.happen(on.CallAnswered(driver.call.id), on.MediaChanged(driver.call.id, PLAIN))
    assert speaks(driver)
    assert driver.out.reminds, "a beep every ten seconds"
    assert "Not encrypted" in shown(driver)


def test_the_offer_restricts_again_what_was_restricted() -> None:
    driver = Driver()
    refused(driver, "*31#1002")
    driver.wait(1.1)
    (command,) = driver.keys("#")
    assert isinstance(command, do.PlaceCall)
    assert command.exposure.cause == "star code"


@pytest.mark.parametrize("reason", [r for r in EndReason if r is not EndReason.NO_COMMON_ENCRYPTION])
def test_no_other_end_offers_less(reason: EndReason) -> None:
    driver = Driver(CLEAR)
    driver.lift()
    driver.keys("1002#")
    driver.happen(on.CallFailed(driver.call.id, reason))
    driver.wait(1.1)
    assert driver.keys("#") == []


BARE = Media(codec="pcma", bare=True)


def placed(commands: list[do.Command]) -> list[do.Command]:
    return [command for command in commands if isinstance(command, do.PlaceCall)]


def test_who_answers_without_encryption_is_never_called_again() -> None:
    """One asked for ZRTP in RTP/AVP that knows only calls in clear: the call goes on after consent, with
    the offer of SDES, and in clear when that is refused too."""
    driver = Driver(CLEAR)
    talking(driver, BARE, "1002")
    assert "They answered without it. Provider could listen. # go on, or hang up" in shown(driver)
    assert driver.out.tone is Tone.WARNING
    assert not speaks(driver)
    assert not driver.out.voice
    assert driver.keys("#") == [], "a key pressed at once was not meant for it"
    driver.wait(1.1)
    done = driver.keys("#")
    assert do.GoOnWith(driver.call.id, Security.PROVIDER) in done
    again = driver.keys("#") + driver.happen(on.KeyReleased("#"))
    assert not any(isinstance(command, do.GoOnWith) for command in again), "it is being agreed"
    assert not speaks(driver)
    driver.happen(on.MediaChanged(driver.call.id, Media(codec="pcma")))
    driver.happen(on.MediaChanged(driver.call.id, BARE))
    assert "They answered without it. Anybody on the way could listen." in shown(driver)
    driver.wait(1.1)
    done += driver.keys("#")
    assert do.GoOnWith(driver.call.id, Security.CLEAR) in done
    driver.happen(on.MediaChanged(driver.call.id, PLAIN))
    assert speaks(driver)
    assert driver.out.reminds
    assert not placed(done)


def test_with_the_offer_of_sdes_taken_the_call_speaks() -> None:
    driver = Driver()
    talking(driver, BARE, "1002")
    driver.wait(1.1)
    driver.keys("#")
    driver.happen(on.MediaChanged(driver.call.id, SDES))
    assert speaks(driver)
    assert told(driver)["security"] == "provider"


def test_without_less_that_is_allowed_a_bare_answer_ends_the_call() -> None:
    refused_sdes, open_ = Driver(), Driver(replace(ACCOUNT, transport="udp"))
    talking(refused_sdes, BARE, "1002")
    refused_sdes.wait(1.1)
    refused_sdes.keys("#")
    refused_sdes.happen(on.MediaChanged(refused_sdes.call.id, Media(codec="pcma")))
    done = refused_sdes.happen(on.MediaChanged(refused_sdes.call.id, BARE))
    done_open = talking(open_, BARE, "1002")
    for driver, commands in ((refused_sdes, done), (open_, done_open)):
        (ended,) = driver.state.calls
        assert ended.reason is EndReason.NO_COMMON_ENCRYPTION
        assert do.EndCall(ended.id) in commands
        assert "They cannot encrypt" in shown(driver)
        driver.wait(1.1)
        assert driver.keys("#") == [], "it has rung there, and does not ring again"


def test_a_bare_answer_of_a_contact_who_had_better_is_told_so() -> None:
    driver = Driver()
    driver.state = replace(driver.state, reached=(Reached(BOB, END),))
    talking(driver, BARE)
    assert "without it, unlike before" in shown(driver)


def test_early_media_without_encryption_ask_nothing_yet() -> None:
    driver = Driver(CLEAR)
    driver.lift()
    driver.keys("1002#")
    driver.happen(on.EarlyMedia(driver.call.id), on.MediaChanged(driver.call.id, BARE))
    assert not speaks(driver)
    assert "without it" not in shown(driver)


def test_after_an_answer_without_keys_nobody_is_called_again() -> None:
    driver = Driver(CLEAR)
    talking(driver, Media(codec="pcma"), "1002")
    driver.happen(on.CallFailed(driver.call.id, EndReason.NO_COMMON_ENCRYPTION))
    driver.wait(1.1)
    assert driver.keys("#") == []


@pytest.mark.parametrize("reason", [EndReason.KEYS_DIFFER, EndReason.NO_KEYS])
def test_keys_that_do_not_match_are_not_called_a_lack(reason: EndReason) -> None:
    driver = Driver(CLEAR)
    talking(driver, Media(codec="pcma"), "1002")
    driver.happen(on.CallFailed(driver.call.id, reason))
    assert reason.value in shown(driver)
    assert "cannot encrypt" not in shown(driver)
    assert "all another way" in shown(driver)
    driver.wait(1.1)
    assert driver.keys("#") == []


def test_no_offer_after_a_protected_call_with_the_handset_down_or_over_open_signalling() -> None:
    answered = Driver(CLEAR)
    talking(answered, dtls(), "1002")
    answered.happen(on.CallFailed(answered.call.id, EndReason.NO_COMMON_ENCRYPTION))
    down = Driver(CLEAR)
    down.happen(on.DialAsked(BOB))
    down.happen(on.CallFailed(down.call.id, EndReason.NO_COMMON_ENCRYPTION))
    open_ = Driver(replace(ACCOUNT, transport="udp"))
    refused(open_)
    for driver in (answered, down, open_):
        driver.wait(1.1)
        assert driver.keys("#") == []


def test_by_policy_both_levels_are_tried_at_once() -> None:
    driver = Driver(PROVIDER)
    driver.lift()
    (command,) = driver.keys("1002#")
    assert isinstance(command, do.PlaceCall)
    assert command.levels == (END, Security.PROVIDER)


def test_an_emergency_call_is_never_stopped() -> None:
    """Whatever protects it or does not, and whatever was reached with whoever has that number."""
    driver = Driver(ACCOUNT)
    driver.state = replace(driver.state, reached=(Reached("sip:112@phone.test", VERIFIED, differed=True),))
    driver.lift()
    (command,) = driver.keys("112#")
    assert isinstance(command, do.PlaceCall)
    assert command.levels == (END, Security.PROVIDER, Security.CLEAR)
    for event in (on.EarlyMedia(driver.call.id), on.CallAnswered(driver.call.id)):
        driver.happen(event)
        for media in (Media(), PLAIN, SDES, zrtp(Continuity.CHANGED)):
            driver.happen(on.MediaChanged(driver.call.id, media))
            assert speaks(driver)
            assert driver.out.voice
            assert not driver.out.reminds
    assert told(driver)["security"] == "provider", "but it is never called more than it is"


# --- stopped calls ------------------------------------------------------------------------------------


def test_less_than_before_stops_the_call_before_any_sound() -> None:
    driver = Driver(PROVIDER)
    talking(driver, dtls())
    assert speaks(driver)
    assert driver.state.reached == (Reached(BOB, END, Keying.DTLS),)
    driver.hang_up()
    talking(driver, SDES)
    assert not speaks(driver)
    assert not driver.out.voice, "the microphone is closed"
    assert driver.out.tone is Tone.WARNING
    assert "Less protected" in shown(driver)
    assert "Before: end to end. Now: provider can listen." in shown(driver)
    assert told(driver)["warning"] == "Less protected"
    assert driver.keys("#") == [], "not before it stood for a second"
    assert not speaks(driver)
    driver.wait(1.1)
    assert driver.keys("123*") == []
    assert not speaks(driver)
    driver.keys("#")
    assert speaks(driver)
    assert driver.out.voice
    assert driver.out.tone is None
    assert driver.state.reached == (Reached(BOB, END, Keying.DTLS),), "what was reached is not forgotten"
    driver.hang_up()
    talking(driver, SDES)
    assert not speaks(driver), "and the next call is stopped again"


def test_a_stranger_is_not_remembered() -> None:
    driver = Driver(PROVIDER)
    talking(driver, dtls(), "1002")
    assert driver.state.reached == ()
    driver.hang_up()
    talking(driver, SDES, "1002")
    assert speaks(driver)


@pytest.mark.parametrize("party", [Party(BOB, anonymous=True), Party(BOB, doubt="forged")])
def test_a_caller_who_may_be_anybody_is_not_the_contact(party: Party) -> None:
    driver = Driver(PROVIDER)
    driver.happen(on.IncomingCall(CallId(2), party))
    driver.lift()
    driver.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), dtls()))
    assert driver.state.reached == ()


def test_less_in_mid_call_closes_the_sound_and_says_so() -> None:
    driver = Driver(PROVIDER)
    talking(driver, dtls())
    done = driver.happen(on.MediaChanged(driver.call.id, SDES))
    assert do.TellChange(driver.call.id) in done
    assert not speaks(driver)
    assert "Less protected" in shown(driver)
    driver.wait(1.1)
    driver.keys("#")
    assert speaks(driver)
    assert "Provider can listen" in shown(driver)
    done = driver.happen(on.MediaChanged(driver.call.id, dtls()))
    assert do.TellChange(driver.call.id) in done
    assert speaks(driver)
    done = driver.happen(on.MediaChanged(driver.call.id, PLAIN))
    assert not speaks(driver)
    assert shown(driver).endswith("Hang up"), "without allow_clear there is no key to go on"
    driver.wait(1.1)
    driver.keys("#")
    assert not speaks(driver)


def test_a_change_of_protection_connects_the_sound_anew() -> None:
    """The engine closes it at every change by itself; so it has to be told each time."""
    driver = Driver(PROVIDER)
    talking(driver, SDES)
    before = driver.out
    driver.happen(on.MediaChanged(driver.call.id, dtls()))
    assert differences(before, driver.out) == (
        do.LetSpeak(driver.call.id, allowed=False),
        do.LetSpeak(driver.call.id),
    )


def test_the_order_of_the_commands() -> None:
    """The sound is taken from the call before the device closes, and given before it opens."""
    quiet, loud = Outputs(), Outputs(voice=True, speaks=(CallId(1), END), reminds=True)
    assert differences(quiet, loud) == (do.LetSpeak(CallId(1)), do.OpenVoice(), do.RemindClear(True))
    assert differences(loud, quiet) == (
        do.LetSpeak(CallId(1), allowed=False),
        do.CloseVoice(),
        do.RemindClear(False),
    )


def test_in_a_private_call_nobody_can_be_known_again() -> None:
    known = (Reached(BOB, VERIFIED, Keying.ZRTP, zrtp=True),)
    driver = Driver(switch=SwitchPosition.PRIVATE)
    driver.state = replace(driver.state, reached=known)
    talking(driver, zrtp(Continuity.UNKNOWN))
    assert speaks(driver)
    assert "End to end" in shown(driver)
    assert "Not compared" in shown(driver)
    driver = Driver(switch=SwitchPosition.OPEN)
    driver.state = replace(driver.state, reached=known)
    talking(driver, zrtp(Continuity.UNKNOWN))
    assert not speaks(driver)


def test_another_far_end_than_before_is_an_alarm() -> None:
    driver = Driver()
    talking(driver, zrtp(Continuity.CHANGED))
    assert not speaks(driver)
    assert "Another far end" in shown(driver)
    driver.wait(1.1)
    driver.keys("#")
    assert speaks(driver)
    assert told(driver)["security"] == "provider", "somebody may be between: it is not called end to end"


# --- the code ------------------------------------------------------------------------------------------


def test_the_code_of_dtls_is_computed_and_shown() -> None:
    driver = Driver()
    done = talking(driver, dtls())
    assert do.CompareKeys(driver.call.id, OWN, KEY) in done
    assert told(driver)["code"] is None
    driver.happen(on.CodeComputed(driver.call.id, OWN, OTHER, "wrong"))
    assert told(driver)["code"] is None, "a code over other keys is nobody's"
    driver.happen(on.CodeComputed(driver.call.id, OWN, KEY, "kmmm jidc jd9p"))
    assert told(driver)["code"] == "kmmm jidc jd9p"
    hold(driver)
    assert "kmmm jidc jd9p" in shown(driver)
    driver.happen(on.MediaChanged(driver.call.id, dtls(OTHER)))
    assert told(driver)["code"] is None


def test_holding_the_star_shows_the_code_and_a_key_confirms_it() -> None:
    driver = Driver()
    talking(driver, zrtp())
    assert told(driver)["security"] == "end-to-end"
    assert hold(driver) == [], "it is no digit then"
    assert "k7xq" in shown(driver)
    assert "artist bandit" in shown(driver)
    done = driver.keys("1")
    assert do.CodeCompared(driver.call.id, same=True) in done
    assert do.KeepReached((Reached(BOB, VERIFIED, Keying.ZRTP, zrtp=True),)) in done
    assert told(driver)["security"] == "end-to-end-verified"
    assert isinstance(driver.screen, screens.InCall)
    driver.hang_up()
    talking(driver, zrtp(Continuity.SAME))
    assert told(driver)["security"] == "end-to-end-verified"
    assert speaks(driver)
    driver.hang_up()
    talking(driver, zrtp(Continuity.FIRST))
    assert not speaks(driver)
    assert "Not proven" in shown(driver)


def test_a_failed_comparison_stays_a_warning_until_one_succeeds() -> None:
    driver = Driver()
    talking(driver, zrtp())
    hold(driver)
    done = driver.keys("2")
    assert do.CodeCompared(driver.call.id, same=False) in done
    assert not speaks(driver)
    assert "Codes differed" in shown(driver)
    assert told(driver)["security"] == "provider"
    driver.hang_up()
    for _ in range(2):
        talking(driver, dtls())
        assert not speaks(driver)
        assert "Codes differed" in shown(driver)
        driver.wait(1.1)
        driver.keys("#")
        assert speaks(driver)
        assert told(driver)["security"] == "provider"
        driver.hang_up()
    talking(driver, dtls())
    driver.wait(1.1)
    driver.keys("#")
    driver.happen(on.CodeComputed(driver.call.id, OWN, KEY, "kmmm jidc"))
    hold(driver)
    driver.keys("1")
    assert told(driver)["security"] == "end-to-end-verified"
    driver.hang_up()
    talking(driver, dtls())
    assert speaks(driver)
    assert told(driver)["security"] == "end-to-end-verified"
    driver.hang_up()
    talking(driver, dtls(OTHER))
    assert not speaks(driver), "another certificate than the one that was verified"


def test_what_was_compared_does_not_count_for_other_keys() -> None:
    driver = Driver()
    talking(driver, dtls(), "1002")
    driver.happen(on.CodeComputed(driver.call.id, OWN, KEY, "kmmm jidc"))
    hold(driver)
    driver.keys("1")
    assert told(driver)["security"] == "end-to-end-verified"
    driver.happen(on.MediaChanged(driver.call.id, dtls(OTHER)))
    assert told(driver)["security"] == "end-to-end"


def test_without_a_code_nothing_can_be_confirmed() -> None:
    driver = Driver(PROVIDER)
    talking(driver, SDES)
    hold(driver)
    assert "No code: provider can listen" in shown(driver)
    assert driver.keys("1") == []
    assert told(driver)["security"] == "provider"
    assert isinstance(driver.screen, screens.InCall)
    driver.happen(on.MediaChanged(driver.call.id, dtls()))
    hold(driver)
    assert driver.keys("1") == [], "its code is not computed yet"
    assert told(driver)["security"] == "end-to-end"


def test_a_short_star_is_a_digit_in_its_place() -> None:
    driver = Driver()
    talking(driver, zrtp())
    done = [*hold(driver, seconds=0.2), *driver.keys("1")]
    assert done == [do.SendDigit(driver.call.id, "*"), do.SendDigit(driver.call.id, "1")]
    assert driver.happen(on.KeyPressed("*")) == []
    assert driver.keys("5") == [do.SendDigit(driver.call.id, "*"), do.SendDigit(driver.call.id, "5")]
    assert driver.happen(on.KeyReleased("*")) == []
    assert driver.call.digits == "*1*5"


# --- incoming ------------------------------------------------------------------------------------------


def clear_call(driver: Driver) -> list[do.Command]:
    return driver.happen(on.IncomingCall(CallId(2), Party(BOB), Security.CLEAR))


def test_an_incoming_call_in_clear_is_refused_by_default() -> None:
    driver = Driver()
    assert clear_call(driver) == [do.RefuseCall(CallId(2), 488)]
    assert driver.state.live is None


def test_an_incoming_call_in_clear_needs_a_key_of_its_own() -> None:
    driver = Driver(CLEAR)
    assert clear_call(driver) == [do.AlertCaller(CallId(2))]
    assert shown(driver).startswith("Unencrypted call")
    assert why_not(driver.state, on.AnswerAsked()), "software cannot answer it"
    assert driver.happen(on.KeyPressed("1")) == [], "not with the handset down"
    assert driver.lift() == [], "lifting shows it"
    assert "Not encrypted" in shown(driver)
    assert "1 answer # refuse" in shown(driver)
    assert driver.keys("1") == []
    driver.wait(1.1)
    assert driver.keys("1") == [do.AnswerCall(CallId(2))]
    driver.happen(on.CallAnswered(CallId(2)), on.MediaChanged(CallId(2), PLAIN))
    assert speaks(driver)
    assert driver.out.reminds


def test_an_incoming_call_in_clear_can_be_refused() -> None:
    driver = Driver(CLEAR)
    clear_call(driver)
    driver.lift()
    assert driver.keys("#") == [do.RefuseCall(CallId(2), 486)]
    clear_call(driver := Driver(CLEAR))
    driver.lift()
    assert driver.hang_up() == [do.RefuseCall(CallId(2), 486)]


def test_an_encrypted_call_is_answered_by_lifting() -> None:
    driver = Driver(CLEAR)
    driver.ring_in()
    assert driver.lift() == [do.AnswerCall(CallId(2))]


# --- what is kept ---------------------------------------------------------------------------------------


def test_it_is_kept_over_a_restart_and_wiped() -> None:
    driver = Driver()
    known = Reached(BOB, VERIFIED, Keying.ZRTP, zrtp=True)
    gone = Reached("sip:gone@phone.test", END)
    done = driver.happen(on.StoreChanged(loaded=True, reached=(known, gone)))
    assert done == [do.KeepReached((known,))], "who is no contact any more is not kept"
    assert driver.state.reached == (known,)
    assert driver.happen(on.StoreChanged(reached=())) == []
    assert driver.state.reached == (known,)
    driver.happen(on.WipeAsked())
    assert not driver.state.reached


def test_early_media_of_less_is_not_heard_either() -> None:
    driver = Driver()
    driver.state = replace(driver.state, reached=(Reached(BOB, END),))
    driver.lift()
    driver.keys("2#")
    driver.happen(on.EarlyMedia(driver.call.id), on.MediaChanged(driver.call.id, SDES))
    assert driver.call.state is CallState.EARLY
    assert not speaks(driver)
    assert driver.out.tone is Tone.WARNING
    assert driver.state.hook is Hook.OFF
    assert isinstance(driver.screen, screens.Warning)


def test_the_policy_that_the_rules_have_is_the_configured_one() -> None:
    assert PROVIDER.config.media.encryption is Encryption.PROVIDER
    assert ACCOUNT.config.media.encryption is Encryption.END_TO_END
