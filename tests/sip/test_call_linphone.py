"""Calls with a second independent telephone, which is not built like the first: Debian's linphone."""

from __future__ import annotations

import time

import pytest

from tests.rig import speech
from tests.rig.lab import Lab
from tests.rig.speech import GOOD
from tests.sip.test_call_baresip import AUDIBLE_DB, JUDGED_S, loudest_db

pytestmark = pytest.mark.live


def test_speech_passes_both_ways(lab: Lab) -> None:
    """A call to it, with DTLS-SRTP."""
    codec = "opus"
    lab.registrar()
    there, here = lab.cables("bob"), lab.cables()
    bob = lab.linphone(cables=there, codecs=[codec])
    phone = lab.phone(cables=here)
    phone.hook("up")
    phone.keys("102#")
    bob.wait_call("IncomingReceived")
    bob.accept()
    call = phone.wait_call("active", security="end-to-end")
    assert call["codec"] == codec
    with (
        there.speak(lab.kit.far.file()),
        here.speak(lab.kit.near.file()),
        there.listen() as bob_heard,
        here.listen() as phone_heard,
    ):
        bob_heard.wait(JUDGED_S + 1)
        phone_heard.wait(0.1)
    near = speech.score(lab.kit.near, bob_heard.samples(), 1.5)
    far = speech.score(lab.kit.far, phone_heard.samples(), 1.5)
    print(f"{codec}: linphone hears {near}; the phone's ear {far}")
    assert near.passes(GOOD[codec]), f"from the phone to linphone: {near}"
    assert far.passes(GOOD[codec]), f"from linphone to the phone: {far}"
    phone.hook("down")
    bob.wait_call("End")
    phone.wait_idle()


def test_by_policy_keys_may_pass_through_the_provider(lab: Lab) -> None:
    """With SDES, in G.711."""
    lab.registrar()
    bob = lab.linphone(codecs=["pcma"], encryption="sdes", answers=True)
    phone = lab.phone(encryption="provider")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", security="provider", codec="pcma")
    phone.keys("7")
    bob.wait_digits("7")


def test_hold_transfer_and_digits(lab: Lab) -> None:
    """It calls; digits pass; twice it holds the call and takes it back; a wish to transfer asks the user."""
    registrar = lab.registrar()
    there, here = lab.cables("bob"), lab.cables()
    bob = lab.linphone(cables=there)
    phone = lab.phone(cables=here)
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    phone.wait_call("active", security="end-to-end", direction="in")
    phone.keys("12#*0")
    bob.wait_digits("12#*0")
    with phone.watch() as seen:
        seen.wait_for("status", 8)
        bob.send_dtmf("4")
        seen.wait_for("digit-received", 8)
    for _ in range(2):
        mark = bob.mark()
        bob.pause()
        bob.wait_call("Paused", since=mark)
        phone.wait_screen("on hold")
        assert "Securing" not in phone.screen()
        bob.resume()
        bob.wait_call("StreamsRunning", since=mark)
        phone.wait_call("active", security="end-to-end")
        assert "on hold" not in phone.screen()
    with there.speak(lab.kit.far.file()), here.listen() as heard:
        assert loudest_db(heard.wait(2).samples()) > AUDIBLE_DB, "after the hold"
    bob.transfer("carol")
    phone.wait_screen("bob wants to connect you to carol")
    time.sleep(1.1)  # a question stands that long before a key answers it
    phone.keys("#")
    registrar.wait_message(
        lambda message: message.method == "NOTIFY" and "SIP/2.0 603" in message.body, 5, "our refusal"
    )
    phone.wait_call("active", security="end-to-end")
    assert not [message for message in registrar.requests("INVITE") if "carol" in message.first_line]
    bob.hangup()
    phone.wait_screen("they hung up")


def test_it_gives_up_and_it_declines(lab: Lab) -> None:
    """Its CANCEL ends our ringing; when it declines, our display says so in words."""
    lab.registrar()
    bob = lab.linphone()
    phone = lab.phone()
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    bob.wait_call("OutgoingRinging")
    bob.hangup()
    phone.wait_idle()
    mark = bob.mark()
    phone.hook("up")
    phone.keys("102#")
    bob.wait_call("IncomingReceived", since=mark)
    bob.hangup()
    phone.wait_screen("declined|busy")


@pytest.mark.parametrize("encryption", ["sdes", "none"])
def test_less_than_end_to_end_is_refused(lab: Lab, encryption: str) -> None:
    """By default neither its SDES nor its clear media come about; it takes ours if nothing binds it."""
    lab.registrar()
    bob = lab.linphone(encryption=encryption, answers=True)
    phone = lab.phone()
    mark = bob.mark()
    bob.dial("alice")
    bob.wait_call("Error", since=mark)
    assert all(call["state"] == "ended" for call in phone.status()["calls"])
    phone.hook("up")
    phone.keys("102#")
    if encryption == "none":
        phone.wait_call("active", security="end-to-end")
    else:
        phone.wait_screen("encryption")
