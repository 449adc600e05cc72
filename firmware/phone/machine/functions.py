"""What long keys do, and the functions of a call. Pure.

::

    in a call     hold 0:  the functions, by the digits that follow the recall key in the fixed network
                           0 refuse who waits, or end who is held     1 end this one, take the other
                           2 hold, take who waits, swap, resume       3 three together; apart
                           4 transfer                                 5 mute
                           6 type text, or keys again
                           9 hold all, and dial an emergency number
    on hold       digits dial somebody else; # alone: back
    at rest       hold 0:  redial, call back, do not disturb, forwarding, messages, pick up
                  hold 1:  the mailbox; hold 2 … 9: the contact with that speed dial

A ``0`` that is not held in a call is sent as a digit when it is released, or when another key is pressed.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import paging, screens
from firmware.phone.language.phrase import joined, phrase, phrase_in
from firmware.phone.machine import calls, guarding, helping, knob, services, several, texting, transfers
from firmware.phone.machine.rules import MAX_DIGITS, Rules
from firmware.phone.machine.services import Function
from firmware.phone.machine.state import Call, State
from firmware.phone.values import CallState, Hook

HOLD = 1.0
"""Seconds that a key is held to be a long one."""

LEFT_ALONE = 8.0
"""Seconds without a key until the functions close."""

KEY = "0"
BACK = "#"

Result = tuple[State, tuple[do.Command, ...]]


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """What ``event`` does where it is about long keys or functions; None where it is not."""
    if not isinstance(event, on.KeyPressed | on.KeyReleased):
        return None
    if state.functions_at is not None:
        return _chosen(rules, state, event.key, now) if isinstance(event, on.KeyPressed) else (state, ())
    if isinstance(event, on.KeyReleased):
        return _released(state, event.key)
    if event.key == KEY and _held_back(state, now) and state.live is not None:
        return replace(state, pressed=KEY, pressed_at=now), ()
    return None


def flushed(state: State, event: on.Event) -> Result:
    """Before a key is looked at: a ``0`` that is still down becomes a digit, for the order of the keys."""
    if not isinstance(event, on.KeyPressed) or not state.pressed:
        return state, ()
    return _sent(state)


def _sent(state: State) -> Result:
    live, pressed = state.live, state.pressed
    state = replace(state, pressed="")
    if state.tapping is not None:
        return state, ()
    if pressed != KEY or live is None or not live.voice or state.digits:
        return state, ()
    call = replace(live, digits=(live.digits + KEY)[-MAX_DIGITS:])
    return state.with_call(call), (do.SendDigit(live.id, KEY),)


def _released(state: State, key: str) -> Result | None:
    return _sent(state) if key == state.pressed and state.pressed else None


def _held_back(state: State, now: float) -> bool:
    """Whether a ``0`` of the call in front waits to become long, and is no digit yet."""
    live = state.live
    if live is None or not live.voice or knob.turning(state, now) or state.referral is not None:
        return False
    busy = live.star_at is not None or state.knob_hash_at is not None or live.protection.page
    return not busy and not guarding.doubts(state, live) and bool(_of_call(state, live))


def watched(state: State, event: on.Event, now: float) -> State:
    """After a key was looked at: whether it is a first digit, which may become a long key."""
    if not isinstance(event, on.KeyPressed) or state.pressed or state.functions_at is not None:
        return state
    live = state.live
    alone = state.digits == event.key and event.key.isdigit() and state.menu is None
    typed = event.key == KEY and state.digits.endswith(KEY) and state.transfers_to
    if (live is None or live.state is CallState.HELD) and (alone or typed):
        return replace(state, pressed=event.key, pressed_at=now)
    return state


def followed(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    """After every event: a key has become long, or the functions close."""
    if state.pressed and _over(state, event):
        state = replace(state, pressed="")
    if state.functions_at is not None:
        gone = not functions(rules, state) or now - state.functions_at >= LEFT_ALONE
        hook = isinstance(event, on.HookChanged)
        return (replace(state, functions_at=None) if gone or hook else state), ()
    if not state.pressed or not isinstance(event, on.Tick) or now - state.pressed_at < HOLD:
        return state, ()
    return _long(rules, replace(state, pressed=""), state.pressed, now)


def _over(state: State, event: on.Event) -> bool:
    live = state.live
    away = isinstance(event, on.HookChanged) or state.menu is not None
    other = live is not None and live.state is not CallState.HELD and not live.voice
    typed = (live is None or live.state is CallState.HELD) and not state.digits.endswith(state.pressed)
    return away or other or typed


def _long(rules: Rules, state: State, pressed: str, now: float) -> Result:
    if state.live is None or state.live.state is CallState.HELD:
        state = replace(state, digits=state.digits[:-1])
    if pressed == KEY:
        return (replace(state, functions_at=now) if functions(rules, state) else state), ()
    if state.live is not None:
        return replace(state, digits=state.digits + pressed), ()
    return services.speed_dial(rules, state, pressed, now)


def _chosen(rules: Rules, state: State, pressed: str, now: float) -> Result:
    found = functions(rules, state).get(pressed)
    state = replace(state, functions_at=None)
    return found.carry_out(rules, state, now) if found else (state, ())


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, a key becomes long, the functions close, or news is old."""
    opens = [state.pressed_at + HOLD] if state.pressed else []
    closes = [] if state.functions_at is None else [state.functions_at + LEFT_ALONE]
    return opens + closes


