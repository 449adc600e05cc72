"""Which incoming calls ring, ring silently or are refused. Pure, and asks nobody outside the telephone.

In this order: a call that somebody else had sent on to us goes by the configuration; contacts ring; who is
blocked is refused with 607 (RFC 8197); an anonymous caller and a
stranger go by the configuration. A caller whose proof of identity is false is a stranger, whatever name or
number the message bears, and is blocked if that name is.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from firmware.phone.sip import uri
from firmware.phone.values import Party

UNWANTED = 607
ANONYMITY_DISALLOWED = 433
DECLINED = 603
"""RFC 8197 section 3, RFC 5079 section 4, RFC 3261 section 21.6.2."""

_NUMBER = re.compile(r"\+?[0-9]{1,32}\*?")
_SEPARATORS = re.compile(r"[ ().\-/]")


class Ring(enum.Enum):
    """What a call that may come in does. ``SILENT``: display and light, but no bell."""

    RING = "ring"
    SILENT = "silent"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Policy:
    """``blocked``: patterns in their canonical form (see :func:`pattern`)."""

    anonymous: Ring = Ring.SILENT
    unknown: Ring = Ring.RING
    blocked: tuple[str, ...] = ()
    sent_on: Ring = Ring.RING


@dataclass(frozen=True)
class Screened:
    """``refuse``: the SIP status to refuse the call with, or None."""

    silent: bool = False
    refuse: int | None = None


def screened(policy: Policy, peer: Party, contact: bool) -> Screened:
    """What becomes of a call from ``peer``, who is or is not a ``contact``."""
    if peer.sent_on and policy.sent_on is Ring.REFUSE:
        return Screened(refuse=DECLINED)
    found = _of_caller(policy, peer, contact)
    return replace(found, silent=found.silent or (peer.sent_on and policy.sent_on is Ring.SILENT))


def _of_caller(policy: Policy, peer: Party, contact: bool) -> Screened:
    if contact and not peer.doubt and not peer.anonymous:
        return Screened()
    if not peer.anonymous and any(matches(one, peer.uri) for one in policy.blocked):
        return Screened(refuse=UNWANTED)
    way, status = (policy.anonymous, ANONYMITY_DISALLOWED) if peer.anonymous else (policy.unknown, UNWANTED)
    return Screened(silent=way is Ring.SILENT, refuse=status if way is Ring.REFUSE else None)


def pattern(text: str) -> str:
    """The canonical form of who is to be blocked: an address, a domain as ``sip:host``, a number, or the
    beginning of numbers with a ``*``. Raises ValueError in plain words.
    """
    bare = text.strip().removeprefix("tel:")
    number = _SEPARATORS.sub("", bare)
    if _NUMBER.fullmatch(number):
        return number
    if "*" in text:
        raise ValueError('has a * in a wrong place; only a number may end in one, such as "+49900*"')
    try:
        return str(uri.parse(bare))
    except ValueError:
        raise ValueError(
            'blocks nobody; write an address such as "sip:name@host", a domain such as "sip:host", a number, '
            'or the beginning of numbers such as "+49900*"'
        ) from None


def matches(pattern: str, address: str) -> bool:
    """Whether ``address`` is what a pattern in its canonical form means."""
    if _NUMBER.fullmatch(pattern):
        user = re.sub("^(?:sips?|tel):", "", address, flags=re.IGNORECASE)
        number = _SEPARATORS.sub("", re.split("[@;]", user, maxsplit=1)[0])
        return number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
    wanted = uri.parse(pattern)
    try:
        found = uri.parse(address)
    except ValueError:
        return False
    return uri.same_address(wanted, found) if wanted.user else found.host == wanted.host
