"""The volume by the keys, and what the display and the digits make of it."""

from __future__ import annotations

from typing import Any

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.volume import Volumes
from firmware.phone.display import screens
from firmware.phone.display.words import lines
from firmware.phone.loop import differences
from firmware.phone.machine.knob import HOLD, LEFT_ALONE
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.screening import Policy, Ring
from firmware.phone.values import CallId, Media, Party, Security
from tests.unit.machine.driver import ACCOUNT, Driver

CALL = CallId(1)


def talking() -> Driver:
    it = Driver()
    it.lift()
    it.happen(on.DialAsked("sip:bob@phone.test"), on.CallAnswered(CALL))
    it.happen(on.MediaChanged(CALL, Media(Security.END_TO_END, "AEAD_AES_256_GCM", "opus")))
    return it


def turning() -> Driver:
    it = talking()
    it.happen(on.KeyPressed("#"))
    it.wait(HOLD + 0.1)
    assert it.happen(on.KeyReleased("#")) == []
    return it


def shown(it: Driver) -> str:
    assert isinstance(it.screen, screens.InCall)
    return it.screen.volume


def tap(it: Driver, key: str) -> list[do.Command]:
    return it.happen(on.KeyPressed(key), on.KeyReleased(key))


def test_a_held_hash_makes_2_and_8_the_volume() -> None:
    it = turning()
    assert shown(it) == "Volume 4 of 8: 2+ 8-"
    assert tap(it, "2") == [do.KeepVolumes(Volumes(handset=5))]
    assert shown(it) == "Volume 5 of 8: 2+ 8-" in lines(it.screen)
    assert it.out.volumes == Volumes(handset=5)
    for _ in range(6):
        tap(it, "8")
    assert it.state.volumes == Volumes(handset=0)
    assert tap(it, "8") == [], "nothing to keep at the end of the way"
    assert it.call.digits == ""


def test_it_ends_by_a_key_that_is_not_sent() -> None:
    it = turning()
    assert tap(it, "#") == []
    assert shown(it) == ""
    assert tap(it, "2") == [do.SendDigit(CALL, "2")]


def test_it_ends_by_itself_and_each_turn_makes_it_longer() -> None:
    it = turning()
    it.wait(LEFT_ALONE - 1)
    tap(it, "2")
    it.wait(LEFT_ALONE - 1)
    assert shown(it)
    it.wait(1.1)
    assert shown(it) == ""
    assert tap(it, "8") == [do.SendDigit(CALL, "8")]


def test_another_digit_is_sent_all_the_same() -> None:
    it = turning()
    assert tap(it, "5") == [do.SendDigit(CALL, "5")]


def test_a_short_hash_is_a_digit_when_it_is_released() -> None:
    it = talking()
    assert it.happen(on.KeyPressed("#")) == []
    it.wait(0.3)
    assert it.happen(on.KeyReleased("#")) == [do.SendDigit(CALL, "#")]
    assert it.call.digits == "#"
    it.wait(HOLD + 1)
    assert shown(it) == ""


def test_it_ends_with_the_call_and_the_volume_stays() -> None:
    it = turning()
    tap(it, "2")
    it.hang_up()
    assert it.state.knob_until is None
    assert it.state.volumes == Volumes(handset=5)


def test_a_hash_that_was_held_into_the_end_of_the_call_is_forgotten() -> None:
    it = talking()
    it.happen(on.KeyPressed("#"))
    it.hang_up()
    assert it.happen(on.KeyReleased("#")) == []
    assert it.state.knob_hash_at is None


def test_while_it_rings_2_and_8_are_the_ringer() -> None:
    it = Driver()
    it.ring_in()
    assert tap(it, "2") == [do.KeepVolumes(Volumes(ringer=7))]
    tap(it, "8")
    assert tap(it, "8") == [do.KeepVolumes(Volumes(ringer=5))]
    assert it.out.bell
    assert tap(it, "5") == []


def test_a_call_without_a_bell_has_no_bell_to_turn() -> None:
    it = Driver(ACCOUNT.__class__(**vars(ACCOUNT) | {"screening": Policy(unknown=Ring.SILENT)}))
    it.happen(on.IncomingCall(CallId(2), Party("sip:eve@phone.test")))
    assert it.call.silent
    assert tap(it, "2") == []


def test_the_drivers_hear_of_it_at_the_start_and_when_it_changes() -> None:
    first = Outputs(volumes=Volumes())
    louder = Outputs(volumes=Volumes(handset=5))
    assert do.SetVolumes(Volumes()) in differences(Outputs(volumes=None), first)
    assert differences(first, louder) == (do.SetVolumes(Volumes(handset=5)),)
    assert differences(louder, louder) == ()


def test_what_was_kept_counts_at_the_start_and_a_wipe_forgets_it() -> None:
    it = Driver()
    kept: Any = Volumes(handset=7, ringer=2)
    it.happen(on.StoreChanged(loaded=True, volumes=kept))
    assert it.out.volumes == kept
    it.happen(on.StoreChanged(volumes=Volumes()))
    assert it.out.volumes == kept, "only the first word after a start counts"
    it.happen(on.WipeAsked())
    assert it.out.volumes == Volumes()


def test_keys_that_overlap_keep_their_order() -> None:
    it = talking()
    assert it.happen(on.KeyPressed("#"), on.KeyPressed("5"), on.KeyReleased("#")) == [
        do.SendDigit(CALL, "#"),
        do.SendDigit(CALL, "5"),
    ]
    assert it.call.digits == "#5"
    assert it.happen(on.KeyPressed("*"), on.KeyPressed("#"), on.KeyReleased("#")) == [
        do.SendDigit(CALL, "*"),
        do.SendDigit(CALL, "#"),
    ]


def test_the_page_with_the_code_has_its_own_keys() -> None:
    it = talking()
    it.happen(on.KeyPressed("*"))
    it.wait(HOLD + 0.1)
    it.happen(on.KeyReleased("*"))
    assert it.call.protection.page
    it.happen(on.KeyPressed("#"))
    assert not it.call.protection.page
    assert it.state.knob_hash_at is None
