"""A guest period of the whole telephone: begun and ended at the keypad, and nothing of it is left."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

GUESTS = """
[[contact]]
name = "Bob"
uri = "sip:bob@phone.test"
speed_dial = 2

[guest]
domain = "phone.test"
user = "erin"
password = "erin-secret"
outbound_proxy = "{proxy}"
"""


def turned(phone: Phone) -> None:
    """Hold ``*`` for longer than four seconds; then what systemd does: start it again."""
    phone.sotto("sim", "key", "*", "--hold", "4.5")
    wait_until(lambda: not phone.process.alive, 8, "the telephone to end")
    assert phone.process.returncode == 0
    phone.start()


def kept(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_guest_period_from_the_key_to_its_end(lab: Lab) -> None:
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    phone = lab.phone(listens=False, extra=GUESTS.format(proxy=registrar.uri))
    phone.privacy("open")
    phone.do("place", "--set", "country=DE;A3=Berlin")
    before = kept(phone.state)
    assert before

    turned(phone)
    registrar.wait_unregistered("alice")
    registrar.wait_registered("erin")
    mark = len(registrar.messages())
    phone.privacy("open")
    status = phone.status()
    assert (status["privacy"], status["privacy_cause"]) == ("private", "guest")
    assert "Guest" in phone.screen()
    assert not phone.do("place")["kept"]
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    phone.hook("down")
    phone.wait_idle()
    texts = "\n".join(message.text for message in registrar.messages()[mark:] if message.received)
    assert "INVITE" in texts
    assert "alice" not in texts.lower()
    assert kept(phone.state) == before, "the owner's folder is not touched in a guest period"
    period = phone.socket.parent / "guest"
    assert period.is_dir()

    phone.process.send_signal(signal.SIGKILL)  # a fault is no end of it: nobody becomes the owner by that
    wait_until(lambda: not phone.process.alive, 5, "the telephone to be gone")
    phone.start()
    assert phone.status()["privacy_cause"] == "guest"

    turned(phone)
    assert not period.exists()
    assert phone.status()["privacy_cause"] != "guest"
    phone.wait_registered()
    assert phone.do("place")["kept"]
    assert set(kept(phone.state)) == set(before)
