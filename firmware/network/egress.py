"""Who of the telephone's programs may talk to whom, from the configuration. Pure.

One list for everything that needs it: the firewall's rules are made from it (``nft``), and so can be a list
for a network's administrator (a MUD file, RFC 8520).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from firmware.phone.config import Account, Config
from firmware.phone.sip import uri
from firmware.phone.sip.servers import server_of, without_tls_port
from firmware.phone.sip.uri import SipUri
from firmware.updater.settings import Settings

PHONE, UPDATER, RESOLVER, CLOCK = "sottovoce", "sottovoce-update", "systemd-resolve", "_chrony"
PROVISIONER = "sottovoce-provision"
"""The users under which the programs run (systemd/sottovoce.sysusers; the last two are Debian's)."""

SIP_PORT = {"tls": 5061, "tcp": 5060, "udp": 5060}
"""RFC 3261 section 19.1.2: where no port is named. SRV is followed to these and to ``account.ports``."""

DNS, DNS_OVER_TLS, NTS_KEY, NTP = 53, 853, 4460, 123
"""RFC 1035, RFC 7858, RFC 8915 section 7.1, RFC 5905."""

CONTACTS_PORT = {"https": 443, "ldaps": 636, "ldap": 389}
"""RFC 9110 section 4.2.2, RFC 4516 section 2 and the register of IANA."""

OWN_PORTS = (32768, 60999)
"""Where speech is received: ports that the kernel picks (net.ipv4.ip_local_port_range)."""

MEDIA_PORTS = (1024, 65535)
"""Where a far end receives speech; which port it is, and where, is told in each call's SDP."""


@dataclass(frozen=True)
class Flow:
    """One thing that may pass.

    ``ports``: of the far end, for what comes in our own; from and until. ``hosts``: names and addresses,
    empty for anybody. ``own_ports``: which of ours, None for any.
    """

    what: str
    user: str
    direction: Literal["out", "in"]
    protocol: Literal["tcp", "udp"]
    ports: tuple[int, int]
    hosts: tuple[str, ...] = ()
    own_ports: tuple[int, int] | None = None
    hello: bool = False
    """Only the first packet of a DTLS handshake."""


def declared(config: Config, update: Settings, provisioned: str = "") -> tuple[Flow, ...]:
    """All that the telephone needs with this configuration, and nothing else. ``provisioned``: the address
    of the ticket, where there is one.

    What it was asked for comes back without being declared: the firewall knows its connections.
    """
    return (
        *_signalling(config),
        *_speech(config),
        *_contacts(config),
        *_names(config),
        *_time(config),
        *_updates(update),
        *_provisioning(provisioned),
    )


def _signalling(config: Config) -> Iterator[Flow]:
    transport = config.sip.transport
    protocol = _protocol(transport)
    for account in config.accounts:
        yield from _provider(config, account, "signalling to the provider")
    for account in config.helpers:
        yield from _provider(config, account, "emergency calls, by the owner's account")
    for account in (*config.accounts, *config.helpers):
        for other in SIP_PORT:
            if other != config.transport_of(account):
                server = without_tls_port(server_of(account), other)
                yield _call("emergency calls, when nothing else works", _protocol(other), other, server)
    if config.account is None:
        port = SIP_PORT[transport]
        yield Flow("signalling of direct calls", PHONE, "out", protocol, (port, port))
        for contact in config.contacts:
            yield _call("signalling to a contact", protocol, transport, uri.parse(contact.uri))
    if config.sip.port:
        # Only a port that somebody chose: to one that the kernel picked nobody can be invited.
        yield Flow("direct calls that come in", PHONE, "in", protocol, (config.sip.port, config.sip.port))


def _provider(config: Config, account: Account, what: str) -> Iterator[Flow]:
    own = config.transport_of(account)
    server = server_of(account)
    yield _call(what, _protocol(own), own, server)
    for port in account.ports if server.port is None else ():
        yield Flow(
            f"{what}, as its SRV records say", PHONE, "out", _protocol(own), (port, port), (server.host,)
        )


def _protocol(transport: str) -> Literal["tcp", "udp"]:
    return "udp" if transport == "udp" else "tcp"


def _call(what: str, protocol: Literal["tcp", "udp"], transport: str, server: SipUri) -> Flow:
    port = server.port or SIP_PORT[transport]
    return Flow(what, PHONE, "out", protocol, (port, port), (server.host,))


def _speech(config: Config) -> Iterator[Flow]:
    yield Flow("speech, encrypted", PHONE, "out", "udp", MEDIA_PORTS, own_ports=OWN_PORTS)
    if config.accounts or config.sip.port:
        # Who answers our call begins the handshake (RFC 5763 section 5), and nothing left here before.
        yield Flow("keys of a call that the far end begins", PHONE, "in", "udp", OWN_PORTS, hello=True)


def _contacts(config: Config) -> Iterator[Flow]:
    """Servers that contacts are read from, when somebody asks for it."""
    addresses = [source.url for source in config.book.carddavs]
    addresses += [source.url for source in config.book.ldaps]
    for server in map(urlsplit, addresses):
        port = server.port or CONTACTS_PORT[server.scheme]
        yield Flow("contacts", PHONE, "out", "tcp", (port, port), (server.hostname or "",))


def _names(config: Config) -> Iterator[Flow]:
    if config.network.dns:
        addresses = tuple(server.partition("#")[0] for server in config.network.dns)
        yield Flow("names, over TLS", RESOLVER, "out", "tcp", (DNS_OVER_TLS, DNS_OVER_TLS), addresses)
    else:
        yield Flow("names", RESOLVER, "out", "udp", (DNS, DNS))
        yield Flow("names, long answers", RESOLVER, "out", "tcp", (DNS, DNS))


def _time(config: Config) -> Iterator[Flow]:
    if config.network.time:
        yield Flow("keys for the time", CLOCK, "out", "tcp", (NTS_KEY, NTS_KEY), config.network.time)
        yield Flow("the time", CLOCK, "out", "udp", (NTP, NTP), config.network.time)


def _updates(update: Settings) -> Iterator[Flow]:
    if update.url:
        server = urlsplit(update.url)
        port = server.port or 443
        yield Flow("updates", UPDATER, "out", "tcp", (port, port), (server.hostname or "",))


def _provisioning(url: str) -> Iterator[Flow]:
    if url:
        server = urlsplit(url)
        port = server.port or 443
        yield Flow("the configuration", PROVISIONER, "out", "tcp", (port, port), (server.hostname or "",))
