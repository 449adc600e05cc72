"""A thread of the phone that hangs: noticed within five seconds, the process ends, and the next run says so.

What a call does not need may hang as long as the call lasts.
"""

from __future__ import annotations

import signal
import time

import pytest

from tests.rig.lab import Lab
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live

NOTICED_S, REGISTERED_S = 5.0, 5.0
SLACK_S = 1.0
"""For a test machine that is busy with other things."""


@pytest.mark.parametrize(
    ("where", "stuck"),
    [("hung-painter", "the display"), ("hung-decision", "loop"), ("hung-engine", "the SIP engine")],
)
def test_what_hangs_is_noticed_and_ends_the_process(lab: Lab, where: str, stuck: str) -> None:
    """Then it registers again within five seconds and says that it restarted, until the handset is lifted."""
    lab.registrar()
    phone = lab.phone(module="tests.rig.faulty", env={"RIG_FAULT": where})
    began = time.monotonic()
    if where == "hung-engine":
        phone.sotto("dial", "sip:nobody@phone.test")
    else:
        phone.sotto("sim", "hook", "up", seconds=20)
    code = phone.process.wait(NOTICED_S + SLACK_S)
    print(f"{stuck}: the process ended after {time.monotonic() - began:.1f} s")
    assert code == 1
    assert f"{stuck} is stuck: the telephone stops" in phone.process.output()
    began = time.monotonic()
    phone.start()
    phone.wait_registered(REGISTERED_S + SLACK_S)
    print(f"registered again after {time.monotonic() - began:.1f} s")
    told = phone.status()
    assert (told["restarts"], told["restart_reason"]) == (1, f"{stuck} is stuck")
    phone.wait_screen("Restarted by itself")


def test_a_killed_phone_registers_again_and_a_stopped_one_says_nothing(lab: Lab) -> None:
    lab.registrar()
    phone = lab.phone()
    phone.process.send_signal(signal.SIGKILL)
    phone.process.wait(2)
    began = time.monotonic()
    phone.start()
    phone.wait_registered(REGISTERED_S)
    assert time.monotonic() - began < REGISTERED_S + SLACK_S
    assert phone.status()["restarts"] == 1
    phone.wait_screen("Restarted by itself")
    phone.hook("up")
    phone.hook("down")
    assert "Restarted" not in phone.screen()
    assert phone.terminate()[0] == 0
    phone.start()
    assert phone.status()["restarts"] == 0


@pytest.mark.parametrize(
    ("where", "stuck"), [("hung-in-call", "the display"), ("hung-control", "the control socket")]
)
def test_a_call_outlives_a_display_and_a_control_socket_that_hang(lab: Lab, where: str, stuck: str) -> None:
    """The far end hears no end of it; when it hangs up the phone starts anew."""
    lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone(module="tests.rig.faulty", env={"RIG_FAULT": where})
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    if where == "hung-control":
        phone.sotto("risks", seconds=20)
    wait_until(
        lambda: f"{stuck} is stuck; the telephone starts anew" in phone.process.output(), 8, "the log to say"
    )
    began, before = time.monotonic(), bob.heard()
    wait_until(lambda: time.monotonic() - began > 3, 4, "three more seconds")
    assert phone.process.alive
    assert bob.heard() - before > 2, "the voice goes on"
    if where == "hung-in-call":
        assert "does not answer" in phone.status()["display_trouble"]
    bob.hangup()
    assert phone.process.wait(NOTICED_S + SLACK_S) == 1
    assert f"{stuck} is stuck: the telephone stops" in phone.process.output()
