"""What number each network card shows, and what the kernel remembers of the one before."""

from __future__ import annotations

import ctypes
import fcntl
import secrets
import socket
import struct
from pathlib import Path

_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFHWADDR, _SIOCETHTOOL = 0x8914, 0x8916, 0x8924, 0x8946
"""netdevice(7); linux/sockios.h."""

_SIOCGIFMTU, _SIOCSIFMTU = 0x8921, 0x8922
_TOO_SMALL = 1279
"""Octets of a packet: less than IPv6 needs."""

_ETHTOOL_GPERMADDR = 0x20
_ARPHRD_ETHER = 1
_OCTETS, _LONGEST = 6, 32
"""Of a card's number; of any (MAX_ADDR_LEN)."""


def cards(folder: Path = Path("/sys/class/net")) -> list[str]:
    """The cards that show a number in a network: Ethernet and Wi-Fi."""
    return sorted(
        card.name for card in folder.iterdir() if (card / "type").read_text().strip() == str(_ARPHRD_ETHER)
    )


def by_chance() -> bytes:
    """A number that nobody was given: locally administered, of one card (IEEE 802-2014 section 8.2.2)."""
    first, *rest = secrets.token_bytes(_OCTETS)
    return bytes([first & 0b11111100 | 0b10, *rest])


def renumber(card: str, *, guest: bool) -> bool:
    """Put ``card`` down, forget its addresses and change its number. False when it kept its number.

    One that does not know what number it was made with (a virtual one) has one by chance after a period too.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        number = by_chance() if guest else made_with(asking, card) or by_chance()
        try:
            _ioctl(asking, _SIOCSIFFLAGS, card, struct.pack("H", 0))
            _ioctl(asking, _SIOCSIFADDR, card, struct.pack("H2x4s", socket.AF_INET, bytes(4)))
            _ioctl(asking, _SIOCSIFHWADDR, card, struct.pack("H6s", _ARPHRD_ETHER, number))
            _forget(asking, card)
        except OSError:
            return False
    return True


def _forget(asking: socket.socket, card: str) -> None:
    """Have the kernel forget all that it knows of ``card`` in IPv6: the secret that it makes link-local
    addresses of (RFC 7217), which it keeps whatever the number is, and the groups of the addresses before,
    which it would still take its leave of with the new number (RFC 3810 section 6.1). It does so when a card
    takes no packet that IPv6 needs (RFC 8200 section 5). Raises OSError.
    """
    answer = fcntl.ioctl(asking, _SIOCGIFMTU, struct.pack("16s24s", card.encode(), b""))
    (usual,) = struct.unpack_from("i", answer, 16)
    _ioctl(asking, _SIOCSIFMTU, card, struct.pack("i", _TOO_SMALL))
    _ioctl(asking, _SIOCSIFMTU, card, struct.pack("i", max(usual, _TOO_SMALL + 1)))


def made_with(asking: socket.socket, card: str) -> bytes | None:
    """The card's own number (ETHTOOL_GPERMADDR), or None where it has none."""
    answer = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_GPERMADDR, _LONGEST), 8 + _LONGEST)
    try:
        _ioctl(asking, _SIOCETHTOOL, card, struct.pack("P", ctypes.addressof(answer)))
    except OSError:
        return None
    number = answer.raw[8 : 8 + _OCTETS]
    return number if any(number) else None


def _ioctl(asking: socket.socket, request: int, card: str, value: bytes) -> None:
    fcntl.ioctl(asking, request, struct.pack("16s24s", card.encode(), value))
