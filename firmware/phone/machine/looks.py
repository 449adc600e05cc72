"""The display's language, how large its letters are and how bright it is: as configured, until somebody
chooses. Pure."""

from __future__ import annotations

from firmware.phone import commands as do
from firmware.phone.display.screens import Look
from firmware.phone.machine import settings
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State

LANGUAGE, LARGE = "phone.language", "display.large_type"

Result = tuple[State, tuple[do.Command, ...]]


def look(rules: Rules, state: State) -> Look:
    """How the display speaks to its reader now."""
    config = settings.effective(rules, state).config
    brightness = config.display.brightness / rules.config.display.brightness
    return Look(config.phone.language, config.display.large_type, brightness)
