"""What others may learn of the person at this phone. Pure, and closed when in doubt.

Everything that shows or sends an identity takes an :class:`Exposure`; nothing else reads the switch.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.phone.values import SwitchPosition


@dataclass(frozen=True)
class Exposure:
    """What one message may reveal.

    ``identity``: the caller's address and name may be sent (else RFC 3323 anonymity).
    ``presence``: granted watchers may see whether we are there.
    ``cause``: what decided it, by the words of ``sotto status`` ("switch" or "unreadable").
    """

    identity: bool = False
    presence: bool = False
    cause: str = "unreadable"

    @property
    def private(self) -> bool:
        return not self.identity


def exposure(position: SwitchPosition) -> Exposure:
    """What the privacy switch allows now. An unreadable switch allows nothing."""
    allowed = position is SwitchPosition.OPEN
    cause = "unreadable" if position is SwitchPosition.UNREADABLE else "switch"
    return Exposure(identity=allowed, presence=allowed, cause=cause)
