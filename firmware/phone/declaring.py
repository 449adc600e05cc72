"""To whom this telephone talks, for `sotto manifest`: the list that the firewall's rules are made of.

Imported when it is asked for, not at the start: it needs what the updater's settings need.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware.phone.config import Config
from firmware.phone.errors import ConfigError

if TYPE_CHECKING:
    from firmware.network.egress import Flow

UPDATE = Path("/etc/sottovoce/update.toml")
"""Where the updater's settings are on a flashed telephone; elsewhere there are none."""

LONGEST_URL = 255
"""Octets of the address of a MUD file (RFC 8520 section 3.5)."""


def flows(config: Config, update: Path = UPDATE) -> Sequence[Flow]:
    from firmware.network import egress
    from firmware.updater import settings

    try:
        found = settings.read(update)
    except ConfigError:  # who starts the updater is told; without its settings it talks to nobody
        found = settings.Settings()
    return egress.declared(config, found)


def told(found: Sequence[Flow]) -> list[dict[str, Any]]:
    """Each as JSON's own values: what for, by whom, which way, where to."""
    return [
        {
            "for": flow.what,
            "program": flow.user,
            "direction": flow.direction,
            "protocol": flow.protocol,
            "ports": list(flow.ports),
            "hosts": list(flow.hosts) or ["anybody"],
        }
        for flow in found
    ]


def mud_file(found: Sequence[Flow], now: datetime, url: str) -> dict[str, Any]:
    """RFC 8520. ``url``: where it will be served, "": nowhere."""
    from firmware.network import mud

    good = url.startswith("https://") and url.isascii() and len(url) <= LONGEST_URL
    return mud.mud(found, now, url if good else mud.NOWHERE)


def lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """For a person."""
    told = []
    for flow in found:
        first, last = flow["ports"]
        where = ", ".join(flow["hosts"])
        ports = str(first) if first == last else f"{first} to {last}"
        way = "to" if flow["direction"] == "out" else "from"
        told.append(f"  {flow['for']}: {way} {where}, {flow['protocol']} {ports} ({flow['program']})")
    return told
