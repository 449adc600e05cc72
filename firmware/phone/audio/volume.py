"""How loud: steps, and what each means in dB. Pure.

Each step is 3 dB, which is heard. The handset's go 12 dB up and 12 dB down from the nominal level: 12 dB more
is what hearing-impaired users are promised in the United States (47 CFR 68.317: from 12 to 18 dB), and since
it is never more than that, the step may outlive a call. The ringer's top step is its loudest.

===========  ====  ===  ===  ===  ===  ===  ===  ===  ===
step            0    1    2    3    4    5    6    7    8
handset, dB   -12   -9   -6   -3    0   +3   +6   +9  +12
ringer, dB    -18  -15  -12   -9   -6   -3    0   +3   +6
===========  ====  ===  ===  ===  ===  ===  ===  ===  ===
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.phone.values import Loudspeaker

LOUDEST = 8
STEP_DB = 3.0
NOMINAL = {Loudspeaker.HANDSET: 4, Loudspeaker.RINGER: 6}
"""The steps of 0 dB."""


@dataclass(frozen=True)
class Volumes:
    """The step of each loudspeaker, 0 to LOUDEST. Raises ``ValueError`` for a step that is none."""

    handset: int = NOMINAL[Loudspeaker.HANDSET]
    ringer: int = NOMINAL[Loudspeaker.RINGER]

    def __post_init__(self) -> None:
        for step in (self.handset, self.ringer):
            if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= LOUDEST:
                raise ValueError(f"{step!r} is no volume; it goes from 0 to {LOUDEST}")

    def step(self, loudspeaker: Loudspeaker) -> int:
        return self.handset if loudspeaker is Loudspeaker.HANDSET else self.ringer

    def turned(self, loudspeaker: Loudspeaker, by: int) -> Volumes:
        """These with one of them louder or softer by so many steps, as far as it goes."""
        step = max(0, min(LOUDEST, self.step(loudspeaker) + by))
        if loudspeaker is Loudspeaker.HANDSET:
            return replace(self, handset=step)
        return replace(self, ringer=step)


def decibels(loudspeaker: Loudspeaker, step: int) -> float:
    """What a step changes of the nominal level."""
    return (step - NOMINAL[loudspeaker]) * STEP_DB


def shared(wanted_db: float, low_db: float, high_db: float) -> tuple[float, float]:
    """How a mixer control that goes from ``low_db`` to ``high_db`` and our own gain share ``wanted_db``.

    Nominal is where the control can still give the loudest step, or as near to that as it has room: so it
    does all it can, and the samples keep their bits. Returns the control's level and our gain, both in dB.
    """
    room = (LOUDEST - NOMINAL[Loudspeaker.HANDSET]) * STEP_DB
    nominal = max(low_db, min(0.0, high_db - room))
    level = max(low_db, min(high_db, nominal + wanted_db))
    return level, wanted_db - (level - nominal)
