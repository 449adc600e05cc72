"""The telephone's address changes, its cable is pulled: what becomes of the registration, and of a call.

The telephone lives in a network of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.house import FIRST, SECOND, WORLD, WORLD_6, House
from tests.rig.kamailio import USERS, Registrar
from tests.rig.lab import Lab
from tests.rig.name_server import NameServer
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
    elsewhere = [line for line in reinvite.body.splitlines() if FIRST in line and not line.startswith("o=")]
    assert not elsewhere
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


@pytest.mark.parametrize("alive", ["IPv6", "IPv4"])
def test_a_server_with_addresses_of_both_families(house: House, lab: Lab, alive: str) -> None:
    """IPv6 first (RFC 6724), the other one at once where nobody is there; calls go the same way."""
    address = f"[{WORLD_6}]" if alive == "IPv6" else WORLD
    certificate = lab.kit.authority.issue("both", dns=["phone.test"], ips=[WORLD, WORLD_6])
    registrar = lab.registrar(certificate=certificate, address=address)
    with house.at_phone(), NameServer() as names:
        names.says("_sips._tcp.phone.test", "SRV", f"1 0 {registrar.tls_port} both.phone.test.")
        names.says("both.phone.test", "AAAA", WORLD_6)
        names.says("both.phone.test", "A", WORLD)
        began = time.monotonic()
        phone = phone_in(
            lab,
            house,
            registrar=None,
            password=USERS["alice"],
            account_extra=f"ports = [{registrar.tls_port}]\n",
            extra=f'[network]\nresolver = "{names.resolver}"\n',
        )
        phone.wait_registered()
        print(f"registered by {alive} after {time.monotonic() - began:.1f} s")
        phone.hook("up")
        phone.keys("9486#")
        phone.wait_screen("busy")
    assert len(registrar.requests("INVITE")) == 1
    assert registrar.requests("INVITE")[0].target == f"{address.strip('[]')}:{registrar.tls_port}"
