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
    ``cause``: what decided it, by the words of ``sotto status``: "switch", "unreadable" or "guest", for
    one call also "star code" or "emergency".
    """

    identity: bool = False
    presence: bool = False
    cause: str = "unreadable"

    @property
    def private(self) -> bool:
        return not self.identity


EMERGENCY = "emergency"
STAR_CODE = "star code"
_CAUSES = {SwitchPosition.UNREADABLE: "unreadable", SwitchPosition.GUEST: "guest"}


def exposure(position: SwitchPosition, *, emergency: bool = False, restricted: bool = False) -> Exposure:
    """What the privacy switch allows now. An unreadable switch allows nothing.

    ``restricted``: a star code asks that this call does not show who calls; none can ask for the contrary.
    ``emergency``: the call goes to an emergency service, which is told who calls whatever else is asked for
    (ePrivacy Directive 2002/58/EC article 10(b)).
    """
    allowed = position is SwitchPosition.OPEN
    if emergency:
        return Exposure(identity=True, presence=allowed, cause=EMERGENCY)
    if allowed and restricted:
        return Exposure(identity=False, presence=True, cause=STAR_CODE)
    return Exposure(identity=allowed, presence=allowed, cause=_CAUSES.get(position, "switch"))
