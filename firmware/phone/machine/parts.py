"""What is known of the board itself, and what the display says of it. Pure."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Part

Result = tuple[State, tuple[do.Command, ...]]

WEAK = phrase("Power is too weak")
RESTARTED = phrase("Restarted by itself")
HOT = phrase("Too hot: slowed down")
FAILS = {
    Part.KEYPAD: phrase("The keypad fails"),
    Part.SWITCHES: phrase("Hook switch fails"),
    Part.LIGHTS: phrase("The lights fail"),
}
"""What the display says; ``sotto status`` says why, and what to do."""


def health(rules: Rules, state: State, event: on.HealthChanged, now: float) -> Result:
    return replace(state, health=event.health), ()


def part(rules: Rules, state: State, event: on.PartChanged, now: float) -> Result:
    """The heaviest fault comes first: without keys nobody can be called, without lights everybody can."""
    broken = dict(state.broken) | {event.part: event.trouble}
    kept = tuple((part, broken[part]) for part in Part if broken.get(part))
    stuck = event.stuck if event.part is Part.KEYPAD else state.stuck
    return replace(state, broken=kept, stuck=stuck), ()


def notice(state: State) -> str:
    """One line for the idle display; "" when all is well."""
    for broken, _ in state.broken:
        if broken is Part.KEYPAD and state.stuck:
            if len(state.stuck) > 1:
                return phrase("Keys {keys} are stuck", keys=state.stuck)
            return phrase("Key {key} is stuck", key=state.stuck)
        return FAILS[broken]
    if state.health.weak:
        return WEAK
    return HOT if state.health.hot else ""


def restarted(rules: Rules, state: State, event: on.Restarted, now: float) -> Result:
    told = replace(state, restarts=event.number, restart_reason=event.reason, restart_seen=False)
    return told, ()


def restart_notice(state: State) -> str:
    """One line for the idle display, until the handset is lifted."""
    return "" if state.restart_seen else RESTARTED
