"""The legal moves of one call, as data (RFC 3261 sections 13 and 14, seen from the telephone).

::

    out:  dialing ──180──► ringing ──183──► early ──200──► active ──► ended
             └──────183──────────────────────┘ ▲
             └──────200─────────────────────────┘   (any live state may end)
    in:   ringing ──200──► active ──► ended

A message that comes late (a 180 after the 200, say) has no row here and changes nothing.
"""

from __future__ import annotations

import enum

from firmware.phone.values import CallState, Direction


class Move(enum.Enum):
    """What can happen to a call."""

    REMOTE_RINGS = "remote rings"
    EARLY_MEDIA = "early media"
    ANSWERED = "answered"
    ENDS = "ends"


_OUT, _IN = Direction.OUT, Direction.IN
_S = CallState

LEGAL: dict[tuple[Direction, CallState, Move], CallState] = {
    (_OUT, _S.DIALING, Move.REMOTE_RINGS): _S.RINGING,
    (_OUT, _S.DIALING, Move.EARLY_MEDIA): _S.EARLY,
    (_OUT, _S.DIALING, Move.ANSWERED): _S.ACTIVE,
    (_OUT, _S.DIALING, Move.ENDS): _S.ENDED,
    (_OUT, _S.RINGING, Move.REMOTE_RINGS): _S.RINGING,
    (_OUT, _S.RINGING, Move.EARLY_MEDIA): _S.EARLY,
    (_OUT, _S.RINGING, Move.ANSWERED): _S.ACTIVE,
    (_OUT, _S.RINGING, Move.ENDS): _S.ENDED,
    (_OUT, _S.EARLY, Move.REMOTE_RINGS): _S.EARLY,
    (_OUT, _S.EARLY, Move.EARLY_MEDIA): _S.EARLY,
    (_OUT, _S.EARLY, Move.ANSWERED): _S.ACTIVE,
    (_OUT, _S.EARLY, Move.ENDS): _S.ENDED,
    (_OUT, _S.ACTIVE, Move.ENDS): _S.ENDED,
    (_IN, _S.RINGING, Move.ANSWERED): _S.ACTIVE,
    (_IN, _S.RINGING, Move.ENDS): _S.ENDED,
    (_IN, _S.ACTIVE, Move.ENDS): _S.ENDED,
}


def after(direction: Direction, state: CallState, move: Move) -> CallState | None:
    """The state after ``move``, or None when the move is not legal there."""
    return LEGAL.get((direction, state, move))
