"""The firewall in a real kernel: what is declared passes, all else stays; both ways, IPv4 and IPv6."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator

import pytest

from firmware.network.__main__ import files
from firmware.network.egress import Flow, declared
from firmware.phone.config import Account, Config, Network, Secret, Sip
from firmware.updater.settings import Settings
from tests.unit.network.cable import ELSEWHERE, PHONE, ROOT, USERS, WORLD, Cable, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make network namespaces")

BASE = (ROOT / "systemd/firewall.nft").read_text()
FACTORY = (Config(), Settings())
FULL = (
    Config(
        account=Account(user="alice", domain="phone.test", password=Secret("x")),
        network=Network(dns=("192.0.2.1#dns.test", "2001:db8::1#dns.test")),
    ),
    Settings(url="https://updates.test:8443/"),
)
CALLABLE = (Config(sip=Sip(port=5071)), Settings())
CONFIGURATIONS = {"factory": FACTORY, "account": FULL, "direct": CALLABLE}


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable()
    try:
        yield made
    finally:
        made.close()


def load(cable: Cable, config: Config, update: Settings) -> tuple[Flow, ...]:
    cable.load(BASE)
    cable.load(files(config, update)["egress.nft"])
    return declared(config, update)


def places(flow: Flow, family: int) -> list[str]:
    """Where a flow may go to in the world, of what there is of it here."""
    return (
        [WORLD[family]]
        if any(host[0].isdigit() for host in flow.hosts)
        else [WORLD[family], ELSEWHERE[family]]
    )


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_is_declared_passes_and_nothing_else(cable: Cable, name: str, family: int) -> None:
    """Every user tries every port that any configuration knows, and some that none knows."""
    flows = load(cable, *CONFIGURATIONS[name])
    out = [flow for flow in flows if flow.direction == "out"]
    for flow in out:
        for host in places(flow, family):
            own = flow.own_ports[0] if flow.own_ports else 0
            sent = cable.send(flow.user, family, flow.protocol, host, flow.ports[0], own)
            assert cable.arrived(family, flow.protocol, host, flow.ports[0]), flow
            sent.close()
    ports = sorted({flow.ports[0] for pair in CONFIGURATIONS.values() for flow in declared(*pair)})
    ports += [22, 80, 443, 5353, 5355]
    tried: set[tuple[int, str, str, int, str]] = set()
    for user in USERS:
        for protocol in ("tcp", "udp"):
            for port in ports:
                for host in (WORLD[family], ELSEWHERE[family]):
                    if any(_covers(flow, user, protocol, port, host, family) for flow in out):
                        continue
                    cable.send(user, family, protocol, host, port, 20000 + len(tried) % 9000).close()
                    tried.add((family, protocol, host, port, user))
    assert len(tried) > 100
    seen = cable.arrivals(0.4)
    allowed = {(family, protocol, host, port) for _, protocol, host, port, _ in tried} & seen
    assert not allowed, f"passed without being declared: {allowed}"


def _covers(flow: Flow, user: str, protocol: str, port: int, host: str, family: int) -> bool:
    return (
        (flow.user, flow.protocol) == (user, protocol)
        and flow.ports[0] <= port <= flow.ports[1]
        and flow.own_ports is None
        and host in places(flow, family)
    )


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_nothing_comes_in_but_answers_and_what_is_declared(cable: Cable, name: str, family: int) -> None:
    """Somebody listens on each port here, so that nothing but the firewall can keep a packet out."""
    flows = load(cable, *CONFIGURATIONS[name])
    opened = {(flow.protocol, flow.ports[0]) for flow in flows if flow.direction == "in" and not flow.hello}
    assert opened == ({("tcp", 5071)} if name == "direct" else set())
    for protocol in ("tcp", "udp"):
        for port in (22, 53, 5060, 5061, 5071, 16384, 40000):
            server = cable.opened("phone", family, protocol)
            server.bind((PHONE[family], port))
            if protocol == "tcp":
                server.listen(1)
            client = cable.opened("world", family, protocol)
            client.connect_ex((PHONE[family], port))
            if protocol == "udp":
                client.send(b"hello")
            came = bool(select.select([server], [], [], 0.1)[0])
            assert came == ((protocol, port) in opened), (protocol, port)


@pytest.mark.parametrize("family", [4, 6])
def test_speech_is_answered_by_whom_it_went_to_and_by_nobody_else(cable: Cable, family: int) -> None:
    load(cable, *FACTORY)
    far, stranger = (cable.opened("world", family, "udp") for _ in range(2))
    far.bind((WORLD[family], 30000))
    stranger.bind((ELSEWHERE[family], 30000))
    ear = cable.opened("phone", family, "udp", "sottovoce")
    ear.bind((PHONE[family], 40000))
    ear.sendto(b"speech", (WORLD[family], 30000))
    assert select.select([far], [], [], 2)[0]
    stranger.sendto(b"noise", (PHONE[family], 40000))
    assert not select.select([ear], [], [], 0.2)[0]
    far.sendto(b"speech", (PHONE[family], 40000))
    assert select.select([ear], [], [], 2)[0]


RECORD = bytes([22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12])
"""The head of a DTLS record: a handshake, version 1.2, epoch, number, length (RFC 6347 section 4.1)."""


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", ["factory", "account"])
def test_keys_may_be_begun_by_who_answers_our_call_and_by_no_other_packet(
    cable: Cable, name: str, family: int
) -> None:
    load(cable, *{"factory": FACTORY, "account": FULL}[name])
    far = cable.opened("world", family, "udp")
    ear = cable.opened("phone", family, "udp", "sottovoce")
    ear.bind((PHONE[family], 40000))
    low = cable.opened("phone", family, "udp")
    low.bind((PHONE[family], 5353))
    hello = RECORD + b"\x01" + bytes(11)
    others = [
        b"",
        hello[:13],
        RECORD + b"\x02" + bytes(11),
        b"\x17" + hello[1:],
        b"\x80" + bytes(40),
        b"hello",
    ]
    for packet in others:
        far.sendto(packet, (PHONE[family], 40000))
    far.sendto(hello, (PHONE[family], 5353))
    assert not select.select([ear, low], [], [], 0.3)[0]
    far.sendto(hello, (PHONE[family], 40000))
    assert bool(select.select([ear], [], [], 0.5)[0]) == (name == "account")


def test_a_ping_is_not_answered(cable: Cable) -> None:
    load(cable, *FACTORY)
    import socket

    with cable.within(cable.world):
        pinger = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with pinger:
        pinger.sendto(b"\x08\x00\xf7\xff" + bytes(4), (PHONE[4], 0))
        assert not select.select([pinger], [], [], 0.3)[0]


def test_without_its_configuration_it_is_closed_to_all(cable: Cable) -> None:
    """What firmware.network could not write, or nft could not read, leaves the base: nothing passes."""
    cable.load(BASE)
    with pytest.raises(AssertionError):
        cable.load("add rule inet sottovoce declared_out meta skuid 0 accept\nnonsense")
    for user in USERS:
        for port in (53, 123, 443, 5061):
            cable.send(user, 4, "udp", WORLD[4], port).close()
            cable.send(user, 4, "tcp", WORLD[4], port).close()
    time.sleep(0.05)
    assert not [packet for packet in cable.arrivals(0.3) if packet[2] == WORLD[4]]


def test_loading_it_again_changes_nothing(cable: Cable) -> None:
    load(cable, *FULL)
    once = cable.listing()
    load(cable, *FULL)
    assert cable.listing().split("chain")[2:] == once.split("chain")[2:]


@pytest.mark.parametrize("family", [4, 6])
def test_the_set_up_page_is_reached_while_it_is_open_and_from_local_networks_alone(
    cable: Cable, family: int
) -> None:
    load(cable, *FULL)
    near = {4: ("192.168.77.1", "192.168.77.2"), 6: ("fd00:77::1", "fd00:77::2")}[family]
    length = {4: 24, 6: 64}[family]
    for side, card, address in ((cable.world, "w0", near[0]), (cable.phone, "p0", near[1])):
        with cable.within(side):
            run("ip", "address", "add", f"{address}/{length}", "dev", card, *(["nodad"] * (family == 6)))
    server = cable.opened("phone", family, "tcp")
    server.bind(("" if family == 4 else "::", 443))
    server.listen(8)

    def reaches(own: str, host: str) -> bool:
        client = cable.opened("world", family, "tcp")
        client.bind((own, 0))
        client.connect_ex((host, 443))
        came = bool(select.select([server], [], [], 0.5)[0])
        if came:
            server.accept()[0].close()
        client.close()  # or it would knock again, when the door is open
        return came

    def from_near() -> bool:
        return reaches(near[0], near[1])

    assert not from_near()
    cable.load((ROOT / "systemd/setup-open.nft").read_text())
    assert from_near()
    assert not reaches(WORLD[family], PHONE[family]), "from anywhere else it cannot be reached"
    cable.load(files(*FULL)["egress.nft"])
    assert from_near(), "a new configuration leaves it open"
    cable.load("flush chain inet sottovoce setup_in")
    assert not from_near()
