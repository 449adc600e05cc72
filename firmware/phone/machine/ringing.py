"""What an incoming call rings with: the melody of the caller's group, else that of the telephone. Pure.

A caller who is anonymous, or whose proof of identity is false, belongs to no group.
"""

from __future__ import annotations

from firmware.phone.machine import names
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Party


def melody(rules: Rules, state: State, peer: Party) -> str:
    """The name of the melody (``melodies.NAMES``) for a call from ``peer``."""
    unsure = peer.anonymous or peer.doubt
    group = "" if unsure else names.group_of(rules, state, peer.uri).casefold()
    of_group = (ring.melody for ring in rules.config.rings if group and ring.group.casefold() == group)
    return next(of_group, rules.config.phone.melody)