def page(rules: Rules, state: State) -> screens.Pages:
    """The functions that there are now, two in a line where they are many."""
    found = [joined((key, function.name)) for key, function in sorted(functions(rules, state).items())]
    live = state.live
    title = live.peer.label if live is not None else phrase("Functions")
    return paging.choices(title, found)


# --- what there is to choose -------------------------------------------------------------------------


def functions(rules: Rules, state: State) -> dict[str, Function]:
    """The functions by their keys, in this state."""
    live = state.live
    if live is None:
        return services.functions(rules, state) if state.hook is Hook.ON or not state.last else {}
    if live.protection.page or live.waits:
        return {}
    return _of_call(state, live)


def _of_call(state: State, live: Call) -> dict[str, Function]:
    found: dict[str, Function] = {}
    waiting, other = state.waiting, state.other
    if waiting is not None:
        found["0"] = Function(phrase_in("key", "refuse"), refuse_waiting)
    elif other is not None and not state.conference:
        found["0"] = Function(phrase_in("key", "end held"), end_other)
    if waiting is not None or other is not None:
        found["1"] = Function(phrase_in("key", "end this"), end_and_take)
    held = live.state is CallState.HELD
    if waiting is not None:
        found["2"] = Function(phrase_in("key", "take"), take)
    elif other is not None and not state.conference and live.answered_at is not None:
        found["2"] = Function(phrase_in("key", "swap"), swap)
    elif held:
        found["2"] = Function(phrase_in("key", "back"), resume)
    elif live.state is CallState.ACTIVE:
        found["2"] = Function(phrase_in("key", "hold"), hold)
    if state.conference:
        found["3"] = Function(phrase_in("key", "apart"), lambda rules, state, now: several.apart(state, now))
    elif several.may_mix(state):
        found["3"] = Function(phrase_in("key", "all 3"), lambda rules, state, now: several.mix(state, now))
    if transfers.may(state):
        found["4"] = Function(phrase_in("key", "transfer"), transfers.begin)
    if live.state is CallState.ACTIVE:
        found["5"] = Function(phrase_in("key", "unmute") if state.muted else phrase_in("key", "mute"), mute)
        found["9"] = Function(phrase_in("key", "call help"), helping.aside)
        if live.text:
            types = state.tapping is not None
            found["6"] = Function(
                phrase_in("key", "keys") if types else phrase_in("key", "type"), texting.turn
            )
    return found


def hold(rules: Rules, state: State, now: float) -> Result:
    live = state.live
    return several.hold(state, live, now) if live is not None else (state, ())


def resume(rules: Rules, state: State, now: float) -> Result:
    live = state.live
    return several.resume(state, live, now) if live is not None else (state, ())


def swap(rules: Rules, state: State, now: float) -> Result:
    """The other one of two answered calls comes to the front."""
    other = state.other
    if other is None:
        return state, ()
    return several.resume(state, other, now)


def take(rules: Rules, state: State, now: float) -> Result:
    """Answer who waits; who is spoken with is held."""
    waiting = state.waiting
    return calls.answer(state, waiting, now) if waiting is not None else (state, ())


def refuse_waiting(rules: Rules, state: State, now: float) -> Result:
    waiting = state.waiting
    return calls.end_call(state, waiting, now) if waiting is not None else (state, ())


def end_other(rules: Rules, state: State, now: float) -> Result:
    """End the other call than the one in front."""
    other = state.other
    return calls.end_call(state, other, now) if other is not None else (state, ())


def end_and_take(rules: Rules, state: State, now: float) -> Result:
    """End the call in front, then speak with the one that waits, or with the held one."""
    live, waiting, other = state.live, state.waiting, state.other
    if live is None:
        return state, ()
    state, commands = calls.end_call(state, live, now)
    after: tuple[do.Command, ...] = ()
    if waiting is not None:
        state, after = calls.answer(state, waiting, now)
    elif other is not None and other.state is CallState.HELD:
        state, after = several.resume(state, other, now)
    return state, commands + after


def mute(rules: Rules, state: State, now: float) -> Result:
    return replace(state, muted=not state.muted), ()
