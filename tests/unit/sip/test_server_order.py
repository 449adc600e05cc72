"""Which servers a name stands for, and in which order (RFC 3263, RFC 2782, RFC 8305)."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any

import pytest

from firmware.phone.sip.finding import order
from firmware.phone.sip.finding.names import Names, Unanswered
from firmware.phone.sip.finding.order import NOT_OFFERED, SILENT, UNKNOWN, Found, Hop, Naptr, Srv, Target
from firmware.phone.sip.finding.server import SHUNNED, Server

TLS = Hop("phone.test", 0, "tls")
V4, OTHER_V4 = ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("192.0.2.2")
V6, OTHER_V6 = ipaddress.ip_address("2001:db8::1"), ipaddress.ip_address("2001:db8::2")


def naptr(service: str, replacement: str, preference: int = 1, **more: Any) -> Naptr:
    plain = Naptr(1, preference, "s", service, "", replacement)
    return plain._replace(**more)


def test_naptr_chooses_among_the_services_of_our_transport() -> None:
    records = [
        naptr("SIP+D2U", "_sip._udp.phone.test."),
        naptr("SIPS+D2T", "_sips._tcp.second.test.", 2),
        naptr("sips+d2t", "_sips._tcp.first.test.", 1),
    ]
    assert order.srv_names(TLS, records) == ["_sips._tcp.first.test", "_sips._tcp.second.test"]
    assert order.srv_names(Hop("phone.test", 0, "udp"), records) == ["_sip._udp.phone.test"]


def test_the_order_counts_before_the_preference() -> None:
    records = [naptr("SIPS+D2T", "_s.b.test", 1, order=2), naptr("SIPS+D2T", "_s.a.test", 9, order=1)]
    assert order.srv_names(TLS, records) == ["_s.a.test", "_s.b.test"]


@pytest.mark.parametrize(
    "record",
    [
        naptr("SIP+D2T", "_sip._tcp.other.test."),
        naptr("SIPS+D2T", "_sips._tcp.other.test.", flags="u"),
        naptr("SIPS+D2T", "_sips._tcp.other.test.", flags=""),
        naptr("SIPS+D2T", ".", regexp="!^.*$!sip:evil@evil.test!"),
        naptr("SIPS+D2T", "."),
        naptr("SIPS+D2T", "evil test"),
        naptr("SIPS+D2T", "127.0.0.1"),
    ],
)
def test_what_is_of_no_use_leaves_the_usual_name(record: Naptr) -> None:
    """Another transport than the configured one is never taken, whatever NAPTR says."""
    assert order.srv_names(TLS, [record]) == ["_sips._tcp.phone.test"]


def test_srv_by_priority_and_then_by_weight() -> None:
    records = [Srv(20, 0, 5061, "c"), Srv(10, 30, 5061, "a"), Srv(10, 70, 5061, "b")]
    assert [one.target for one in order.by_weight(records, lambda most: 0)] == ["a", "b", "c"]
    assert [one.target for one in order.by_weight(records, lambda most: most)] == ["b", "a", "c"]
    first = Counter(order.by_weight(records)[0].target for _ in range(2000))
    assert 1250 < first["b"] < 1550, "seven of ten"
    assert first["c"] == 0


def test_a_weight_of_nothing_is_drawn_sometimes() -> None:
    records = [Srv(1, 0, 5061, "a"), Srv(1, 5, 5061, "b")]
    assert order.by_weight(records, lambda most: 0)[0].target == "a"


def test_only_configured_ports_and_names_are_followed() -> None:
    records = [
        Srv(1, 0, 5061, "a.test."),
        Srv(1, 0, 22, "ssh.test."),
        Srv(1, 0, 5071, "b.test."),
        Srv(1, 0, 5061, "192.0.2.1"),
        Srv(1, 0, 5061, "x y"),
        Srv(1, 0, 5061, "."),
    ]
    assert [one.target for one in order.usable(TLS, records)] == ["a.test"]
    with_port = Hop("phone.test", 0, "tls", (5071,))
    assert [one.target for one in order.usable(with_port, records)] == ["a.test", "b.test"]


def test_where_no_server_can_be() -> None:
    nowhere = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "169.254.1.1", "fe80::1"]
    nowhere += ["240.0.0.1", "::ffff:127.0.0.1", "127.0.0.1", "::1", "x"]
    assert order.possible(nowhere, loopback=False) == []
    assert [str(one) for one in order.possible(["127.0.0.1"], loopback=True)] == ["127.0.0.1"]
    assert [str(one) for one in order.possible(["192.168.1.1", "192.168.1.1"], False)] == ["192.168.1.1"]


def test_both_families_by_turns_and_those_without_a_way_last() -> None:
    all_of_them = [V4, OTHER_V4, V6, OTHER_V6]
    assert order.both_families(all_of_them, lambda one: True) == [V6, V4, OTHER_V6, OTHER_V4]
    only_fourth = order.both_families(all_of_them, lambda one: one.version == 4)
    assert only_fourth == [V4, OTHER_V4, V6, OTHER_V6]


def test_an_address_needs_no_finding() -> None:
    assert Hop("192.0.2.1", 0, "tls").literal == Target(V4, 5061)
    assert str(Hop("[2001:db8::1]", 5070, "tls").literal) == "[2001:db8::1]:5070"
    assert TLS.literal is None


class Scripted(Names):
    """What the name server says, by name and kind; None: nothing at all."""

    def __init__(self, says: dict[tuple[str, str], Any]) -> None:
        super().__init__("127.0.0.1:53")
        self.says = says
        self.asked: list[tuple[str, str]] = []

    def _asking(self) -> Any:
        return None

    def _take(self, name: str, kind: str) -> tuple[Any, float]:
        self.asked.append((name, kind))
        said = self.says.get((name, kind), ())
        if said is None:
            raise Unanswered
        return list(said), 60.0

    def _naptr(self, asking: Any, name: str) -> Any:
        return self._take(name, "NAPTR")

    def _srv(self, asking: Any, name: str) -> Any:
        return self._take(name, "SRV")

    def _addresses(self, asking: Any, name: str) -> Any:
        return self._take(name, "A")


SRV = "_sips._tcp.phone.test"


def test_naptr_then_srv_then_addresses() -> None:
    names = Scripted({(SRV, "SRV"): [Srv(1, 0, 5061, "a.test"), Srv(2, 0, 5061, "b.test")],
                      ("a.test", "A"): [V6, V4], ("b.test", "A"): [OTHER_V4]})  # fmt: skip
    found = names.find(TLS)
    assert found.targets == (Target(V6, 5061), Target(V4, 5061), Target(OTHER_V4, 5061))
    assert names.asked[:2] == [("phone.test", "NAPTR"), (SRV, "SRV")]


def test_without_srv_the_domain_itself() -> None:
    names = Scripted({("phone.test", "A"): [V4]})
    assert names.find(TLS).targets == (Target(V4, 5061),)


def test_with_a_port_addresses_alone() -> None:
    names = Scripted({("phone.test", "A"): [V4]})
    assert names.find(Hop("phone.test", 5070, "tls")).targets == (Target(V4, 5070),)
    assert names.asked == [("phone.test", "A")]


def test_a_provider_may_say_that_there_is_none() -> None:
    """RFC 2782: a target of "." is not to be got round by asking for addresses."""
    names = Scripted({(SRV, "SRV"): [Srv(0, 0, 0, ".")], ("phone.test", "A"): [V4]})
    assert names.find(TLS).why == NOT_OFFERED
    assert ("phone.test", "A") not in names.asked


def test_one_host_whose_address_is_not_known_keeps_nobody_from_the_others() -> None:
    names = Scripted({(SRV, "SRV"): [Srv(1, 0, 5061, "a.test"), Srv(2, 0, 5061, "b.test")],
                      ("a.test", "A"): None, ("b.test", "A"): [V4]})  # fmt: skip
    assert names.find(TLS).targets == (Target(V4, 5061),)


def test_no_more_than_eight_are_tried() -> None:
    many = [Srv(n, 0, 5061, f"s{n}.test") for n in range(40)]
    addresses = {(f"s{n}.test", "A"): [ipaddress.ip_address(f"192.0.2.{n + 1}")] for n in range(40)}
    names = Scripted({(SRV, "SRV"): many, **addresses})
    assert len(names.find(TLS).targets) == 8
    assert len(names.asked) < 12
    one = Scripted({("phone.test", "A"): [ipaddress.ip_address(f"192.0.2.{n + 1}") for n in range(20)]})
    assert len(one.find(TLS).targets) == 8


def test_silence_is_not_the_same_as_no_server() -> None:
    assert Scripted({("phone.test", "NAPTR"): None}).find(TLS) == Found((), 30.0, SILENT, silent=True)
    assert Scripted({}).find(TLS).why == UNKNOWN


A, B = Target(V4, 5061), Target(OTHER_V4, 5061)


def test_the_next_target_when_one_fails_and_the_first_after_all() -> None:
    server = Server(TLS)
    server.answered(Found((A, B), 300.0), 0.0)
    assert server.target(0.0) == A
    assert server.others(0.0)
    assert server.failed(1.0)
    assert server.target(1.0) == B
    assert not server.others(1.0)
    assert not server.failed(2.0), "now it is time to wait"
    assert server.target(3.0) == A
    assert server.stale(3.0), "and to ask again"


def test_it_stays_with_what_works() -> None:
    server = Server(TLS)
    server.answered(Found((A, B), 300.0), 0.0)
    server.failed(1.0)
    server.target(1.0)
    server.worked()
    assert server.target(1.0 + SHUNNED * 2) == B
    server.answered(Found((A,), 300.0), 500.0)
    assert server.target(500.0) == A, "what is no longer named is left"


def test_the_last_good_answer_counts_while_the_name_server_is_silent() -> None:
    server = Server(TLS)
    server.answered(Found((A,), 30.0), 0.0)
    assert server.stale(30.0)
    server.answered(Found((), 30.0, SILENT, silent=True), 31.0)
    assert server.target(31.0) == A
    assert not server.stale(32.0)


def test_nothing_known_and_why() -> None:
    server = Server(TLS)
    server.answered(Found((), 60.0, UNKNOWN), 0.0)
    assert server.target(0.0) is None
    assert server.why == UNKNOWN
    assert not server.failed(1.0)


def test_another_network_forgives_and_asks_again() -> None:
    server = Server(TLS)
    server.answered(Found((A, B), 300.0), 0.0)
    server.failed(1.0)
    server.ask_again()
    assert server.stale(2.0)
    assert server.others(2.0)
    literal = Server(Hop("192.0.2.1", 0, "tls"))
    literal.ask_again()
    assert not literal.stale(1e9)
