"""A disk that is full or read-only: calls work as ever, and the display says what is not kept."""

from __future__ import annotations

import pytest

from tests.rig.lab import Lab

pytestmark = pytest.mark.live

HISTORY = "[privacy]\nhistory_hours = 24\n"


@pytest.mark.parametrize(
    ("where", "words"), [("disk-full", "No space left"), ("disk-read-only", "Read-only file system")]
)
def test_calls_work_and_the_display_says_it(lab: Lab, where: str, words: str) -> None:
    lab.registrar()
    bob = lab.baresip("bob", answer="auto", codecs=["pcma"])
    phone = lab.phone(extra=HISTORY, module="tests.rig.faulty", env={"RIG_FAULT": where}, codecs=["pcma"])
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", security="end-to-end")
    bob.wait_heard(1)
    phone.hook("down")
    phone.wait_idle()
    phone.wait_screen(f"Call not kept: {words}", 12)
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    phone.wait_call("active", direction="in")
    phone.hook("down")
    phone.wait_idle()
    assert phone.process.alive
    assert phone.terminate()[0] == 0
