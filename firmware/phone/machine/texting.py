"""Real-time text in a call, typed by pressing keys several times (RFC 4103, ITU-T T.140). Pure.

::

    call ──hold 0, 6──► the keys type ──hold 0, 6──► the keys are digits again
    0 … 9: letters, the same key again the next one      * erases      # a new line

A letter leaves when it is settled: after SETTLED without the same key, or with another key. What they type is
shown as it comes, whatever the keys do.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.machine import guarding, multitap
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State, Tapping
from firmware.phone.sip import t140
from firmware.phone.values import CallState

SETTLED = 1.0
"""Seconds without the same key after which a letter is sent."""

LONGEST = 200
"""Characters of each side that are kept, until the call is over."""

THEIRS, OURS = 100, 30
"""Characters of a line that are shown."""

Result = tuple[State, tuple[do.Command, ...]]


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """What a key does while the keys type; None where it is not about that."""
    call = _typed_in(state)
    if call is None or state.tapping is None or state.functions_at is not None:
        return None
    if guarding.doubts(state, call) or call.protection.page or state.referral is not None:
        return None
    if isinstance(event, on.KeyReleased):
        pressed = "" if event.key == state.pressed else state.pressed
        return replace(state, pressed=pressed), ()
    if not isinstance(event, on.KeyPressed):
        return None
    return _pressed(rules, state, call, state.tapping, event.key, now)


def _pressed(rules: Rules, state: State, call: Call, tapping: Tapping, key: str, now: float) -> Result:
    if key not in multitap.letters(rules.config.phone.language):
        if key == "*" and tapping.key:
            return replace(state, tapping=Tapping(call.id)), ()
        state, settled = _settled(rules, state)
        sign = {"*": t140.ERASE, "#": t140.NEW_LINE}.get(key, "")
        if not sign or (key == "*" and not call.ours):
            return state, settled
        return _sent(state, settled, sign)
    if key == "0":  # may become a long one
        state = replace(state, pressed=key, pressed_at=now)
    if key == tapping.key and now - tapping.at < SETTLED:
        return replace(state, tapping=replace(tapping, taps=tapping.taps + 1, at=now)), ()
    state, settled = _settled(rules, state)
    return replace(state, tapping=Tapping(call.id, key, 1, now)), settled


def _settled(rules: Rules, state: State) -> Result:
    """The letter that was being chosen is sent."""
    tapping = state.tapping
    if tapping is None or not tapping.key:
        return state, ()
    state = replace(state, tapping=Tapping(tapping.call))
    return _sent(state, (), multitap.letter(rules.config.phone.language, tapping.key, tapping.taps))


def _sent(state: State, before: tuple[do.Command, ...], text: str) -> Result:
    call = _typed_in(state)
    if call is None:
        return state, before
    call = replace(call, ours=t140.shown(call.ours, text, LONGEST))
    return state.with_call(call), (*before, do.SendText(call.id, text))


def _typed_in(state: State) -> Call | None:
    """The call that the keys type in, or None."""
    live = state.live
    if live is None or state.tapping is None or live.id != state.tapping.call:
        return None
    return live if live.text and live.state is CallState.ACTIVE else None


def followed(rules: Rules, state: State, now: float) -> Result:
    """After every event: a letter is settled, or there is nothing to type in any more. A ``0`` that became a
    long key was no blank."""
    if state.tapping is None:
        return state, ()
    if _typed_in(state) is None:
        return replace(state, tapping=None), ()
    if state.functions_at is not None:
        return replace(state, tapping=Tapping(state.tapping.call)) if state.tapping.key else state, ()
    if state.tapping.key and now - state.tapping.at >= SETTLED and not state.pressed:
        return _settled(rules, state)
    return state, ()


def turn(rules: Rules, state: State, now: float) -> Result:
    """The keys type, or are digits of the call again."""
    live = state.live
    if live is None or state.tapping is not None:
        return replace(state, tapping=None), ()
    return replace(state, tapping=Tapping(live.id)), ()


def changed(rules: Rules, state: State, event: on.TextChanged, now: float) -> Result:
    call = state.call(event.call_id)
    return (state if call is None else state.with_call(replace(call, text=event.up))), ()


def received(rules: Rules, state: State, event: on.TextReceived, now: float) -> Result:
    call = state.call(event.call_id)
    if call is None or not call.live:
        return state, ()
    return state.with_call(replace(call, theirs=t140.shown(call.theirs, event.text, LONGEST))), ()


def shows(state: State, call: Call) -> bool:
    """Whether the display shows the text of this call."""
    return call.text and bool(call.theirs or call.ours or state.tapping is not None)


def line(rules: Rules, state: State, call: Call) -> str:
    """What is typed here, with the letter that is being chosen."""
    tapping = state.tapping
    text = call.ours
    if tapping is not None and tapping.key:
        text += multitap.letter(rules.config.phone.language, tapping.key, tapping.taps)
    return text.rpartition("\n")[2][-OURS:]


def end_of(text: str) -> tuple[str, ...]:
    """The last lines of a text, of which no more can be shown."""
    return tuple(line[-THEIRS:] for line in text.split("\n")[-3:] if line)


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, a letter is settled."""
    tapping = state.tapping
    return [] if tapping is None or not tapping.key else [tapping.at + SETTLED]
