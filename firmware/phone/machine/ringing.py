"""What an incoming call rings with: the melody of the caller's group, else that of the telephone. Pure.

A caller who is anonymous, or whose proof of identity is false, belongs to no group.
"""

from __future__ import annotations

from firmware.phone.machine.rules import Rules
from firmware.phone.values import Party


def melody(rules: Rules, peer: Party) -> str:
    """The name of the melody (``melodies.NAMES``) for a call from ``peer``."""
    contact = None if peer.anonymous or peer.doubt else rules.contact_of(peer.uri)
    group = contact.group.casefold() if contact else ""
    of_group = (ring.melody for ring in rules.config.rings if group and ring.group.casefold() == group)
    return next(of_group, rules.config.phone.melody)
