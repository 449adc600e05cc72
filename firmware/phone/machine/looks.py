"""The language of the display, and how large its letters are: as configured, until somebody chooses. Pure."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display.screens import Look
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State

Result = tuple[State, tuple[do.Command, ...]]


def configured(rules: Rules) -> Look:
    return Look(rules.config.phone.language, rules.config.display.large_type)


def look(rules: Rules, state: State) -> Look:
    """How the display speaks to its reader now."""
    return state.look or configured(rules)


def chosen(rules: Rules, state: State, event: on.LookChosen, now: float) -> Result:
    return replace(state, look=event.look), ()
