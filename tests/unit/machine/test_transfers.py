"""Transfer by us, of us and to us."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config
from firmware.phone.config import Media as MediaOptions
from firmware.phone.display import screens
from firmware.phone.display.words import lines
from firmware.phone.machine import transfers
from firmware.phone.values import (
    CallId,
    CallState,
    Encryption,
    EndReason,
    Feature,
    Media,
    Party,
    Security,
    SwitchPosition,
)
from tests.unit.machine.driver import ACCOUNT, PROVIDER, Driver
from tests.unit.machine.test_several import ONE, SECURE, TWO, function, states, talking, tap, two

CAROL = "sip:carol@phone.test"
CAROLS = "a-call;to-tag=1;from-tag=2"


def test_blind_holds_asks_for_a_number_and_sends_it() -> None:
    it = talking()
    assert function(it, "4") == [do.HoldCall(ONE)]
    assert "Transfer to: number, #" in lines(it.screen)
    assert tap(it, "31#") == [do.TransferCall(ONE, "sip:31@phone.test")]
    assert "Transferring …" in lines(it.screen)
    assert it.happen(on.TransferProgress(ONE, 180)) == []
    assert it.happen(on.TransferProgress(ONE, 200)) == [do.EndCall(ONE)]
    assert it.state.calls[0].reason is EndReason.TRANSFERRED


def test_a_failed_transfer_gives_the_call_back() -> None:
    it = talking()
    function(it, "4")
    tap(it, "31#")
    assert it.happen(on.TransferProgress(ONE, 486)) == []
    assert "Transfer failed" in lines(it.screen)
    assert tap(it, "#") == [do.ResumeCall(ONE)]


def test_attended_asks_one_to_take_our_place_with_the_other() -> None:
    it = two()
    assert function(it, "4") == [do.HoldCall(TWO), do.TransferTo(ONE, TWO)]
    done = it.happen(on.TransferProgress(ONE, 200))
    assert done == [do.EndCall(ONE), do.EndCall(TWO)]


def test_attended_when_the_replaced_end_hangs_up_first() -> None:
    it = two()
    function(it, "4")
    it.happen(on.CallFailed(TWO, EndReason.PEER_HUNG_UP))
    assert it.wait(transfers.LEFT + 0.1) == [do.EndCall(ONE)]


def test_before_the_answer_the_second_call_is_given_up_for_a_blind_one() -> None:
    it = talking()
    function(it, "2")
    tap(it, "31#")
    it.happen(on.RemoteRinging(TWO))
    assert it.happen(on.FeatureAsked(Feature.TRANSFER)) == [
        do.EndCall(TWO),
        do.TransferCall(ONE, "sip:31@phone.test"),
    ]


def test_the_handset_may_go_down_before_it_is_decided() -> None:
    it = talking()
    function(it, "4")
    tap(it, "31#")
    assert it.hang_up() == []
    assert it.happen(on.TransferProgress(ONE, 200)) == [do.EndCall(ONE)]
    it = talking()
    function(it, "4")
    tap(it, "31#")
    it.hang_up()
    assert it.wait(transfers.LIMIT + 0.1) == [do.EndCall(ONE)], "nothing is heard of it"


def test_nobody_is_transferred_to_an_emergency_service() -> None:
    it = talking()
    function(it, "4")
    done = tap(it, "112#")
    assert not [command for command in done if isinstance(command, do.TransferCall)]
    assert [c.exposure.cause for c in done if isinstance(c, do.PlaceCall)] == ["emergency"]


def referred(it: Driver, uri: str = CAROL) -> list[do.Command]:
    return it.happen(on.TransferAsked(ONE, 7, uri, CAROLS))


def test_a_wish_waits_for_the_user_and_for_its_guard() -> None:
    it = talking()
    assert referred(it) == []
    assert lines(it.screen) == [
        "Transfer?",
        "Bob wants to connect you to carol@phone.test",
        "1 call # stay",
    ]
    assert tap(it, "1") == [], "pressed before it could be read"
    it.wait(1.1)
    held, placed = tap(it, "1")
    assert held == do.HoldCall(ONE)
    assert isinstance(placed, do.PlaceCall)
    assert (placed.uri, placed.replaces) == (CAROL, CAROLS)
    assert it.happen(on.RemoteRinging(TWO)) == [do.TellReferrer(7, 180)]
    assert it.happen(on.CallAnswered(TWO)) == [do.TellReferrer(7, 200)]


@pytest.mark.parametrize("uri", ["sip:112@phone.test", "112", "sip:x@y;method=BYE", ""])
def test_who_cannot_be_called_so_is_refused_without_a_question(uri: str) -> None:
    it = talking()
    assert referred(it, uri) == [do.TellReferrer(7, 603)]
    assert isinstance(it.screen, screens.InCall)


def test_no_and_hanging_up_refuse() -> None:
    it = talking()
    referred(it)
    it.wait(1.1)
    assert tap(it, "#") == [do.TellReferrer(7, 603)]
    referred(it)
    assert set(it.hang_up()) == {do.EndCall(ONE), do.TellReferrer(7, 603)}


def test_by_configuration_nobody_asks() -> None:
    phone = replace(Config().phone, transfers=False)
    it = talking()
    it.rules = replace(ACCOUNT, config=Config(phone=phone))
    assert referred(it) == [do.TellReferrer(7, 603)]


def test_the_new_call_shows_no_more_and_asks_no_less() -> None:
    it = Driver(PROVIDER)
    it.lift()
    it.keys("*31#2#")
    it.happen(on.CallAnswered(ONE), on.MediaChanged(ONE, SECURE))
    referred(it)
    it.wait(1.1)
    (placed,) = [c for c in tap(it, "1") if isinstance(c, do.PlaceCall)]
    assert placed.exposure.private, "as the call before"
    assert placed.levels == (Security.END_TO_END,), "SDES would have done, but the call had more"
    it = talking()
    it.happen(on.PrivacySwitched(SwitchPosition.PRIVATE))
    referred(it)
    it.wait(1.1)
    (placed,) = [c for c in tap(it, "1") if isinstance(c, do.PlaceCall)]
    assert placed.exposure.private


def test_who_takes_the_place_is_silent_until_judged_and_heard_to_come() -> None:
    it = talking()
    new = CallId(2)
    assert it.happen(on.CallReplaced(ONE, new, Party(CAROL))) == [do.TellChange(new)]
    assert it.out.speaks is None
    assert it.happen(on.CallFailed(ONE, EndReason.PEER_HUNG_UP)) == []
    it.happen(on.CallAnswered(new), on.MediaChanged(new, SECURE))
    assert states(it) == {new: CallState.ACTIVE}
    assert it.out.speaks == (new, Security.END_TO_END)
    assert "Now: carol" in lines(it.screen)


def test_who_takes_the_place_with_less_is_stopped() -> None:
    it = Driver(replace(ACCOUNT, config=Config(media=MediaOptions(Encryption.PROVIDER))))
    it.lift()
    it.keys("31#")
    it.happen(on.CallAnswered(ONE), on.MediaChanged(ONE, SECURE))
    new = CallId(2)
    it.happen(on.CallReplaced(ONE, new, Party(CAROL)), on.CallAnswered(new))
    it.happen(on.MediaChanged(new, Media(Security.PROVIDER)))
    assert it.out.speaks is None
    assert isinstance(it.screen, screens.Warning)


def test_nobody_takes_the_place_of_a_held_call() -> None:
    it = two()
    assert it.happen(on.CallReplaced(ONE, CallId(2), Party(CAROL))) == [do.EndCall(CallId(2))]
