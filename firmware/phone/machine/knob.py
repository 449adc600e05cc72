"""The volume, by the keys. Pure.

While the phone rings: 2 louder, 8 softer. In a call ``#`` is held for HOLD, then 2 and 8 do the same until
LEFT_ALONE passes without a key, or ``#``. So a short ``#`` is sent as a digit when it is released. ::

    call ──# held──► volume ──2 louder, 8 softer──► volume ──#, or 5 s──► call       other keys: digits
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.volume import LOUDEST
from firmware.phone.language.phrase import phrase
from firmware.phone.machine import guarding
from firmware.phone.machine.rules import MAX_DIGITS
from firmware.phone.machine.state import Call, State
from firmware.phone.values import CallState, Direction, Hook, Loudspeaker

HOLD = 1.0
"""Seconds that ``#`` is held in a call."""

LEFT_ALONE = 5.0
"""Seconds without a key until the keys are digits again."""

TURNS = {"2": 1, "8": -1}

Result = tuple[State, tuple[do.Command, ...]]


def key(state: State, event: on.Event, now: float) -> Result | None:
    """What ``event`` does to the volume; None when it is not about that."""
    live = state.live
    if live is None:
        return None
    if _rings(state, live):
        turned = isinstance(event, on.KeyPressed) and event.key in TURNS
        return _turn(state, Loudspeaker.RINGER, TURNS[event.key]) if turned else None  # type: ignore[union-attr]
    if live.state is not CallState.ACTIVE or live.protection.page or guarding.doubts(state, live):
        return None
    match event:
        case on.KeyPressed(pressed) if turning(state, now):
            return _in_volume(state, pressed, now)
        case on.KeyPressed("#"):
            live, star = guarding.send_star(live)
            return replace(state.with_call(live), knob_hash_at=now), star
        case on.KeyPressed(pressed) if state.knob_hash_at is not None and pressed != "*":
            return _sent(state, live, "#" + pressed)
        case on.KeyReleased("#") if state.knob_hash_at is not None:
            return _sent(state, live, "#")
    return None


def _sent(state: State, live: Call, keys: str) -> Result:
    """A ``#`` that was not held becomes a digit, and what was pressed after it too."""
    call = replace(live, digits=(live.digits + keys)[-MAX_DIGITS:])
    sent = tuple(do.SendDigit(live.id, pressed) for pressed in keys)
    return replace(state, knob_hash_at=None).with_call(call), sent


def followed(state: State, event: on.Event, now: float) -> State:
    """``state`` after ``event``: the volume begins when ``#`` was held, and ends with the call."""
    live = state.live
    if live is None or live.state is not CallState.ACTIVE:
        if state.knob_hash_at is None and state.knob_until is None:
            return state
        return replace(state, knob_hash_at=None, knob_until=None)
    if isinstance(event, on.Tick):
        if state.knob_hash_at is not None and now - state.knob_hash_at >= HOLD:
            return replace(state, knob_hash_at=None, knob_until=now + LEFT_ALONE)
        if state.knob_until is not None and now >= state.knob_until:
            return replace(state, knob_until=None)
    return state


def turning(state: State, now: float) -> bool:
    """Whether 2 and 8 turn the volume of the call now."""
    return state.knob_until is not None and now < state.knob_until


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, the volume begins or ends by itself."""
    begins = [] if state.knob_hash_at is None else [state.knob_hash_at + HOLD]
    return begins + ([] if state.knob_until is None else [state.knob_until])


def words(state: State, now: float) -> str:
    """What the display says in a call of the volume; "" when it is not being turned."""
    if not turning(state, now):
        return ""
    return phrase("Volume {level} of {most}: 2+ 8-", level=state.volumes.handset, most=LOUDEST)


def _rings(state: State, live: Call) -> bool:
    return (
        live.direction is Direction.IN
        and live.state is CallState.RINGING
        and not live.answering
        and not live.silent
        and state.hook is Hook.ON
    )


def _in_volume(state: State, pressed: str, now: float) -> Result | None:
    if pressed in TURNS:
        return _turn(replace(state, knob_until=now + LEFT_ALONE), Loudspeaker.HANDSET, TURNS[pressed])
    return (replace(state, knob_until=None), ()) if pressed == "#" else None


def _turn(state: State, loudspeaker: Loudspeaker, by: int) -> Result:
    volumes = state.volumes.turned(loudspeaker, by)
    commands = (do.KeepVolumes(volumes),) if volumes != state.volumes else ()
    return replace(state, volumes=volumes), commands
