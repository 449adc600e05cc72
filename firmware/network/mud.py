"""To whom this telephone talks, for a network's administrator: a MUD file (RFC 8520). Pure.

Made from the same list as the firewall's rules, so the two cannot say different things. The telephone never
tells anybody where such a file is (no DHCP option, no LLDP): the administrator takes it from here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from firmware.network.egress import Flow

NOWHERE = "https://mud.invalid/sottovoce.json"
"""Where the file says that it is unless somebody serves it: nowhere (RFC 6761 section 6.4)."""

_CACHE_HOURS = 24
_NUMBER = {"tcp": 6, "udp": 17}
_FAMILIES = ((4, "ipv4"), (6, "ipv6"))

Ace = dict[str, Any]


def mud(flows: Sequence[Flow], now: datetime, url: str = NOWHERE) -> dict[str, Any]:
    """The file as JSON's own values. ``url``: where it will be served."""
    access = {
        (way, family): list(_aces(flows, way, version, family))
        for way in ("from", "to")
        for version, family in _FAMILIES
    }
    return {
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": url,
            "last-update": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "cache-validity": _CACHE_HOURS,
            "is-supported": True,
            "systeminfo": "Telephone",
            "from-device-policy": _policy("from"),
            "to-device-policy": _policy("to"),
        },
        "ietf-access-control-list:acls": {
            "acl": [
                {"name": f"{way}-{family}", "type": f"{family}-acl-type", "aces": {"ace": aces}}
                for (way, family), aces in access.items()
            ]
        },
    }


def _policy(way: str) -> dict[str, Any]:
    return {"access-lists": {"access-list": [{"name": f"{way}-{family}"} for _, family in _FAMILIES]}}


def _aces(flows: Sequence[Flow], way: str, version: int, family: str) -> Iterator[Ace]:
    """Each flow from the telephone, or what comes back of it; for one family and each end."""
    for number, flow in enumerate(flows, start=1):
        for end, where in enumerate(_ends(flow, version), start=1):
            matches = {
                family: {"protocol": _NUMBER[flow.protocol], **_place(where, way, family)},
                flow.protocol: _ports(flow, way),
            }
            yield {
                "name": f"{number}-{end} {flow.what}"[:64],
                "matches": matches,
                "actions": {"forwarding": "accept"},
            }


def _ends(flow: Flow, version: int) -> Iterator[str]:
    """The far ends of one family; "" for anybody. A name may be of either."""
    if not flow.hosts:
        yield ""
    for host in flow.hosts:
        bare = host.removeprefix("[").removesuffix("]")
        try:
            if ipaddress.ip_address(bare).version == version:
                yield bare
        except ValueError:
            yield bare


def _place(where: str, way: str, family: str) -> dict[str, str]:
    if not where:
        return {}
    try:
        network = str(ipaddress.ip_network(where))
    except ValueError:
        return {f"ietf-acldns:{'dst' if way == 'from' else 'src'}-dnsname": where}
    return {f"{'destination' if way == 'from' else 'source'}-{family}-network": network}


def _ports(flow: Flow, way: str) -> dict[str, Any]:
    """Whose ports they are turns round with the direction; who begins does not (RFC 8520 section 8.4)."""
    begins = "from-device" if flow.direction == "out" else "to-device"
    theirs, ours = (
        ("destination-port", "source-port") if way == "from" else ("source-port", "destination-port")
    )
    found: dict[str, Any] = {theirs if flow.direction == "out" else ours: _range(flow.ports)}
    if flow.own_ports is not None:
        found[ours] = _range(flow.own_ports)
    return ({"ietf-mud:direction-initiated": begins} if flow.protocol == "tcp" else {}) | found


def _range(ports: tuple[int, int]) -> dict[str, Any]:
    first, last = ports
    return {"operator": "eq", "port": first} if first == last else {"lower-port": first, "upper-port": last}
