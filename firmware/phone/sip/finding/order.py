"""From what the name server says to a list of targets, the best first (RFC 3263, RFC 2782, RFC 8305). Pure.

Answers are a stranger's: numbers, lengths and names are bounded, and what no server can be is left out.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from firmware.phone.language.phrase import phrase
from firmware.phone.sip import uri
from firmware.phone.sip.uri import SipUri

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_TARGETS = 8
"""Of one name: who does not answer at eight addresses is not there."""

MOST_RECORDS = 20
"""Of one answer that are looked at."""

SERVICE = {"tls": "SIPS+D2T", "tcp": "SIP+D2T", "udp": "SIP+D2U"}
PREFIX = {"tls": "_sips._tcp", "tcp": "_sip._tcp", "udp": "_sip._udp"}
USUAL_PORT = {"tls": 5061, "tcp": 5060, "udp": 5060}
"""RFC 3263 section 4.1; RFC 3261 section 19.1.2."""


@dataclass(frozen=True)
class Hop:
    """Where requests go, as a URI names it. ``port`` 0: it names none. ``ports``: which SRV may name besides
    the usual one.
    """

    host: str
    port: int
    transport: str
    ports: tuple[int, ...] = ()

    @classmethod
    def of(cls, server: SipUri, transport: str, ports: tuple[int, ...] = ()) -> Hop:
        return cls(server.host, server.port or 0, transport, ports)

    @property
    def literal(self) -> Target | None:
        """The target, where the host is an address already."""
        try:
            return Target(
                ipaddress.ip_address(self.host.strip("[]")), self.port or USUAL_PORT[self.transport]
            )
        except ValueError:
            return None


class Target(NamedTuple):
    """One place where a server may be."""

    address: Address
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


SILENT = phrase("The name server does not answer; trying again")
UNKNOWN = phrase("The server's name is not known; check the domain and the network")
NOT_OFFERED = phrase("The provider has no server for this kind of connection; ask the provider")


class Found(NamedTuple):
    """What came of a search: ``targets``, good for ``seconds``; none: ``why``, in words. ``silent``: nobody
    answered, so what was known before still holds.
    """

    targets: tuple[Target, ...]
    seconds: float
    why: str = ""
    silent: bool = False


class Naptr(NamedTuple):
    """RFC 3403 section 4."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


class Srv(NamedTuple):
    """RFC 2782."""

    priority: int
    weight: int
    port: int
    target: str


def srv_names(hop: Hop, records: Iterable[Naptr]) -> list[str]:
    """The names to ask for SRV, the best first: those that NAPTR gives for our transport, else the usual one
    (RFC 3263 section 4.1). We never change to a transport that was not configured.
    """
    fitting = [
        record
        for record in list(records)[:MOST_RECORDS]
        if record.service.upper() == SERVICE[hop.transport] and record.flags.lower() == "s"
    ]
    fitting.sort(key=lambda record: (record.order, record.preference))
    named = [name for record in fitting if not record.regexp and (name := _service_name(record.replacement))]
    return list(dict.fromkeys(named))[:3] or [f"{PREFIX[hop.transport]}.{hop.host}"]


def _service_name(text: str) -> str:
    """``text`` where it is the name of a service, such as ``_sips._tcp.phone.example``, else ""."""
    labels = text.lower().removesuffix(".").split(".")
    plain = ".".join(label.removeprefix("_") for label in labels)
    return ".".join(labels) if _name(plain) == plain else ""


def _name(text: str) -> str:
    """The canonical host name, or "" for what is none (an address is none here)."""
    try:
        name = uri.host_name(text)
    except ValueError:
        return ""
    return "" if Hop(name, 0, "tls").literal else name


def usable(hop: Hop, records: Iterable[Srv]) -> list[Srv]:
    """The records that may be followed: a name, and a port that is the usual one or was configured.

    What SRV names is reached through the firewall, whose openings come from the configuration, not from DNS.
    """
    ports = {USUAL_PORT[hop.transport], *hop.ports}
    return [
        record._replace(target=name)
        for record in list(records)[:MOST_RECORDS]
        if record.port in ports and (name := _name(record.target))
    ]


def by_weight(records: Iterable[Srv], pick: Callable[[int], int] | None = None) -> list[Srv]:
    """In order of priority, among equals drawn by weight (RFC 2782, "Weight"). ``pick(n)``: 0 to n."""
    draw = pick or _draw
    left = sorted(records, key=lambda record: (record.priority, record.weight != 0))
    found: list[Srv] = []
    while left:
        equals = [record for record in left if record.priority == left[0].priority]
        mark, passed = draw(sum(record.weight for record in equals)), 0
        for record in equals:
            passed += record.weight
            if passed >= mark:
                break
        found.append(record)
        left.remove(record)
    return found


def _draw(most: int) -> int:
    return random.SystemRandom().randint(0, most)


def possible(addresses: Iterable[str], loopback: bool) -> list[Address]:
    """Those at which a server can be. ``loopback``: this machine counts too, as for tests."""
    found: list[Address] = []
    for text in list(addresses)[:MOST_RECORDS]:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        nowhere = address.is_multicast or address.is_unspecified or address.is_link_local
        nowhere |= address.is_reserved or getattr(address, "ipv4_mapped", None) is not None
        if address.is_loopback:
            nowhere = not loopback
        if not nowhere and address not in found:
            found.append(address)
    return found


def both_families(addresses: Sequence[Address], reachable: Callable[[Address], bool]) -> list[Address]:
    """IPv6 and IPv4 by turns (RFC 8305 section 4), and last those to which there is no way now."""
    sixth = [one for one in addresses if one.version == 6]
    fourth = [one for one in addresses if one.version == 4]
    turns = [one for pair in zip_longest(sixth, fourth) for one in pair if one is not None]
    return sorted(turns, key=lambda one: not reachable(one))


def targets(pairs: Iterable[tuple[Address, int]]) -> tuple[Target, ...]:
    """Without doubles, no more than are tried."""
    return tuple(dict.fromkeys(Target(*pair) for pair in pairs))[:MOST_TARGETS]
