"""What protection was reached with a contact, so that the next call cannot quietly have less. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.phone.sip.uri import same_address
from firmware.phone.values import Keying, Security

MOST = 100
"""Contacts that are remembered; one vault holds no more."""


@dataclass(frozen=True)
class Reached:
    """The best that was ever reached with the contact ``uri``, and how keys were agreed then.

    What people verified by comparing a code: ``zrtp``, the secrets kept for ZRTP; ``peer_key``, the
    fingerprint of the certificate that the contact had in a call by DTLS-SRTP, or "".
    ``differed``: a comparison failed, and none has succeeded since.
    """

    uri: str
    level: Security
    keying: Keying = Keying.NONE
    zrtp: bool = False
    peer_key: str = ""
    differed: bool = False


def found(reached: Iterable[Reached], uri: str) -> Reached | None:
    """What is remembered of the contact at ``uri``, or None."""
    return next((known for known in reached if same_address(known.uri, uri)), None)


def with_one(reached: tuple[Reached, ...], new: Reached) -> tuple[Reached, ...]:
    """``reached`` with ``new`` in the place of what it had of this contact. A full list takes no more."""
    known = found(reached, new.uri)
    if known is None:
        return (*reached, new) if len(reached) < MOST else reached
    return tuple(new if one is known else one for one in reached)
