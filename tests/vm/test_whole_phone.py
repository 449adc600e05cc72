"""The daemon with nothing simulated in it: pressed by wires, seen on the glass, heard by cable."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from firmware.phone.values import Light, Security
from tests.rig import wavefile
from tests.rig.processes import wait_until
from tests.rig.speech import GOOD, PERIOD_S
from tests.vm.devices import rebind, sounding
from tests.vm.figures import Figures
from tests.vm.house import CODEC, House

JUDGED_S = PERIOD_S + 1.5
"""Seconds of recording for one score."""

AUDIBLE = 0.05
"""Of full scale: a voice exceeds it, a silent line does not."""

BROKEN = ("floating", "short")
"""Both lines high (a wire broken, no switch there), both low."""


def test_a_call_is_dialled_on_the_wires_and_speech_passes_both_ways(house: House, figures: Figures) -> None:
    phone = house.phone
    with phone.speak(house.near), house.call(), phone.listen() as heard:
        heard.wait(JUDGED_S)
        house.bob.wait_heard(JUDGED_S)
        _, sent = wavefile.read(house.bob.recording())
        wait_until(lambda: phone.label() is Security.END_TO_END, 10, "the label on the glass", every=0.2)
        phone.keep("call")
        assert phone.wait_call("active")["security"] == "end-to-end"
        assert sounding("Handset", "c") == 1
    assert sounding("Handset", "c") == 0, "the microphone is closed after the call"
    judged = {
        "ear": house.quality(house.lab.kit.far, heard.samples()),
        "far end": house.quality(house.lab.kit.near, sent),
    }
    for where, quality in judged.items():
        figures.one(f"speech at the {where}", "PESQ-WB", quality)
    assert min(judged.values()) >= GOOD[CODEC].pesq, str(judged)


def test_the_handset_rings_and_the_light_blinks(house: House) -> None:
    phone = house.phone
    mark = house.bob.mark()
    house.bob.dial("alice")
    phone.wait_call("ringing", 20, direction="in")
    wait_until(lambda: sounding("Ringer") == 1, 10, "the ringer")
    wait_until(lambda: phone.lit(Light.RINGING), 5, "the ringing light")
    phone.keep("ringing")
    phone.hook("up")
    phone.wait_call("active", 20, direction="in")
    wait_until(lambda: sounding("Ringer") == 0, 5, "the ringer to end")
    phone.hook("down")
    house.bob.wait_closed(20, mark)
    phone.wait_idle(20)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_switch_is_private(house: House, fault: str) -> None:
    """From either position: what the watcher sees, the glass, the light and the next call are private."""
    phone = house.phone
    house.see("closed")
    phone.privacy(fault)
    time.sleep(0.3)  # longer than a level must be steady to be believed
    assert house.seen.sees == "closed"
    house.see("open")
    house.flip(fault, "closed")
    phone.wait_glass(r"switch\?|broken")
    phone.keep(f"switch-{fault}")
    assert phone.status()["privacy"] != "open"
    wait_until(lambda: phone.lit(Light.PRIVACY), 3, "the privacy light, which blinks in doubt")
    assert house.seen.sees == "closed"
    with house.call(answered=False):
        pass
    invite = [message for message in house.registrar.messages() if message.method == "INVITE"][-1]
    assert "anonymous@anonymous.invalid" in invite.header("From")
    assert "alice" not in invite.header("From") + invite.header("Contact")


@pytest.mark.parametrize("line", ["open", "private"])
def test_one_wire_of_the_switch_broken_is_never_open(house: House, line: str) -> None:
    """The switch on the position whose wire is broken: nothing pulls a line low."""
    house.see("open")
    house.phone.privacy(line)
    house.phone.privacy("floating")
    wait_until(lambda: house.phone.status()["privacy"] != "open", 5, "the phone to be private")
    wait_until(lambda: house.seen.sees == "closed", 5, "the watcher to see closed")


def test_the_light_and_the_next_message_follow_the_switch(house: House, figures: Figures) -> None:
    phone = house.phone
    closed, opened, dark = [], [], []
    for _ in range(8):
        house.see("open")
        wait_until(lambda: not phone.lit(Light.PRIVACY), 5, "the privacy light to go out", every=0.001)
        closed.append(house.flip("private", "closed") * 1000)
        wait_until(lambda: phone.lit(Light.PRIVACY), 5, "the privacy light", every=0.001)
        opened.append(house.flip("open", "open") * 1000)
        dark.append(_until_lit(house) * 1000)
        wait_until(lambda: house.seen.sees == "closed", 5, "the watcher to see closed")
    _, slowest = figures.spread("switch to closed presence at the watcher", "ms", closed)
    figures.spread("switch to open presence at the watcher", "ms", opened)
    _, light = figures.spread("switch to privacy light", "ms", dark)
    assert max(slowest, light) < 1000


def _until_lit(house: House) -> float:
    """From open: after how many seconds the flip to private has lit the light."""
    began = time.monotonic()
    house.phone.privacy("private")
    wait_until(lambda: house.phone.lit(Light.PRIVACY), 5, "the privacy light", every=0.0005)
    return time.monotonic() - began


def test_the_display_is_pulled_out_in_a_call_and_comes_back(house: House) -> None:
    """The call goes on, the phone says in its status what to do; back in, the glass shows the screen."""
    phone = house.phone
    with house.call():
        phone.witness.plug(False)
        trouble = phone.wait_status(lambda s: s["display_trouble"] != "", 20, "the display's trouble")
        assert re.search("display", trouble["display_trouble"], re.IGNORECASE)
        assert trouble["calls"][-1]["state"] == "active"
        phone.witness.plug(True)
        phone.wait_status(lambda s: s["display_trouble"] == "", 40, "the display to be back")
        wait_until(phone.shows_its_screen, 15, "the glass to show the screen", every=0.2)
        assert phone.label() is Security.END_TO_END
        assert phone.status()["calls"][-1]["state"] == "active"


def test_one_failing_transfer_is_made_good(house: House) -> None:
    phone = house.phone
    phone.witness.tell("fail 1")
    phone.hook("up")
    phone.keys("1")
    phone.wait_screen("1")
    wait_until(phone.shows_its_screen, 30, "the glass to show the screen", every=0.2)
    phone.hook("down")


def test_the_sound_card_is_pulled_out_in_a_call_and_comes_back(house: House) -> None:
    """The call stays up, the glass says that there is no sound, then speech is back."""
    phone = house.phone
    with house.call():
        wait_until(lambda: sounding("Handset") == 1, 10, "the handset's PCM")
        with rebind("Handset"):
            phone.wait_glass("no sound", 30)
            phone.keep("no-sound")
            assert phone.status()["calls"][-1]["state"] == "active"
        wait_until(lambda: sounding("Handset") == 1, 30, "the handset's PCM to be open again")
        phone.wait_status(lambda s: not s["audio_trouble"], 30, "the trouble to be over")
        with phone.listen() as heard:
            heard.wait(3)
        assert float(np.abs(heard.last(2)).max()) > AUDIBLE
        assert phone.status()["calls"][-1]["state"] == "active"


def test_it_ends_in_order(house: House) -> None:
    """Lines are given back, the glass is dark, the exit code is 0."""
    assert house.phone.stop() == 0
    assert not any(house.phone.lit(light) for light in Light)
    assert house.phone.glass().getbbox() is None
