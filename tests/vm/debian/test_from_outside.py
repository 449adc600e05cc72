"""What a stranger on the cable sees of the telephone: all ports, and every packet since power-on."""

from __future__ import annotations

import random
import socket

import pytest

from tests.vm.debian import guest
from tests.vm.debian.packets import Packet, read
from tests.vm.debian.stranger import answers, declared
from tests.vm.debian.world import ADDRESS, CAPTURE, PHONE, World, options, settle

CARD_NUMBER = "52:54:00:5e:00:01"


def card() -> str:
    for line in guest.run("ip", "-o", "link").splitlines():
        if CARD_NUMBER in line:
            return line.split(": ")[1]
    raise AssertionError("the telephone has no network card")


def global_ipv6() -> list[str]:
    found = guest.run("ip", "-6", "-o", "address", "show", "dev", card(), "scope", "global")
    return [line.split()[3].partition("/")[0] for line in found.splitlines()]


@pytest.fixture(scope="module")
def online(world: World) -> World:
    guest.wait(lambda: PHONE in guest.run("ip", "-4", "address"), 120, "an address by DHCP")
    guest.wait(global_ipv6, 60, "an IPv6 address")
    guest.wait(lambda: guest.show("sottovoce-phone", "ActiveState") == "active", 60, "the telephone to run")
    return world


def test_dhcp_tells_nothing(online: World) -> None:
    """RFC 7844: neither host name nor class nor a number of this device but the card's."""
    assert online.asked
    for packet in online.asked:
        asked = options(packet)
        assert not set(asked) & {12, 60, 77, 81, 93, 94, 97, 124, 125}, asked
        assert asked.get(61, b"\x01" + packet[28:34]) == b"\x01" + packet[28:34]


def test_ipv6_addresses_hold_no_number_of_the_card(online: World) -> None:
    number = bytes.fromhex(CARD_NUMBER.replace(":", ""))
    eui64 = bytes([number[0] ^ 2]) + number[1:3] + b"\xff\xfe" + number[3:]
    found = guest.run("ip", "-6", "-o", "address", "show", "dev", card())
    addresses = [line.split()[3].partition("/")[0] for line in found.splitlines()]
    assert len(addresses) >= 2
    for address in addresses:
        raw = socket.inet_pton(socket.AF_INET6, address)
        assert raw[8:] != eui64, address
        assert number[3:] not in raw[8:], address
    assert "temporary" in found


@pytest.mark.parametrize("protocol", [socket.IPPROTO_TCP, socket.IPPROTO_UDP], ids=["tcp", "udp"])
@pytest.mark.parametrize("family", [4, 6])
def test_no_port_answers(online: World, family: int, protocol: int) -> None:
    """All 65535: nothing opens, nothing refuses, nothing says that nobody is there."""
    address = PHONE if family == 4 else random.choice(global_ipv6())
    assert answers(address, protocol) == set()


def test_the_scan_can_find_something(online: World) -> None:
    """With the firewall's door open every port says that nobody is there."""
    for way in ("input", "output"):
        guest.run("nft", "insert", "rule", "inet", "sottovoce", way, "accept")
    try:
        assert answers(PHONE, socket.IPPROTO_TCP, 500) == {(socket.IPPROTO_TCP, n) for n in range(1, 501)}
        assert (socket.IPPROTO_ICMP, 3) in answers(PHONE, socket.IPPROTO_UDP, 500)
    finally:
        guest.run("systemctl", "restart", "sottovoce-firewall")


def sent() -> list[Packet]:
    """Every packet of the telephone since power-on."""
    settle()
    return [packet for packet in read(CAPTURE.read_bytes()) if packet.card == CARD_NUMBER]


def test_only_what_is_declared_left_since_power_on(online: World) -> None:
    packets = sent()
    kinds = {packet.protocol for packet in packets}
    assert {"arp", "icmp6", "udp"} <= kinds, f"the capture is too small: {kinds}"
    undeclared = [packet for packet in packets if not declared(packet)]
    assert undeclared == []
    assert online.looked_up, "the time servers were looked up"
    wanted = {
        "ptbtime1.ptb.de",
        "ptbtime2.ptb.de",
        "nts.netnod.se",
        "ntppool1.time.nl",
        "time.cloudflare.com",
    }
    assert set(online.looked_up) <= wanted


def test_an_undeclared_packet_would_be_seen(online: World) -> None:
    """One packet past the firewall: the check above goes red."""
    guest.run("nft", "insert", "rule", "inet", "sottovoce", "output", "accept")
    try:
        send = f"import socket; socket.socket(2, 2).sendto(bytes(1), ({ADDRESS!r}, 9999))"
        guest.run("python3", "-c", send)
        assert any(packet.port == 9999 and not declared(packet) for packet in sent())
    finally:
        guest.run("systemctl", "restart", "sottovoce-firewall")
