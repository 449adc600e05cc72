"""Several calls at one time: one is spoken with, the others are held or wait; or two are mixed. Pure.

::

    talking ──hold──► held ──resume──► talking          hold: RFC 3264 section 8.4
    talking + held ──swap──► the other way round        talking + held ──conference──► both, mixed here
    talking + one that rings ──take──► held + talking   a third caller is told "busy"

What is held hears nothing from here and nothing of it is heard here, at once, whatever its far end answers to
the re-INVITE: its sound is disconnected first.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone.language.phrase import joined, phrase
from firmware.phone.machine import guarding
from firmware.phone.machine.rules import NEWS
from firmware.phone.machine.state import Call, State
from firmware.phone.machine.table import Move
from firmware.phone.values import CallId, CallState, EndReason, Hook

Result = tuple[State, tuple[do.Command, ...]]


def hold(state: State, call: Call, now: float) -> Result:
    """Hold an active call; any other stays as it is."""
    held = call.moved(Move.HOLD, now)
    if held is None:
        return state, ()
    return replace(state.with_call(held), conference=False), (do.HoldCall(call.id),)


def set_aside(state: State, now: float, but: CallId | None = None) -> Result:
    """Make room for a call: hold what is spoken with, give up what nobody has answered yet."""
    commands: tuple[do.Command, ...] = ()
    for call in state.lives:
        if call.id == but or not call.unheld:
            continue
        if call.state is CallState.ACTIVE:
            state, held = hold(state, call, now)
            commands += held
        else:
            state = state.with_call(call.over(EndReason.CANCELLED, now))
            commands += (do.EndCall(call.id),)
    return state, commands


def resume(state: State, call: Call, now: float) -> Result:
    """Speak with a held call again; who is spoken with now is held."""
    resumed = call.moved(Move.RESUME, now)
    if resumed is None or call.transfer is not None:
        return state, ()
    state, commands = set_aside(state, now, but=call.id)
    state = replace(state.with_call(resumed), digits="", transfers_to=False)
    return state, (*commands, do.ResumeCall(call.id))


def may_mix(state: State) -> bool:
    """Whether the call in front and the other one can be mixed: both answered, and nothing against either."""
    live, other = state.live, state.other
    if live is None or other is None or state.conference or other.state is not CallState.HELD:
        return False
    fit = live.state is CallState.ACTIVE and other.transfer is None and live.transfer is None
    return fit and guarding.speaks(state, live) and state.hook is Hook.OFF


def mix(state: State, now: float) -> Result:
    """A conference of three: the other call comes back, and both ends hear each other."""
    other = state.other
    if not may_mix(state) or other is None:
        return state, ()
    resumed = other.moved(Move.RESUME, now)
    if resumed is None:
        return state, ()
    return replace(state.with_call(resumed), conference=True), (do.ResumeCall(other.id),)


def apart(state: State, now: float) -> Result:
    """The conference ends: the call that came later is held."""
    both = [call for call in state.lives if call.state is CallState.ACTIVE]
    return hold(state, both[-1], now) if state.conference and len(both) > 1 else (state, ())


def mixed(state: State) -> tuple[Call, Call] | None:
    """The two calls of the conference, the one in front first."""
    live, other = state.live, state.other
    return (live, other) if state.conference and live is not None and other is not None else None


def told(state: State, words: str, now: float) -> State:
    """``state`` with a line for the display of what has just become of a call."""
    return replace(state, news=words, news_at=now)


def news(state: State, now: float) -> str:
    return state.news if now - state.news_at < NEWS else ""


def followed(before: State, state: State, now: float) -> Result:
    """After every event: no conference of one, none whose protection is in doubt; no call, nothing muted."""
    commands: tuple[do.Command, ...] = ()
    if state.conference:
        both = [call for call in state.lives if call.state is CallState.ACTIVE]
        doubtful = next((call for call in both if guarding.doubts(state, call)), None)
        if len(both) < 2:
            state = replace(state, conference=False)
        elif doubtful is not None:
            state, commands = hold(state, doubtful, now)
            state = told(state, phrase("{who}: less protected", who=doubtful.peer.label), now)
    if state.muted and not any(call.answered_at is not None for call in state.lives):
        state = replace(state, muted=False)
    for call in before.lives:
        gone = state.call(call.id)
        over = gone is not None and not gone.live and gone.reason is not EndReason.TRANSFERRED
        if gone is not None and over and state.live is not None and gone.reason is not None:
            state = told(state, joined((gone.peer.label, gone.reason.value), ": "), now)
    return state, commands
