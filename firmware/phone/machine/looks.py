"""The language of the display, and how large its letters are: as configured, until somebody chooses. Pure."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display.screens import Look
from firmware.phone.machine import settings
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.personal import Personal

LANGUAGE, LARGE = "phone.language", "display.large_type"

Result = tuple[State, tuple[do.Command, ...]]


def look(rules: Rules, state: State) -> Look:
    """How the display speaks to its reader now."""
    config = settings.effective(rules, state).config
    return Look(config.phone.language, config.display.large_type)


def chosen(rules: Rules, state: State, event: on.LookChosen, now: float) -> Result:
    """It is kept like every setting; None: as configured."""
    if event.look is None:
        kept = tuple(one for one in state.settings if one[0] not in (LANGUAGE, LARGE))
        return replace(state, settings=kept), ()
    chosen = Personal(state.settings).with_value(LANGUAGE, event.look.language)
    return replace(state, settings=chosen.with_value(LARGE, event.look.large).values), ()
