"""What the configuration says to the programs that look up names and the time. Pure."""

from __future__ import annotations

from firmware.phone.config import Config

_HEAD = "# Written by firmware.network from the configuration, at each start.\n"

_IWD = """\
[General]
EnableNetworkConfiguration=false
AddressRandomization={number}
AddressRandomizationRange=full
ManagementFrameProtection=2
DisableANQP=true

[Network]
NameResolvingService=systemd

[Scan]
DisablePeriodicScan=false
"""


def iwd(config: Config) -> str:
    """For iwd.config(5), as systemd/network/iwd.conf: a card number for each network; for each start in guest
    mode, where the same network must not see the same one twice."""
    return _HEAD + _IWD.format(number="once" if config.as_guest else "network")


def resolved(config: Config) -> str:
    """For resolved.conf(5): every name over TLS, verified, from these servers; else from the network's."""
    if not config.network.dns:
        return _HEAD
    servers = " ".join(config.network.dns)
    return f"{_HEAD}[Resolve]\nDNS={servers}\nDNSOverTLS=yes\nDomains=~.\n"


def chrony(config: Config) -> str:
    """For sourcedir of chrony.conf(5): each server has to prove who it is (NTS, RFC 8915)."""
    return _HEAD + "".join(f"server {name} iburst nts\n" for name in config.network.time)
