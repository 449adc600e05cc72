"""SIGTERM: the far end and the registrar are told, and the process is gone within three seconds with 0."""

from __future__ import annotations

import pytest

from tests.rig.lab import Lab

pytestmark = pytest.mark.live

LIMIT_S = 3.0


def test_in_a_call(lab: Lab) -> None:
    """BYE and un-REGISTER leave."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    bob.wait_established()
    code, seconds = phone.terminate()
    assert code == 0
    assert seconds < LIMIT_S
    assert bob.wait_closed(2).reason == "Connection reset by peer"
    assert registrar.bindings("alice") == 0
    assert registrar.requests("BYE")
    print(f"ended after {seconds:.2f} s")


def test_while_it_calls(lab: Lab) -> None:
    """A call that still rings at the far end is cancelled."""
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    code, seconds = phone.terminate()
    assert (code, seconds < LIMIT_S) == (0, True)

    bob.wait_closed(2)
    assert registrar.requests("CANCEL")
    assert registrar.bindings("alice") == 0


def test_while_it_rings(lab: Lab) -> None:
    """A caller whom nobody has answered yet is told at once."""
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    phone = lab.phone()
    bob.dial("alice")
    phone.wait_call("ringing")
    code, seconds = phone.terminate()
    assert (code, seconds < LIMIT_S) == (0, True)

    bob.wait_closed(3)
    assert registrar.bindings("alice") == 0


def test_when_idle(lab: Lab) -> None:
    """Un-REGISTER leaves."""
    registrar = lab.registrar()
    phone = lab.phone()
    assert registrar.bindings("alice") == 1
    code, seconds = phone.terminate()
    assert (code, seconds < LIMIT_S) == (0, True)

    assert registrar.bindings("alice") == 0


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_anyone_to_tell(lab: Lab, how: str) -> None:
    """A registrar that is gone, or that does not answer, holds nothing up."""
    registrar = lab.registrar()
    lab.baresip("bob", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    if how == "gone":
        registrar.stop()
    else:
        registrar.freeze()
    code, seconds = phone.terminate()
    if how == "silent":
        registrar.thaw()
    assert (code, seconds < LIMIT_S) == (0, True)
    assert "did not end in time" not in phone.process.output(), "the SIP thread has closed its library"


def test_a_sip_thread_that_does_not_end(lab: Lab) -> None:
    """It is in pjsip while Python ends; what comes back from there then would abort the process."""
    phone = lab.phone(account=False, module="tests.rig.faulty", env={"RIG_FAULT": "late"})
    code, seconds = phone.terminate()
    assert (code, seconds < LIMIT_S) == (0, True)
    assert "did not end in time" in phone.process.output()
