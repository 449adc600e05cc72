"""Who may talk to the page at all, before anything is looked at: a browser nearby that shows this page. Pure.

A page of another site can make a browser send requests here (seen in Origin and Sec-Fetch-Site), or point its
own name at our address (DNS rebinding, seen in Host); none of the three is in that site's hand.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

HTTPS = 443

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # with none at all a browser's own form has no Origin
    "Server": "sottovoce",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

READS = ("GET", "HEAD")


def authority(host: str, port: int) -> set[str]:
    """What a Host header says of this page (RFC 9110 section 7.2)."""
    name = f"[{host}]" if ":" in host else host
    return {f"{name}:{port}", name} if port == HTTPS else {f"{name}:{port}"}


def refusal(
    host: str,
    port: int,
    method: str,
    path: str,
    hosts: Sequence[str],
    origins: Sequence[str],
    sites: Sequence[str],
) -> str | None:
    """Why a request is refused, in a plain sentence, or None when it may pass.

    Args:
        host, port: where the page is.
        hosts, origins, sites: all Host, Origin and Sec-Fetch-Site headers.
    """
    known = authority(host, port)
    if len(hosts) != 1 or hosts[0].lower() not in known:
        return f"Open this page by the address on the telephone's display: https://{min(known, key=len)}/"
    if any(origin.lower() not in {f"https://{one}" for one in known} for origin in origins):
        return "Another page asked for this; only the page shown here may."
    if method not in READS and len(origins) != 1:
        return "This request does not say which page it comes from; use a browser."
    start = method in READS and path == "/"  # where a camera that read the QR code leads, with no session
    if not start and any(site not in ("same-origin", "none") for site in sites):
        return "Another page led here; type the address that the telephone's display shows."
    return None


def is_near(peer: str) -> bool:
    """Whether the other end is in a local network (RFC 1918, RFC 3927, RFC 4193) or this machine."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _NEAR if network.version == address.version)


_NEAR = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
        *("fe80::/10", "fc00::/7", "::1/128"),
    )
)


class Bucket:
    """At most ``burst`` requests at once, and ``rate`` a second for long."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._left = float(burst)
        self._at = 0.0

    def allows(self, now: float) -> bool:
        """Take one, or say no. ``now``: monotonic seconds."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
