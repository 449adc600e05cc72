"""What a stranger on the cable sees of the telephone: all ports, and every packet since power-on."""

from __future__ import annotations

import random
import select
import socket
import struct
import time

import pytest

from tests.vm.debian import guest
from tests.vm.debian.packets import Packet, read
from tests.vm.debian.world import ADDRESS, ADDRESS6, CAPTURE, PHONE, World, options, settle

CARD_NUMBER = "52:54:00:5e:00:01"
HIGHEST = 65535


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


def sums(words: bytes) -> int:
    """The words added as RFC 1071 does."""
    total: int = sum(struct.unpack(f"!{len(words) // 2}H", words))
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def answers(address: str, protocol: int, highest: int = HIGHEST) -> set[tuple[int, int]]:
    """Send to all ports up to ``highest``; who answered, as protocol and port (or for ICMP type and 0).

    The checksum is made so that it is right for every port: what the port adds the source port takes away.
    """
    six = ":" in address
    family = socket.AF_INET6 if six else socket.AF_INET
    own = ADDRESS6 if six else ADDRESS
    heard = [socket.socket(family, socket.SOCK_RAW, kind) for kind in (protocol, 58 if six else 1)]
    sender = socket.socket(family, socket.SOCK_RAW, protocol)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    ends = socket.inet_pton(family, own) + socket.inet_pton(family, address)
    length = 20 if protocol == socket.IPPROTO_TCP else 8
    pseudo = sums(ends + struct.pack("!HH", protocol, length))
    found: set[tuple[int, int]] = set()
    for port in range(1, highest + 1):
        source = 1024 + port % 50000
        if protocol == socket.IPPROTO_TCP:
            head = struct.pack("!HHIIBBHHH", source, port, 1, 0, 5 << 4, 2, 1024, 0, 0)
            total = pseudo + sums(head)
            check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            packet = head[:16] + struct.pack("!H", check) + head[18:]
        else:
            head = struct.pack("!HHHH", source, port, 8, 0)
            total = pseudo + sums(head)
            check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF or 0xFFFF
            packet = head[:6] + struct.pack("!H", check)
        sender.sendto(packet, (address, 0))
        if port % 512 == 0:
            found |= _heard(heard, address, 0)
    found |= _heard(heard, address, 3)
    for one in (*heard, sender):
        one.close()
    return found


def _heard(heard: list[socket.socket], address: str, seconds: float) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    end = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select(heard, [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return found
        for one in ready:
            packet, who = one.recvfrom(2048)
            if who[0] != address:
                continue
            start = 0 if one.family == socket.AF_INET6 else (packet[0] & 15) * 4
            if one is heard[0]:
                found.add((one.proto, struct.unpack_from("!H", packet, start)[0]))
            elif packet[start] not in (133, 134, 135, 136, 143):  # neighbour discovery
                found.add((one.proto, packet[start]))


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


def declared(packet: Packet) -> bool:
    """Whether the telephone may send this, in its factory state."""
    match packet.protocol:
        case "arp":
            return True
        case "icmp6":
            return packet.kind in (133, 135, 136, 143)  # neighbour discovery, and which groups it listens to
        case "udp" if packet.port == 67 and packet.own_port == 68:
            return True
        case "udp" if packet.port == 53:
            return packet.host == ADDRESS
        case "udp" if packet.port == 123:
            return True
        case "tcp" if packet.port == 4460:
            return True
    return False


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
