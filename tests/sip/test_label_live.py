"""The label in calls that become others: by transfer and by conference it is the new one within 200 ms, and
the change is heard. (By a re-INVITE: ``test_protection_live``.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest

from tests.bench.sides import Control
from tests.rig.agent import Agent
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.provider import header
from tests.rig.speech import RATE
from tests.rig.wavefile import Samples

pytestmark = pytest.mark.live

LIMIT_S = 0.2
CHANGE_HZ = (950, 1900)
"""What protects the call has changed: both at once."""
WARNING_HZ = 950
PIECE = RATE // 20


def shares(samples: Samples, *hertz: int) -> Iterator[list[float]]:
    """Of each 50 ms that are not silent: how much of the power is at these pitches."""
    for at in range(0, len(samples) - PIECE, PIECE):
        piece = samples[at : at + PIECE]
        if float(np.mean(piece**2)) < 1e-5:
            continue
        power = np.abs(np.fft.rfft(piece * np.hanning(PIECE))) ** 2
        yield [float(power[hz // 20 - 1 : hz // 20 + 2].sum() / power.sum()) for hz in hertz]


def told_of_change(samples: Samples) -> bool:
    return any(min(found) > 0.2 and sum(found) > 0.8 for found in shares(samples, *CHANGE_HZ))


def warned(samples: Samples) -> bool:
    return any(found[0] > 0.8 for found in shares(samples, WARNING_HZ))


@contextmanager
def watched(phone: Phone) -> Iterator[Control]:
    """A connection that carries what happens and what is shown, from now on."""
    with closing(Control(phone.socket)) as events:
        events.send("watch", frames=True)
        events.until(lambda event: event["event"] == "frame", "the first picture")
        yield events


def labelled(level: str, **more: object) -> Any:
    """A status with an active call of this level."""

    def fits(event: dict[str, Any]) -> bool:
        calls = [call for call in event.get("calls", []) if call["state"] == "active"]
        return any(
            call["security"] == level and all(call[name] == value for name, value in more.items())
            for call in calls
        )

    return fits


def tag(field: str) -> str:
    return field.partition(";tag=")[2].split(";")[0]


@pytest.mark.parametrize(("before", "after"), [("zrtp", "sdes"), ("sdes", "zrtp")])
def test_who_takes_the_place_of_another_changes_the_label(lab: Lab, before: str, after: str) -> None:
    """INVITE with Replaces: from keys between the ends to keys that the provider has, and back. The first
    closes the sound, for it is less than this call had.
    """
    carol = lab.add(Agent(lab.folder, lab.kit.far, user="carol", method=before))
    dave = lab.add(Agent(lab.folder, lab.kit.far, user="dave", method=after))
    vouches = ["P-Asserted-Identity: <$fu>"]
    registrar = lab.registrar(udp=True, routes={"carol": carol.uri}, adds=vouches)
    carol.proxy = dave.proxy = (registrar.address, registrar.port)
    cables = lab.cables()
    phone = lab.phone(cables=cables, codecs=["pcma"], encryption="provider")
    phone.privacy("open")
    levels = {"zrtp": "end-to-end", "sdes": "provider"}
    phone.hook("up")
    phone.keys("103#")
    carol.wait_state("active")
    first = phone.wait_call("active", security=levels[before], speaks=True)
    answered = next(text for text in reversed(carol.got) if text.startswith("ACK"))
    ours, theirs = tag(header(answered, "From")), tag(header(answered, "To"))
    dave.fields = {
        "Replaces": f"{header(answered, 'Call-ID')};to-tag={ours};from-tag={theirs}",
        "Require": "replaces",
    }
    with cables.listen() as ear, watched(phone) as events:
        began = time.monotonic()
        dave.dial("sip:alice@phone.test")
        events.until(labelled(levels[after]), f"the label {levels[after]}")
        seen = time.monotonic()
        dave.wait_keys()
        # Keys in SDP are there with the INVITE; of ZRTP's the far end knows when they are agreed.
        took = seen - (dave.leg.first["keys"] if after == "zrtp" else began)
        print(f"the label changed {1000 * took:.0f} ms after the keys")
        assert took < LIMIT_S
        ear.wait(1.5)
    assert first["id"] not in [call["id"] for call in phone.status()["calls"] if call["state"] == "active"]
    if after == "sdes":
        phone.wait_call("active", security="provider", speaks=False, warning="Less protected")
        assert warned(ear.samples())
    else:
        phone.wait_call("active", security="end-to-end", speaks=True)
        assert told_of_change(ear.samples())
    phone.hook("down")
    phone.wait_idle()


def test_a_conference_takes_the_label_of_its_weaker_leg_and_gives_it_back(lab: Lab) -> None:
    """Bob, whom the provider can hear, is held; Carol is spoken with end to end; then all three; then Bob
    hangs up."""
    lab.registrar()
    bob = lab.baresip("bob", codecs=["pcma"], encryption="sdes", answer="auto", says=None)
    lab.baresip("carol", codecs=["pcma"], answer="auto", says=None)
    cables = lab.cables()
    phone = lab.phone(cables=cables, codecs=["pcma"], encryption="provider")
    phone.privacy("open")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", security="provider", speaks=True)
    phone.do("call", "hold")
    phone.wait_call("held")
    phone.keys("103#")
    phone.wait_call("active", security="end-to-end", speaks=True)
    phone.wait_screen("end to end")
    time.sleep(0.5)
    phone.do("sim", "key", "0", "--hold", "1.2")
    with closing(Control(phone.socket)) as hand, watched(phone) as events:
        with cables.listen() as ear:
            pressed = time.monotonic()
            hand.ask("sim", what="key", keys=["3"])
            events.until(shows("provider can listen"), "the label of the weaker leg")
            took = time.monotonic() - pressed
            print(f"the label changed {1000 * took:.0f} ms after the key")
            assert took < LIMIT_S
            ear.wait(1.5)
        assert told_of_change(ear.samples())
        assert phone.status()["conference"]
        with cables.listen() as ear:
            over = time.monotonic()
            bob.hangup()
            events.until(shows("end to end"), "the label of who is left")
            took = time.monotonic() - over
            print(f"the label changed {1000 * took:.0f} ms after the BYE")
            assert took < LIMIT_S
            ear.wait(1.5)
        assert told_of_change(ear.samples())
    phone.hook("down")
    phone.wait_idle()


def shows(words: str) -> Any:
    """A picture with these words."""
    return lambda event: event["event"] == "frame" and words in " ".join(event["lines"]).lower()
