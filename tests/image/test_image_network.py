"""The virtual board's image on a cable: its factory state, seen from inside and from outside; then a call."""

from __future__ import annotations

import io
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from firmware.image.places import PROJECT
from tests.factory import check
from tests.image.cable import DEVICE, Cable
from tests.image.machine import KIT, Machine, kit
from tests.rig.baresip import Baresip
from tests.rig.certs import Authority
from tests.rig.kamailio import USERS, Registrar
from tests.rig.processes import wait_until
from tests.vm.debian.stranger import HIGHEST, answers, declared
from tests.vm.debian.world import ADDRESS, PHONE, options

pytestmark = pytest.mark.timeout(1500)

RESULTS = PROJECT / "build/test-image"
CONFIGURATION = """
[account]
user = "alice"
domain = "phone.test"
outbound_proxy = "{proxy}"
password = "{password}"

[sip]
ca_file = "/etc/sottovoce/ca.pem"
"""
TOLERATED = {"hardware-watchdog": "the virtual board has none"}
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
SERVERS = {
    "ptbtime1.ptb.de",
    "ptbtime2.ptb.de",
    "nts.netnod.se",
    "ntppool1.time.nl",
    "time.cloudflare.com",
}
REFUSED = "nft list counter inet sottovoce refused_in"


@pytest.fixture(scope="module")
def cable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    made = Cable(tmp_path_factory.mktemp("cable"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def machine(
    cable: Cable, new_machine: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory
) -> Machine:
    """On the cable, in its factory state, all started."""
    folder = tmp_path_factory.mktemp("kit")
    for name in ("check.py", "defaults.toml"):
        shutil.copy(PROJECT / "tests/factory" / name, folder)
    found = new_machine(*DEVICE, *kit(folder, folder.with_suffix(".squashfs")))
    found.on()
    cable.begin()
    found.ready()
    found.settled()
    found.until("networkctl --no-pager status", PHONE)
    found.run(KIT)
    RESULTS.mkdir(parents=True, exist_ok=True)
    return found


def test_every_factory_default_holds(machine: Machine) -> None:
    faults = json.loads(machine.run("python3 -I /run/kit/check.py --json; true", 300).splitlines()[-1])
    assert len(faults) == len(check.table()) >= 40
    assert {name: said for name, said in faults.items() if said and name not in TOLERATED} == {}


def test_what_the_start_waits_for_is_recorded(machine: Machine) -> None:
    """From power-on to the telephone, and which units the start waited for."""
    said = machine.run(
        "systemd-analyze time; systemd-analyze --no-pager critical-chain sottovoce-phone.service"
    )
    (RESULTS / "critical-chain.txt").write_text(f"{said}\n")
    assert "sottovoce-phone.service" in said


def ipv6(machine: Machine) -> str:
    """One of its global addresses."""
    said = machine.run("python3 -c 'print(open(\"/proc/net/if_inet6\").read())'")
    found = [line.split()[0] for line in said.splitlines() if line.startswith("20010db8")]
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(found[0]))


def refused(machine: Machine) -> int:
    """Packets that its firewall has counted away."""
    return int(machine.run(REFUSED).split("packets")[1].split()[0])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("family", [4, 6])
def test_no_port_answers(machine: Machine, family: int, protocol: str) -> None:
    """All 65535, each of which arrived: nothing opens, nothing refuses, nothing says that nobody is there."""
    address = PHONE if family == 4 else ipv6(machine)
    # Few packets wait while this side asks the cable whose address that is (RFC 4861 section 7.2.2).
    answers(address, PROTOCOLS[protocol], 1, rest_s=2)
    before = refused(machine)
    assert answers(address, PROTOCOLS[protocol], rest_s=5, pace_s=0.2) == set()
    end = time.monotonic() + 60
    while (arrived := refused(machine) - before) < HIGHEST:
        assert time.monotonic() < end, f"{arrived} packets arrived"
        time.sleep(2)


def test_only_what_is_declared_left_since_power_on(machine: Machine, cable: Cable) -> None:
    """U-Boot, first root and system: one capture from before the power came."""
    wait_until(lambda: cable.world.looked_up, 120, "the time servers to be looked up", every=2)
    packets = cable.sent()
    assert {"arp", "icmp6", "udp"} <= {packet.protocol for packet in packets}
    assert [packet for packet in packets if not declared(packet)] == []
    assert set(cable.world.looked_up) <= SERVERS


def test_the_scan_can_find_something(machine: Machine) -> None:
    for way in ("input", "output"):
        machine.run(f"nft insert rule inet sottovoce {way} accept")
    try:
        assert len(answers(PHONE, socket.IPPROTO_TCP, 500)) == 500
    finally:
        machine.run("systemctl restart sottovoce-firewall")


def test_dhcp_tells_nothing(cable: Cable, machine: Machine) -> None:
    """RFC 7844."""
    assert cable.world.asked
    for packet in cable.world.asked:
        assert not set(options(packet)) & {12, 60, 77, 81, 93, 94, 97, 124, 125}


def test_it_calls_a_peer_and_shows_it(machine: Machine, cable: Cable, tmp_path: Path) -> None:
    """An account, a call by keys to an independent telephone, encrypted from end to end; the display."""
    authority = Authority.create(tmp_path / "ca")
    with (
        Registrar(tmp_path, authority.registrar(), address=ADDRESS) as registrar,
        Baresip(tmp_path, "bob", registrar=registrar, authority=authority, address=ADDRESS) as bob,
    ):
        bob.wait_registered(20)
        text = CONFIGURATION.format(proxy=registrar.uri, password=USERS["alice"])
        machine.put("/etc/sottovoce/ca.pem", authority.pem.read_bytes())
        machine.put("/etc/sottovoce/phone.toml", text.encode())
        machine.run("chgrp sottovoce-config /etc/sottovoce/*; chmod 640 /etc/sottovoce/*")
        machine.run("systemctl restart sottovoce-network sottovoce-firewall sottovoce-phone", 300)
        machine.until("sotto status", "registration  registered", 120)
        picture(machine, "idle")
        machine.run("sotto sim hook up && sotto sim key 1 0 2 '#'")
        bob.wait_incoming(60)
        picture(machine, "ringing")
        bob.accept()
        machine.until("sotto status --json", '"security": "end-to-end"', 60)
        bob.wait_heard(2)
        picture(machine, "call")
        machine.run("sotto sim hook down")
        assert bob.wait_closed(30).reason == "Connection reset by peer"


def picture(machine: Machine, name: str) -> None:
    """The display as a file in the results; not an empty one."""
    machine.run(f"sotto screen --png /run/{name}.png")
    octets = machine.get(f"/run/{name}.png")
    (RESULTS / f"{name}.png").write_bytes(octets)
    with Image.open(io.BytesIO(octets)) as found:
        assert len(found.convert("L").getcolors(256) or []) > 1
