"""A keypad without lines: for the simulator, and for whoever drives the phone from a test."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.keypad.base import KeyListener
from firmware.phone.values import KEYS


class FakeKeypad:
    """The ``Keypad`` of a simulated board. Posts in the thread that presses: one at a time."""

    def __init__(self, keys: Collection[str] = KEYS) -> None:
        self._keys = frozenset("".join(keys))
        self._down: set[str] = set()
        self._post: KeyListener | None = None

    def start(self, post: KeyListener) -> None:
        self._post = post

    def stop(self) -> None:
        self._post = None
        self._down.clear()

    def press(self, key: str) -> None:
        """Close a key; one that is closed stays so. Raises ``ValueError`` for a key that is not there."""
        if key not in self._keys:
            there = "".join(k for k in KEYS if k in self._keys)
            raise ValueError(f"this keypad has no key {key!r}; it has {there}")
        if self._post and key not in self._down:
            self._down.add(key)
            self._post(KeyPressed(key))

    def release(self, key: str) -> None:
        """Open a key; one that is open stays so."""
        if self._post and key in self._down:
            self._down.remove(key)
            self._post(KeyReleased(key))

    def tap(self, keys: Iterable[str]) -> None:
        """Press and release one key after the other; all are checked first. Raises ``ValueError``."""
        keys = list(keys)
        for key in keys:
            if key not in self._keys:
                self.press(key)
        for key in keys:
            self.press(key)
            self.release(key)
