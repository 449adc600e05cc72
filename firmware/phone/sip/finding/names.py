"""Asks the machine's resolver, by dnspython; on the image systemd-resolved, over TLS where configured.

Nobody else is ever asked: which servers there are stands in /etc/resolv.conf, or in ``network.resolver``.
"""

from __future__ import annotations

import socket
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from firmware.phone.sip.finding import order
from firmware.phone.sip.finding.order import (
    NOT_OFFERED,
    SILENT,
    UNKNOWN,
    Address,
    Found,
    Hop,
    Naptr,
    Srv,
)

PATIENCE = 3.0
"""Seconds for one question, all name servers together: a person waits."""

SHORTEST, LONGEST = 30.0, 86400.0
"""Seconds for which an answer counts, whatever it says itself."""

NONE_FOR = 60.0
"""Seconds until a name that is not there is asked for again (RFC 2308 section 5 allows more)."""


class Unanswered(Exception):
    """The name server is silent or in trouble: nothing is known, which is not the same as "there is none"."""


class Names:
    """Blocks; one thread at a time. ``resolver``: "address:port" on this machine, "": as the system has it.

    ``loopback``: a server may be on this machine.
    """

    def __init__(self, resolver: str = "", loopback: bool = False) -> None:
        self._own = resolver
        self._loopback = loopback

    def find(self, hop: Hop) -> Found:
        """RFC 3263 section 4: NAPTR, SRV, then addresses; with a port addresses alone."""
        try:
            return self._find(hop)
        except Unanswered:
            return Found((), SHORTEST, SILENT, silent=True)

    def _find(self, hop: Hop) -> Found:
        asking = self._asking()
        if not hop.port:
            naptrs, _ = self._naptr(asking, hop.host)
            for name in order.srv_names(hop, naptrs):
                records, seconds = self._srv(asking, name)
                if len(records) == 1 and records[0].target in (".", ""):
                    return Found((), NONE_FOR, NOT_OFFERED)  # RFC 2782: decidedly not available here
                if records:
                    return self._of_srv(asking, hop, records, seconds)
        addresses, seconds = self._addresses(asking, hop.host)
        port = hop.port or order.USUAL_PORT[hop.transport]
        return _found([(address, port) for address in addresses], seconds)

    def _of_srv(self, asking: dns.resolver.Resolver, hop: Hop, records: list[Srv], seconds: float) -> Found:
        pairs: list[tuple[Address, int]] = []
        silent = False
        for record in order.by_weight(order.usable(hop, records))[: order.MOST_TARGETS]:
            try:
                addresses, good_for = self._addresses(asking, record.target)
            except Unanswered:
                silent = True
                continue
            seconds = min(seconds, good_for)
            pairs += [(address, record.port) for address in addresses]
        if silent and not pairs:
            raise Unanswered
        return _found(pairs, seconds)

    def _asking(self) -> dns.resolver.Resolver:
        """Made anew each time: the network may have given other name servers meanwhile."""
        try:
            made = dns.resolver.Resolver(configure=not self._own)
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered from error
        if self._own:
            address, _, port = self._own.rpartition(":")
            made.nameservers = [address.strip("[]")]
            made.port = int(port)
        made.timeout, made.lifetime = PATIENCE / 2, PATIENCE
        made.cache = None
        return made

    def _ask(self, asking: dns.resolver.Resolver, name: str, kind: str) -> tuple[list[Any], float]:
        try:
            whole = dns.name.from_text(name.removesuffix(".") + ".")
            answer = asking.resolve(whole, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return [], NONE_FOR
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Unanswered from error
        if answer.rrset is None:
            return [], NONE_FOR
        seconds = min(max(float(answer.rrset.ttl), SHORTEST), LONGEST)
        return list(answer.rrset)[: order.MOST_RECORDS], seconds

    def _naptr(self, asking: dns.resolver.Resolver, name: str) -> tuple[list[Naptr], float]:
        records, seconds = self._ask(asking, name, "NAPTR")
        return [
            Naptr(
                int(one.order),
                int(one.preference),
                _text(one.flags),
                _text(one.service),
                _text(one.regexp),
                one.replacement.to_text(),
            )
            for one in _of_kind(records, dns.rdatatype.NAPTR)
        ], seconds

    def _srv(self, asking: dns.resolver.Resolver, name: str) -> tuple[list[Srv], float]:
        records, seconds = self._ask(asking, name, "SRV")
        return [
            Srv(int(one.priority), int(one.weight), int(one.port), one.target.to_text())
            for one in _of_kind(records, dns.rdatatype.SRV)
        ], seconds

    def _addresses(self, asking: dns.resolver.Resolver, name: str) -> tuple[list[Address], float]:
        """IPv6 and IPv4 (RFC 6157 section 3). Some name servers are silent about AAAA alone (RFC 4074)."""
        texts: list[str] = []
        seconds, silent = LONGEST, 0
        for kind in ("AAAA", "A"):
            try:
                records, good_for = self._ask(asking, name, kind)
            except Unanswered:
                silent += 1
                continue
            texts += [str(one.address) for one in _of_kind(records, dns.rdatatype.from_text(kind))]
            seconds = min(seconds, good_for)
        if not texts and silent:
            raise Unanswered
        if not texts and not self._own:
            texts, seconds = _by_system(name), SHORTEST
        found = order.possible(texts, self._loopback)
        return order.both_families(found, reachable), seconds


def _of_kind(records: list[Any], kind: dns.rdatatype.RdataType) -> list[Any]:
    return [one for one in records if getattr(one, "rdtype", None) == kind]


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "replace")


def _found(pairs: list[tuple[Address, int]], seconds: float) -> Found:
    known = order.targets(pairs)
    return Found(known, seconds) if known else Found((), NONE_FOR, UNKNOWN)


def _by_system(name: str) -> list[str]:
    """What DNS does not know: /etc/hosts and the names of the house (mDNS), if the system looks there."""
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def reachable(address: Address) -> bool:
    """Whether the kernel knows a way there. Nothing is sent: a datagram socket is only told where to."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((str(address), 9))
    except OSError:
        return False
    return True
