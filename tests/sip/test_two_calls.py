"""Hold, swap, waiting, conference and transfer with two independent telephones, the sound on each leg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.rig import speech
from tests.rig.baresip import Baresip
from tests.rig.cables import Cables
from tests.rig.lab import Lab
from tests.rig.linphone import Linphone
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.rig.wavefile import Samples

pytestmark = pytest.mark.live

AUDIBLE_DB = -45.0
"""A level in dBFS that a voice exceeds and a silent line does not."""


def function(phone: Phone, digit: str) -> None:
    """Hold 0, then a digit."""
    phone.do("sim", "key", "0", "--hold", "1.2")
    phone.keys(digit)


def level(samples: Samples) -> float:
    """The level in dBFS of what was recorded."""
    return 10 * float(np.log10(np.mean(samples**2) + 1e-12)) if len(samples) else -120.0


def hears(cables: Cables, seconds: float = 1.5) -> bool:
    """Whether a voice comes out in the time that comes."""
    with cables.listen() as heard:
        heard.wait(seconds + 0.3)
    return level(heard.samples()) > AUDIBLE_DB


def carol_hears(carol: Baresip, seconds: float = 1.5) -> bool:
    """The same of a baresip; not of one that was held: it records no more then, version 1.0.0."""
    start = carol.heard() + 0.3
    wait_until(lambda: carol.heard() >= start + seconds, seconds + 8, "carol's recording")
    heard = speech.read(carol.recording())
    return level(heard[int(start * speech.RATE) :]) > AUDIBLE_DB


def states(phone: Phone) -> list[str]:
    return [call["state"] for call in phone.status()["calls"] if call["state"] != "ended"]


@dataclass
class Ends:
    """The phone; bob, a linphone; carol, a baresip, who is silent. Each ear and mouth on cables."""

    lab: Lab
    phone: Phone
    here: Cables
    bob: Linphone
    there: Cables
    carol: Baresip

    def bob_answers(self) -> None:
        """The phone calls bob."""
        self.phone.hook("up")
        self.phone.keys("102#")
        self.bob.wait_call("IncomingReceived")
        self.bob.accept()
        self.phone.wait_call("active", security="end-to-end")

    def carol_answers(self) -> None:
        """The phone, with bob on hold, calls carol."""
        self.phone.keys("103#")
        self.carol.wait_incoming()
        self.carol.accept()
        self.phone.wait_call("active", security="end-to-end")

    def two_calls(self) -> None:
        """Bob is held, carol is spoken with."""
        self.bob_answers()
        function(self.phone, "2")
        self.phone.wait_call("held")
        self.phone.wait_screen("on hold .* back")
        self.carol_answers()


@pytest.fixture
def ends(lab: Lab) -> Ends:
    lab.registrar()
    there, here = lab.cables("bob"), lab.cables()
    bob = lab.linphone(cables=there, codecs=["pcma"])
    carol = lab.baresip("carol", codecs=["pcma"], says=None)
    phone = lab.phone(cables=here)
    phone.privacy("open")
    return Ends(lab, phone, here, bob, there, carol)


def test_hold_is_silence_both_ways_and_swap_changes_who(ends: Ends) -> None:
    """And mute: they hear nothing, we hear on."""
    phone, kit = ends.phone, ends.lab.kit
    with ends.here.speak(kit.near.file()), ends.there.speak(kit.far.file()):
        ends.two_calls()
        assert states(phone) == ["held", "active"]
        assert not hears(ends.there)
        assert carol_hears(ends.carol)
        assert not hears(ends.here), "bob, who speaks, is held"
        function(phone, "2")
        wait_until(lambda: states(phone) == ["active", "held"], 5, "swap")
        assert hears(ends.there)
        assert hears(ends.here)
        function(phone, "5")
        phone.wait_screen("muted")
        assert phone.status()["muted"]
        assert not hears(ends.there)
        assert hears(ends.here)
        function(phone, "5")
        assert hears(ends.there)
    phone.hook("down")
    phone.wait_idle()
    ends.bob.wait_call("End")
    ends.carol.wait_closed()


def test_three_hear_each_other(ends: Ends) -> None:
    """Mixed here: carol hears bob through us, and no longer when he is gone."""
    phone = ends.phone
    with ends.there.speak(ends.lab.kit.far.file()):
        ends.two_calls()
        assert not carol_hears(ends.carol)
        function(phone, "3")
        phone.wait_screen(r"102 \+ 103|103 \+ 102")
        assert phone.status()["conference"]
        assert carol_hears(ends.carol)
        assert hears(ends.here)
        ends.bob.hangup()
        wait_until(lambda: states(phone) == ["active"], 5, "one left")
    assert not phone.status()["conference"]
    assert not carol_hears(ends.carol)
    phone.hook("down")
    ends.carol.wait_closed()


def test_attended_transfer_joins_the_two_without_us(lab: Lab) -> None:
    """REFER with Replaces (RFC 5589 section 7): both calls end here, and the two linphones talk."""
    lab.registrar()
    there, far = lab.cables("bob"), lab.cables("carol")
    bob = lab.linphone("bob", cables=there, codecs=["pcma"])
    carol = lab.linphone("carol", cables=far, codecs=["pcma"])
    phone = lab.phone()
    phone.privacy("open")
    phone.hook("up")
    for number, end in (("102#", bob), ("103#", carol)):
        phone.keys(number)
        end.wait_call("IncomingReceived")
        end.accept()
        phone.wait_call("active", security="end-to-end")
        if end is bob:
            phone.do("call", "hold")
    assert not hears(far)
    function(phone, "4")
    phone.wait_idle(12)
    assert "Transferred" in {call["reason"] for call in phone.status()["calls"]}
    with there.speak(lab.kit.far.file()):
        assert hears(far, 3), "carol hears bob"
    phone.hook("down")


def test_blind_transfer(lab: Lab) -> None:
    """The function, a number, and bob calls carol; our call ends when she has answered."""
    lab.registrar()
    bob, carol = lab.baresip("bob", codecs=["pcma"]), lab.baresip("carol", codecs=["pcma"], says=None)
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    function(phone, "4")
    phone.wait_screen("transfer to")
    phone.keys("103#")
    carol.wait_incoming()
    assert states(phone) == ["held"]
    carol.accept()
    phone.wait_idle(12)
    assert carol_hears(carol, 3)
    phone.hook("down")


def test_a_transfer_that_fails_gives_the_call_back(ends: Ends) -> None:
    """Nobody is at that number: the display says so, and # goes back to bob."""
    phone = ends.phone
    ends.bob_answers()
    function(phone, "4")
    phone.keys("199#")
    phone.wait_screen("transfer failed")
    phone.keys("#")
    phone.wait_call("active")
    with ends.there.speak(ends.lab.kit.far.file()):
        assert hears(ends.here, 3)
    phone.hook("down")
    phone.wait_idle()


def test_a_second_caller_waits_and_is_taken(ends: Ends) -> None:
    """The tone is heard, the display names the caller, one function takes the call and holds the other."""
    phone, carol = ends.phone, ends.carol
    ends.bob_answers()
    assert not hears(ends.here)
    carol.dial("alice")
    phone.wait_screen("carol calls")
    carol.wait_ringing()
    assert hears(ends.here, 4.5), "the tone of call waiting"
    function(phone, "2")
    carol.wait_established()
    wait_until(lambda: states(phone) == ["held", "active"], 5, "taken")
    phone.hook("down")
    phone.wait_idle()
