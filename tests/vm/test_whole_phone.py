"""The daemon with nothing simulated inside it."""

from __future__ import annotations

import time
from collections.abc import Callable

from firmware.phone.values import Security
from tests.rig import speech
from tests.rig.lab import Lab
from tests.rig.processes import wait_until
from tests.vm.desk import Desk

JUDGED_S = speech.PERIOD_S + 1.5


def test_call(lab: Lab, desk: Callable[..., Desk]) -> None:
    t = [time.monotonic()]
    def lap(what: str) -> None:
        print(f"LAP {what} {time.monotonic() - t[0]:.1f}", file=__import__("sys").__stderr__)
        t[0] = time.monotonic()
    registrar = lab.registrar()
    lap("kamailio")
    said = lab.kit.far.file(8000, 1, 60)
    near = lab.kit.near.file(16000, 1, 60)
    lap("voices")
    bob = lab.baresip("bob", codecs=["pcma"], key_logger=None, says=said)
    lap("baresip")
    phone = desk(registrar=registrar)
    lap("phone start")
    phone.wait_registered(30)
    lap("registered")
    phone.privacy("open")
    with phone.speak(near):
        phone.hook("up")
        phone.keys("102#")
        lap("keys")
        bob.wait_incoming(30)
        lap("incoming")
        bob.accept()
        phone.wait_call("active", 30)
        lap("active")
        with phone.listen() as heard:
            heard.wait(JUDGED_S)
            bob.wait_heard(JUDGED_S)
        lap("heard")
        wait_until(lambda: phone.label() is Security.END_TO_END, 10, "the label")
        phone.keep("call")
    print(speech.score(lab.kit.far, heard.samples()))
    print(speech.score(lab.kit.near, speech.read(bob.recording())))
    lap("scores")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    lap("end")
