"""The telephone's address changes, its cable is pulled: what becomes of the registration, and of a call.

The telephone lives in a network of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.house import FIRST, SECOND, WORLD, House
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live


@pytest.fixture
def house() -> Iterator[House]:
    with House() as made:
        yield made


def registrar_of(lab: Lab) -> Registrar:
    certificate = lab.kit.authority.issue("house", dns=["phone.test"], ips=[WORLD])
    return lab.registrar(certificate=certificate, address=WORLD)


def phone_in(lab: Lab, house: House, **options: Any) -> Phone:
    return lab.phone(within=house.phone, bind=False, listens=False, address=FIRST, **options)


def test_the_address_changes_in_a_call(house: House, lab: Lab) -> None:
    """Registered again from there, the call follows, both are heard again within seconds; its keys stay."""
    registrar = registrar_of(lab)
    bob = lab.baresip("bob", address=WORLD, answer="auto")
    phone = phone_in(lab, house)
    phone.hook("up")
    phone.keys("102#")
    before = phone.wait_call("active", security="end-to-end")
    wait_until(lambda: len(house.speech(FIRST, WORLD)) > 50, 5, "speech from the phone")
    wait_until(lambda: len(house.speech(WORLD, FIRST)) > 50, 5, "speech to the phone")
    moved = time.monotonic()
    house.move(SECOND)
    wait_until(lambda: len(house.speech(SECOND, WORLD)) > 50, 10, "speech from the new address")
    wait_until(lambda: len(house.speech(WORLD, SECOND)) > 50, 15, "speech to the new address")
    out = house.speech(SECOND, WORLD)[0].when - moved
    back = house.speech(WORLD, SECOND)[0].when - moved
    print(f"after another address: heard again in {out:.2f} s, hears again in {back:.2f} s")
    assert back < 5
    phone.wait_registered()
    after = phone.wait_call("active")
    assert (after["security"], after["code"]) == (before["security"], before["code"])
    assert any(f"@{SECOND}" in contact for contact in registrar.contacts("alice"))
    reinvite = registrar.requests("INVITE")[-1]
    assert f"c=IN IP4 {SECOND}" in reinvite.body
    assert FIRST not in reinvite.text.partition("\r\n\r\n")[2]
    quiet = time.monotonic()
    wait_until(lambda: time.monotonic() - quiet > 1.5, 3, "a second of speech")
    assert len(house.speech(WORLD, SECOND, quiet)) > 50, "and it goes on"
    bob.hangup()
    phone.wait_idle()


def test_the_cable_is_pulled_and_plugged(house: House, lab: Lab) -> None:
    """With the cable the registration comes back at once, whatever the back-off had in mind."""
    registrar_of(lab)
    phone = phone_in(lab, house, module="tests.rig.faulty", env={"RIG_FAULT": "hasty"})
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 1.5, 3, "the first ping")
    house.pull()
    phone.wait_registration("failed", 25)
    house.plug()
    began = time.monotonic()
    phone.wait_registered(5)
    print(f"registered {time.monotonic() - began:.2f} s after the cable came back")
