"""Where an account's requests go. Pure."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone.config import Account
from firmware.phone.sip import uri
from firmware.phone.sip.uri import SipUri

TLS_PORT, PLAIN_PORT = 5061, 5060
"""RFC 3261 section 19.1.2."""


def server_of(account: Account) -> SipUri:
    """The outbound proxy, else the provider's domain."""
    if account.outbound_proxy:
        return uri.parse(account.outbound_proxy)
    return SipUri("sip", "", account.domain)


def without_tls_port(server: SipUri, transport: str) -> SipUri:
    """The same server for another transport: the usual port of the one that it was for is not named, and
    neither is a transport."""
    usual = PLAIN_PORT if transport == "tls" else TLS_PORT
    params = tuple(pair for pair in server.params if pair[0] != "transport")
    scheme = "sip" if transport != "tls" else server.scheme
    return replace(server, scheme=scheme, port=None if server.port == usual else server.port, params=params)
