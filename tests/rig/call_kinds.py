"""Every way in which a call between the phone and bob goes, played to its end.

Each function leaves both ends idle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tests.rig.baresip import Baresip
from tests.rig.phone import Phone
from tests.rig.processes import RigError, wait_until

RTCP_S = 6.5
"""Seconds of speech until either end has sent an RTCP report."""


def out_answered(phone: Phone, bob: Baresip, seconds: float = RTCP_S) -> None:
    """The phone calls, bob answers; digits and reports pass; the phone hangs up."""
    mark = _dial(phone, bob)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    phone.keys("5")
    bob.wait_digits("5", since=mark)
    bob.wait_heard(seconds)
    _replace(phone, bob, mark)


def out_ended_by_bob(phone: Phone, bob: Baresip) -> None:
    """The phone calls, bob answers and hangs up: our 200 to his BYE."""
    mark = _dial(phone, bob)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    bob.hangup()
    _replace(phone, bob, mark)


def out_declined(phone: Phone, bob: Baresip) -> None:
    """The phone calls, bob declines: the INVITE and our ACK to his refusal."""
    mark = _dial(phone, bob)
    bob.hangup()
    _replace(phone, bob, mark)


def out_cancelled(phone: Phone, bob: Baresip) -> None:
    """The phone calls and gives up while bob rings: CANCEL."""
    mark = _dial(phone, bob)
    _replace(phone, bob, mark)


def out_held_there(phone: Phone, bob: Baresip) -> None:
    """Bob holds the call and takes it back: our answers to his re-INVITEs (RFC 3264 section 8.4)."""
    mark = _dial(phone, bob)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    for number_of_holds, order in enumerate(("hold", "resume"), 1):
        bob.command(order)
        _wait_answers(phone, "INVITE", number_of_holds, 200)
    bob.hangup()
    _replace(phone, bob, mark)


def in_transfer_asked_there(phone: Phone, bob: Baresip) -> None:
    """Bob calls, and wants the phone to call somebody else (RFC 3515): it asks its user, who says no."""
    _ring(phone, bob)
    phone.hook("up")
    phone.wait_call("active", security="end-to-end")
    bob.command("transfer", "sip:somebody@phone.test")
    _wait_answers(phone, "REFER", 1, 202)
    phone.wait_screen("wants to connect you")
    time.sleep(1.1)  # a question stands that long before a key answers it
    phone.keys("#")
    phone.hook("down")
    phone.wait_idle()


def out_held_here(phone: Phone, bob: Baresip) -> None:
    """The phone holds the call and takes it back: our re-INVITEs."""
    mark = _dial(phone, bob)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    for order, state in (("hold", "held"), ("resume", "active")):
        phone.do("call", order)
        phone.wait_call(state)
        time.sleep(0.5)  # the far end has answered
    _replace(phone, bob, mark)


def out_transferred(phone: Phone, bob: Baresip) -> None:
    """The phone asks bob to call somebody else, who is not there: our REFER, our answers to his NOTIFYs."""
    _dial(phone, bob)
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    phone.do("call", "transfer", "sip:nobody@phone.test")
    phone.wait_screen("transfer failed")
    phone.hook("down")
    phone.wait_idle()


def in_answered(phone: Phone, bob: Baresip, seconds: float = RTCP_S) -> None:
    """Bob calls, the phone answers and hangs up: our 180, 200 and BYE."""
    mark = _ring(phone, bob)
    phone.hook("up")
    bob.wait_established(since=mark)
    phone.wait_call("active", security="end-to-end")
    bob.wait_heard(seconds)
    _replace(phone, bob, mark)


def in_declined(phone: Phone, bob: Baresip) -> None:
    """Bob calls, the phone declines."""
    mark = _ring(phone, bob)
    phone.do("hangup")
    bob.wait_closed(since=mark)
    phone.wait_idle()


def in_cancelled(phone: Phone, bob: Baresip) -> None:
    """Bob calls and gives up: our 487."""
    mark = _ring(phone, bob)
    bob.hangup()
    bob.wait_closed(since=mark)
    phone.wait_idle()


ALL: Mapping[str, Callable[[Phone, Baresip], None]] = {
    "outgoing, answered": out_answered,
    "outgoing, ended by the far end": out_ended_by_bob,
    "outgoing, declined there": out_declined,
    "outgoing, cancelled here": out_cancelled,
    "outgoing, held by the far end": out_held_there,
    "outgoing, held by the phone": out_held_here,
    "outgoing, transferred by the phone": out_transferred,
    "incoming, answered": in_answered,
    "incoming, the far end asks for a transfer": in_transfer_asked_there,
    "incoming, declined here": in_declined,
    "incoming, cancelled there": in_cancelled,
}


def number(phone: Phone, user: str) -> str:
    """What one dials to reach ``user``."""
    if phone.registrar is None:
        raise RigError("there are numbers only with a registrar")
    return phone.registrar.numbers[user]


def _dial(phone: Phone, bob: Baresip) -> int:
    mark = bob.mark()
    phone.hook("up")
    phone.keys(f"{number(phone, bob.user)}#")
    bob.wait_incoming(since=mark)
    phone.wait_call("ringing", direction="out")
    return mark


def _ring(phone: Phone, bob: Baresip) -> int:
    mark = bob.mark()
    bob.dial(number(phone, phone.user))
    phone.wait_call("ringing", direction="in")
    bob.wait_ringing(since=mark)
    return mark


def _wait_answers(phone: Phone, method: str, count: int, status: int) -> None:
    """Wait for so many answers of the phone to bob's requests of this kind."""
    assert phone.registrar is not None
    ours = f"{phone.address}:"
    wait_until(
        lambda: (
            len(
                phone.registrar.messages(  # type: ignore[union-attr]
                    lambda m: m.source.startswith(ours) and m.status == status and m.cseq_method == method
                )
            )
            >= count
        ),
        8,
        f"{count} answers {status} to {method}",
    )


def _replace(phone: Phone, bob: Baresip, mark: int) -> None:
    phone.hook("down")
    bob.wait_closed(since=mark)
    phone.wait_idle()
