"""A phone with an account opens no port: it is called over the connection that it made to its server."""

from __future__ import annotations

import pytest

from tests.rig.lab import Lab

pytestmark = pytest.mark.live


def test_calls_come_and_end_over_its_own_connection(lab: Lab) -> None:
    """Contact is the connection's own end: what is sent to it goes there, INVITE and BYE alike."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone(listens=False)
    assert phone.listening() == []
    register = [each for each in registrar.requests("REGISTER") if "alice" in each.header("From")][-1]
    assert f"@{register.source};" in register.header("Contact")

    mark = bob.mark()
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    phone.wait_call("active", direction="in")
    bob.wait_established(since=mark)
    bob.hangup()
    phone.wait_screen("they hung up")
    phone.hook("down")

    phone.privacy("private")
    mark = bob.mark()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", direction="out")
    bob.wait_established(since=mark)
    bob.hangup()
    phone.wait_screen("they hung up")
    assert phone.listening() == []


def test_a_port_is_opened_by_asking(lab: Lab) -> None:
    """The positive control: with a port in the configuration, that one and no other is open."""
    lab.registrar()
    phone = lab.phone()
    assert phone.listening() == [phone.sip_port]
