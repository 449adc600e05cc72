"""The hands at a simulated board: keys, handset, privacy switch, moved by ``sotto sim`` and the page."""

from __future__ import annotations

from typing import Any

from firmware.phone.health.fake import FakeHealth
from firmware.phone.keypad.fake import FakeKeypad
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.values import KEYS, Health, Hook, SwitchPosition

_HOOKS = {"up": Hook.OFF, "down": Hook.ON}
_SWITCH = {
    "private": SwitchPosition.PRIVATE,
    "open": SwitchPosition.OPEN,
    "broken": SwitchPosition.UNREADABLE,
}
_HEALTH = {"good": Health(), "weak": Health(weak=True), "hot": Health(hot=True)}
MAX_KEYS = 64


class Simulated:
    def __init__(self, keypad: FakeKeypad, switches: FakeSwitches, health: FakeHealth | None = None) -> None:
        self._keypad = keypad
        self._switches = switches
        self._health = health or FakeHealth()

    def carry_out(self, args: dict[str, Any]) -> None:
        """Do what ``args["what"]`` says. Raises ValueError in words for a person."""
        what = args.get("what")
        if what == "key":
            self._tap(args.get("keys"))
        elif what == "press":
            self._keypad.press(_key(args.get("key")))
        elif what == "release":
            self._keypad.release(_key(args.get("key")))
        elif what == "hook":
            self._switches.set_hook(_chosen(_HOOKS, args.get("position")))
        elif what == "privacy":
            self._switches.set_privacy(_chosen(_SWITCH, args.get("position")))
        elif what == "health":
            self._health.set(_chosen(_HEALTH, args.get("position")))
        else:
            raise ValueError("simulate one of: key, press, release, hook, privacy, health")

    def _tap(self, keys: Any) -> None:
        if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
            raise ValueError(f"give one to {MAX_KEYS} keys, such as 1 2 #")
        for key in [_key(key) for key in keys]:
            self._keypad.press(key)
            self._keypad.release(key)


def _key(key: Any) -> str:
    if not isinstance(key, str) or len(key) != 1 or key not in KEYS:
        raise ValueError(f"{str(key)[:20]!r} is no key of this keypad; keys are {' '.join(KEYS)}")
    return key


def _chosen(table: dict[str, Any], word: Any) -> Any:
    if not isinstance(word, str) or word not in table:
        raise ValueError(f"{str(word)[:20]!r} is no position; say {' or '.join(table)}")
    return table[word]
