"""Switches without lines: for the simulator, and for whoever drives the phone from a test."""

from __future__ import annotations

from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.switches.base import SwitchListener
from firmware.phone.values import Hook, SwitchPosition


class FakeSwitches:
    """The ``Switches`` of a simulated board: on the hook, private at first. Posts in the setter's thread."""

    def __init__(self) -> None:
        self._hook = Hook.ON
        self._privacy = SwitchPosition.PRIVATE
        self._post: SwitchListener | None = None

    def start(self, post: SwitchListener) -> None:
        self._post = post
        post(HookChanged(self._hook))
        post(PrivacySwitched(self._privacy))

    def hook(self) -> Hook:
        return self._hook

    def privacy(self) -> SwitchPosition:
        return self._privacy

    def stop(self) -> None:
        self._post = None

    def set_hook(self, hook: Hook) -> None:
        """Lift or hang up."""
        if hook is not self._hook:
            self._hook = hook
            if self._post:
                self._post(HookChanged(hook))

    def set_privacy(self, position: SwitchPosition) -> None:
        """Move the switch, or break its wire (UNREADABLE)."""
        if position is not self._privacy:
            self._privacy = position
            if self._post:
                self._post(PrivacySwitched(position))
