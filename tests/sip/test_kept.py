"""What a real call leaves behind: the state directory and the log are searched octet by octet."""

from __future__ import annotations

import signal

import pytest

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.unit.store.scan import hits

pytestmark = pytest.mark.live

PEER = "bob@phone.test"


def number(phone: Phone, item: str) -> int:
    (row,) = [row for row in phone.do("inventory")["items"] if row["item"] == item]
    return int(row["number"])


def call_from_bob(lab: Lab, phone: Phone) -> None:
    bob = lab.baresip("bob")
    bob.dial("alice")
    phone.wait_call("ringing")
    phone.hook("up")
    assert PEER in phone.wait_call("active")["peer"]
    phone.hook("down")
    bob.wait_closed(3)
    phone.wait_idle()


def found(phone: Phone) -> list[str]:
    return [hit for word in (PEER, "sip:bob") for hit in hits(phone.state, word)]


def test_a_history_is_encrypted_survives_a_crash_and_is_wiped(lab: Lab) -> None:
    lab.registrar()
    phone = lab.phone(extra="[privacy]\nhistory_hours = 24\n")
    call_from_bob(lab, phone)
    wait_until(lambda: number(phone, "call history") == 1, 3, "the call to be kept")
    assert sorted(path.name for path in phone.state.iterdir()) == ["history.keys", "history.records"]
    assert found(phone) == []
    assert PEER not in phone.process.output()

    phone.process.send_signal(signal.SIGKILL)
    phone.process.wait(5)
    phone.start()
    wait_until(lambda: number(phone, "call history") == 1, 3, "the history to be there again")
    phone.do("sim", "key", "*", "--hold", "1.2")
    phone.keys("7")
    phone.wait_screen("from .*bob")
    phone.keys("#3**")
    phone.wait_screen("Erased")
    assert list(phone.state.iterdir()) == []
    assert number(phone, "call history") == 0


def test_without_a_history_a_call_leaves_nothing(lab: Lab) -> None:
    lab.registrar()
    phone = lab.phone()
    call_from_bob(lab, phone)
    assert number(phone, "ended calls") == 1
    assert list(phone.state.iterdir()) == []
    assert found(phone) == []
    assert PEER not in phone.process.output()
    answer = phone.do("inventory", "--wipe")
    assert answer["erased"]["ended calls"] == 1
    assert phone.status()["calls"] == []


def test_risks_follow_the_live_state(lab: Lab) -> None:
    registrar = lab.registrar()
    phone = lab.phone()

    def named() -> set[str]:
        return {risk["risk"] for risk in phone.do("risks")}

    assert not {"switch-open", "not-registered"} & named()
    phone.privacy("open")
    assert "switch-open" in named()
    phone.privacy("broken")
    assert {"switch-unreadable"} == {"switch-unreadable", "switch-open"} & named()
    assert registrar.bindings("alice") == 1
