"""Whether somebody asks for a factory reset: ``*`` and ``#`` held from power-on for five seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.keypad.base import Keypad

ASKS = frozenset("*#")
LOOK_S = 0.3
"""How long the start waits for keys that are down; with 20 ms of debouncing that is ample."""
HOLD_S = 5
"""Seconds; long enough to let go again."""


def asked(keypad: Keypad, say: Callable[[int], None], look_s: float = LOOK_S, second_s: float = 1.0) -> bool:
    """True when exactly these keys are down now and stay so.

    Args:
        say: is told the seconds that are left, each second; never when the keys are not down.
        second_s: how long one of them lasts.

    Raises:
        HardwareError: There is no keypad.
    """
    down: set[str] = set()
    changed = threading.Condition()

    def post(event: KeyPressed | KeyReleased) -> None:
        with changed:
            (down.add if isinstance(event, KeyPressed) else down.discard)(event.key)
            changed.notify_all()

    keypad.start(post)
    try:
        with changed:
            if not changed.wait_for(lambda: down == ASKS, look_s):
                return False
            for left in range(HOLD_S, 0, -1):
                say(left)
                if changed.wait_for(lambda: down != ASKS, second_s):
                    return False
            return True
    finally:
        keypad.stop()
