"""The sound of every light: a rising chirp when one is lit, a falling one when it goes dark. Pure.

With the handset down it comes from the ringer, in a call from the earpiece, where nobody else hears it. While
a lifted handset waits for a number there is none: the dial tone itself tells of messages. A light that comes
with a sound of its own, as the ringing one does, has no second one.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone.audio.melodies import DARK, LIT
from firmware.phone.machine.outputs import Outputs, outputs
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Hook, Light, Pattern

LASTS = 0.45
"""Seconds that a chirp of the ringer takes."""

Result = tuple[State, tuple[do.Command, ...]]


def followed(rules: Rules, before: State, state: State, now: float) -> Result:
    """After every event: which chirp the lights that changed make."""
    if state.chirp is not None and now >= state.chirp[1]:
        state = replace(state, chirp=None)
    if not rules.config.accessibility.light_sounds:
        return state, ()
    was, out = outputs(rules, before, now), outputs(rules, state, now)
    changed = [is_lit for light, is_lit in _lit(out).items() if is_lit is not _lit(was)[light]]
    if not changed or out.bell:
        return state, ()
    if out.voice:
        return state, (do.TellLight(any(changed)),)
    if state.hook is Hook.ON:
        return replace(state, chirp=(LIT if any(changed) else DARK, now + LASTS)), ()
    return state, ()


def _lit(out: Outputs) -> dict[Light, bool]:
    """Which lights are lit, but for one that comes with a sound of its own."""
    lit = {light: does is not Pattern.OFF for light, does in out.lights.items()}
    silent = out.ringing and not out.bell and not out.waiting
    return lit | {Light.RINGING: silent}
