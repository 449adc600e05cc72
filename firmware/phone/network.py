"""Whether this telephone has an address in a network, as the kernel says."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from collections.abc import Callable
from pathlib import Path

_SIOCGIFADDR = 0x8915
_LINK_LOCAL_V6 = 0x20
_LOOPBACK_V6 = 0x10
"""ioctl of netdevice(7); scopes as /proc/net/if_inet6 has them."""

LOOPBACK = "lo"


def _interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def _addressed(name: str) -> bool:
    return bool(_v4(name) or _v6(name))


def _v4(name: str) -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
                return []
            raise
    address = socket.inet_ntoa(answer[20:24])
    return [] if address.startswith("169.254.") else [address]  # RFC 3927: nobody gave it


def _v6(name: str, table: Path = Path("/proc/net/if_inet6")) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return []
    return [
        socket.inet_ntop(socket.AF_INET6, bytes.fromhex(row[0]))
        for row in rows
        if len(row) == 6 and row[5] == name and int(row[3], 16) not in (_LINK_LOCAL_V6, _LOOPBACK_V6)
    ]


def _carrier(name: str, folder: Path = Path("/sys/class/net")) -> bool:
    try:
        return (folder / name / "carrier").read_text().strip() == "1"
    except OSError:  # it is down
        return False


_ETHERNET = "1"
_MADE_WITH = "0"
"""ARPHRD_ETHER of if_arp.h; NET_ADDR_PERM of netdevice.h, as /sys/class/net has them."""


def shows_own_card(folder: Path = Path("/sys/class/net")) -> bool:
    """Whether a card in use shows a network the number that it was made with. One that nothing is known of
    counts as if it did."""
    for card in folder.iterdir():
        try:
            kind, made = ((card / name).read_text().strip() for name in ("type", "addr_assign_type"))
        except OSError:
            kind, made = _ETHERNET, _MADE_WITH
        if kind == _ETHERNET and made == _MADE_WITH and _carrier(card.name, folder):
            return True
    return False


def own_address(
    bind: str = "",
    interfaces: Callable[[], list[str]] = _interfaces,
    addresses: Callable[[str], list[str]] = lambda name: [*_v4(name), *_v6(name)],
) -> str:
    """The address by which this telephone is found on its network, or "" where it has none.

    ``bind``: the address that the configuration names; then it is that.
    """
    if bind:
        return bind
    found = [address for name in interfaces() if name != LOOPBACK for address in addresses(name)]
    return min(found, key=lambda address: ":" in address, default="")


def trouble(
    bind: str = "",
    interfaces: Callable[[], list[str]] = _interfaces,
    addressed: Callable[[str], bool] = _addressed,
    carrier: Callable[[str], bool] = _carrier,
) -> str:
    """Why there is no address, in plain words, or "".

    ``bind``: the address that the configuration names; the one of this machine alone needs no network.
    Without any cable nothing can be said against the telephone: then it is no trouble of a new version.
    """
    if bind.startswith("127.") or bind == "::1":
        return ""
    names = [name for name in interfaces() if name != LOOPBACK]
    if any(addressed(name) for name in names) or not any(carrier(name) for name in names):
        return ""
    return "the network gives no address: look after cable, router or WLAN"


def standing(
    interfaces: Callable[[], list[str]] = _interfaces,
    addressed: Callable[[str], bool] = _addressed,
    carrier: Callable[[str], bool] = _carrier,
) -> tuple[bool, bool]:
    """Whether a network is there at all, and whether it gave an address."""
    names = [name for name in interfaces() if name != LOOPBACK]
    return any(carrier(name) for name in names), any(addressed(name) for name in names)
