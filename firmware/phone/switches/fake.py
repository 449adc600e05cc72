"""Switches without lines: for the simulator, and for whoever drives the phone from a test."""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.switches.base import SwitchListener
from firmware.phone.values import Hook, Light, SwitchPosition


class FakeSwitches:
    """The ``Switches`` of a simulated board: on the hook and private at first. Posts in the setter's thread.

    ``on_change`` is called after each change of a light, in the caller's thread.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self.lights = dict.fromkeys(Light, False)
        self._hook = Hook.ON
        self._privacy = SwitchPosition.PRIVATE
        self._on_change = on_change
        self._post: SwitchListener | None = None

    def start(self, post: SwitchListener) -> None:
        self._post = post
        post(HookChanged(self._hook))
        post(PrivacySwitched(self._privacy))

    def hook(self) -> Hook:
        return self._hook

    def privacy(self) -> SwitchPosition:
        return self._privacy

    def light(self, light: Light, on: bool) -> None:
        if self._post and self.lights[light] != on:
            self._set_light(light, on)

    def stop(self) -> None:
        self._post = None
        for light in Light:
            if self.lights[light]:
                self._set_light(light, False)

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

    def _set_light(self, light: Light, on: bool) -> None:
        self.lights[light] = on
        if self._on_change:
            self._on_change()
