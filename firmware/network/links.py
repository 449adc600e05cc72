"""How the wired card is in its network, for systemd.network(5) and systemd.netdev(5). Pure.

Without a line of the configuration it says what ``systemd/network/80-wired.network`` says, which holds when
nothing could be written.
"""

from __future__ import annotations

from firmware.phone.config import Config

NAME = "voice"
"""The card of a network with a number."""

_HEAD = "# Written by firmware.network from the configuration, at each start.\n"
_MATCH = "[Match]\nType=ether\nKind=!*\n"
_QUIET = "LLMNR=no\nMulticastDNS=no\nLLDP={lldp}\nEmitLLDP=no\n"
_AUTOMATIC = """
[Link]
RequiredForOnline=routable

[Network]
DHCP=ipv4
IPv6AcceptRA=yes
LinkLocalAddressing=ipv6
IPv6LinkLocalAddressGenerationMode=random
IPv6PrivacyExtensions=yes
{quiet}
[DHCPv4]
Anonymize=yes
SendHostname=no
UseHostname=no
UseDomains=no
UseNTP=no
UseSIP=no
UseTimezone=no
UseCaptivePortal=no
RoutesToNTP=no

[IPv6AcceptRA]
DHCPv6Client=no
Token=prefixstable
UseDomains=no
UseCaptivePortal=no
UseRedirect=no
"""
_FIXED = """
[Link]
RequiredForOnline=routable

[Network]
DHCP=no
IPv6AcceptRA=no
LinkLocalAddressing=ipv6
IPv6LinkLocalAddressGenerationMode=random
{addresses}{quiet}"""
_CARRIER = """
[Link]
RequiredForOnline=no

[Network]
VLAN={name}
DHCP=no
IPv6AcceptRA=no
LinkLocalAddressing=no
{quiet}"""


def files(config: Config) -> dict[str, str]:
    """Name and content: of the card, and of the network with a number on its cable (empty without)."""
    if not config.network.vlan:
        return {"wired.network": _HEAD + _MATCH + _addressed(config), "voice.netdev": "", "voice.network": ""}
    carrier = _HEAD + _MATCH + _CARRIER.format(name=NAME, quiet=_quiet(config))
    device = f"{_HEAD}[NetDev]\nName={NAME}\nKind=vlan\n\n[VLAN]\nId={config.network.vlan}\n"
    network = f"{_HEAD}[Match]\nName={NAME}\n{_addressed(config)}"
    return {"wired.network": carrier, "voice.netdev": device, "voice.network": network}


def _addressed(config: Config) -> str:
    quiet, fixed = _quiet(config), config.network.address
    if not fixed:
        return _AUTOMATIC.format(quiet=quiet)
    lines = [f"Address={one}\n" for one in fixed] + [f"Gateway={one}\n" for one in config.network.gateway]
    return _FIXED.format(addresses="".join(lines), quiet=quiet)


def _quiet(config: Config) -> str:
    """What it says of itself by other ways: nothing. Whether it listens to switches."""
    return _QUIET.format(lldp="yes" if config.network.lldp else "no")
