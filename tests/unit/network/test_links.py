"""How the card is in its network: what is written, and what systemd-networkd makes of it in a namespace."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.network import links
from firmware.phone import config as configuration
from firmware.phone.config import Config, Network
from firmware.phone.errors import ConfigError
from tests.rig.hotspot import Hotspot

ROOT = Path(__file__).parents[3]
DNS = ("192.0.2.1#dns.test",)
FIXED = Network(dns=DNS, address=("192.0.2.5/24", "2001:db8::5/64"), gateway=("192.0.2.1", "2001:db8::1"))
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make network namespaces")


def test_without_a_line_it_is_the_image_s_own_file() -> None:
    made = links.files(Config())
    kept = (ROOT / "systemd/network/80-wired.network").read_text()
    assert made.pop("wired.network").partition("\n")[2] == kept.partition("\n")[2]
    assert set(made.values()) == {""}


@pytest.mark.parametrize(
    "network", [Network(), FIXED, Network(vlan=42), Network(lldp=True)], ids=["dhcp", "fixed", "vlan", "lldp"]
)
def test_it_never_says_anything_of_itself(network: Network) -> None:
    """LLDP is heard where that was asked for, and never sent."""
    for name, text in links.files(Config(network=network)).items():
        if name.endswith(".network") and text:
            assert "EmitLLDP=no\n" in text
            assert f"LLDP={'yes' if network.lldp else 'no'}\n" in text
            assert "MulticastDNS=no\nLLDP" in text
            assert ("Anonymize=yes" in text) == ("DHCP=ipv4" in text)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('gateway = ["192.0.2.1"]', "network.gateway: is of no use with DHCP"),
        ('address = ["192.0.2.5/24"]', "network.dns: is missing with a fixed address"),
        ('address = ["192.0.2.5"]', 'write it like "192.0.2.5/24"'),
        (
            'address = ["192.0.2.5/24"]\ndns = ["192.0.2.1#dns.test"]\ngateway = ["198.51.100.1"]',
            "198.51.100.1 is in none of the networks of network.address",
        ),
        ("vlan = 4095", "network.vlan"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, lines: str, fault: str) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(f"[network]\n{lines}\n")
    with pytest.raises(ConfigError) as found:
        configuration.load(file)
    assert any(fault in line for line in found.value.faults), found.value.faults


@only_root
def test_networkd_takes_a_fixed_address_and_asks_nobody(tmp_path: Path) -> None:
    with Hotspot(tmp_path) as spot:
        found = spot.linked(links.files(Config(network=FIXED)), "p0", ("192.0.2.5/24", "2001:db8::5/64"))
    assert "default via 192.0.2.1 dev p0" in found
    assert found.count("inet 192.0.2.") == 1
    assert "dynamic" not in found


@only_root
def test_networkd_makes_a_numbered_network_on_the_cable(tmp_path: Path) -> None:
    """Nothing but the numbered network has an address."""
    network = replace(FIXED, vlan=42)
    with Hotspot(tmp_path) as spot:
        if spot.run(spot.phone, "ip link add v0 link p0 type vlan id 7 2>&1 && ip link delete v0 || echo no"):
            pytest.skip("this kernel has no numbered networks (8021q)")
        found = spot.linked(
            links.files(Config(network=network)), links.NAME, ("192.0.2.5/24", "2001:db8::5/64")
        )
    rows = found.splitlines()
    assert any("voice@p0" in row and "vlan protocol 802.1Q id 42" in row for row in rows), found
    assert not [row for row in rows if " p0 " in row and "inet" in row], found
    assert "default via 192.0.2.1 dev voice" in found
