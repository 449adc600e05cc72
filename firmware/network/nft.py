"""The declared flows as rules for nft(8). Pure.

Of the configuration nothing gets into a rule but addresses and numbers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from firmware.network.egress import Flow

_HEAD = """\
# Written by firmware.network from the configuration, at each start. What holds besides is in firewall.nft.
flush chain inet sottovoce declared_in
flush chain inet sottovoce declared_out
"""

_HELLO = "@th,64,8 22 @th,168,8 1 "
"""Behind the UDP header a handshake's record and in it a ClientHello (RFC 6347 sections 4.1 and 4.2.2)."""


def rules(flows: Sequence[Flow]) -> str:
    """A file that fills the two chains in one step: either all of it holds, or what was there before."""
    lines = [line for flow in flows for line in _rules(flow)]
    return _HEAD + "".join(f"add rule inet sottovoce {line}\n" for line in lines)


def _rules(flow: Flow) -> Iterator[str]:
    if flow.direction == "in":
        yield f"declared_in {flow.protocol} dport {_ports(flow.ports)} {_HELLO if flow.hello else ''}accept"
        return
    end = f"{flow.protocol} dport {_ports(flow.ports)} accept"
    if flow.own_ports is not None:
        end = f"{flow.protocol} sport {_ports(flow.own_ports)} {end}"
    for where in _places(flow.hosts):
        yield f'declared_out meta skuid "{flow.user}" {where}{end}'


def _places(hosts: Sequence[str]) -> Iterator[str]:
    """A name can be at any address: only where all of a kind are addresses, no other is let through."""
    found = [_address(host) for host in hosts]
    if not found or None in found:
        yield ""
        return
    for version, word in ((4, "ip"), (6, "ip6")):
        known = sorted({str(one) for one in found if one is not None and one.version == version})
        if known:
            yield f"{word} daddr {{ {', '.join(known)} }} "


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None


def _ports(ports: tuple[int, int]) -> str:
    first, last = ports
    return str(first) if first == last else f"{first}-{last}"
