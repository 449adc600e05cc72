"""A guest period under systemd: another card number, other addresses, other rules; and back again.

The folder is made as the telephone makes it (``firmware/phone/period.py``); everything else is the units'.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vm.debian import guest
from tests.vm.debian.test_from_outside import CARD_NUMBER, card
from tests.vm.debian.world import PHONE, World

PERIOD = "/run/sottovoce-guest/guest"


def number(name: str) -> str:
    return guest.run("cat", f"/sys/class/net/{name}/address").strip()


def local(name: str) -> str:
    return guest.run("ip", "-6", "-o", "address", "show", "dev", name, "scope", "link")


def rules() -> str:
    """What is declared; something else while it is written anew."""
    return guest.run("cat", "/run/sottovoce-network/egress.nft", check=False)


@pytest.fixture
def name() -> Iterator[str]:
    guest.wait(lambda: PHONE in guest.run("ip", "-4", "address"), 120, "an address by DHCP")
    found = card()
    yield found
    guest.run("rm", "-rf", PERIOD)
    guest.wait(lambda: number(found) == CARD_NUMBER, 60, "the card's own number")
    guest.wait(lambda: PHONE in guest.run("ip", "-4", "address"), 60, "an address by DHCP")


def test_a_period_has_another_number_and_what_was_before_comes_back(world: World, name: str) -> None:
    before, asked = local(name), len(world.asked)
    assert "_chrony" in rules()
    guest.run("install", "-d", "-o", "sottovoce", "-g", "sottovoce", "-m", "0700", PERIOD)
    guest.wait(lambda: number(name) != CARD_NUMBER, 60, "another card number")
    new = number(name)
    assert int(new[:2], 16) & 0b11 == 0b10
    guest.wait(lambda: PHONE in guest.run("ip", "-4", "address"), 60, "an address by DHCP")
    told = {packet[28:34].hex(":") for packet in world.asked[asked:]} - {CARD_NUMBER}
    assert told == {new}
    assert "_chrony" not in rules()
    addresses = {line.split()[3] for line in local(name).splitlines()}
    assert not addresses & {line.split()[3] for line in before.splitlines()}
    guest.run("systemctl", "restart", "sottovoce-phone")
    guest.wait(lambda: (guest.sotto("status") or {}).get("privacy_cause") == "guest", 120, "guest mode")
    guest.run("rm", "-rf", PERIOD)
    guest.wait(lambda: number(name) == CARD_NUMBER, 60, "the card's own number")
    guest.wait(lambda: "_chrony" in rules(), 60, "the owner's rules")
    guest.run("systemctl", "restart", "sottovoce-phone")
    guest.wait(
        lambda: (guest.sotto("status") or {}).get("privacy_cause") in ("switch", "unreadable"),
        120,
        "the owner's",
    )
