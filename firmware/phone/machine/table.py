"""The legal moves of one call, as data (RFC 3261 sections 13 and 14, seen from the telephone).

::

    out:  dialing ──180──► ringing ──183──► early ──200──► active ──► ended
             └──────183──────────────────────┘ ▲
             └──────200─────────────────────────┘   (any live state may end)
    in:   ringing ──200──► active ──► ended
    both: active ──hold──► held ──resume──► active   (RFC 3264 section 8.4: it is we who hold)

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
    HOLD = "hold"
    RESUME = "resume"


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
for _way in Direction:
    LEGAL[_way, _S.ACTIVE, Move.HOLD] = _S.HELD
    LEGAL[_way, _S.HELD, Move.RESUME] = _S.ACTIVE
    LEGAL[_way, _S.HELD, Move.ENDS] = _S.ENDED


def after(direction: Direction, state: CallState, move: Move) -> CallState | None:
    """The state after ``move``, or None when the move is not legal there."""
    return LEGAL.get((direction, state, move))
