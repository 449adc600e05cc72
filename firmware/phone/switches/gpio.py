"""Hook switch and privacy switch on GPIO lines.

The switches are levels: read at the start, after every edge, and every few seconds in case an edge was lost.
"""

from __future__ import annotations

import threading

from firmware.phone.board import SwitchesSpec
from firmware.phone.clock import Clock, SystemClock
from firmware.phone.errors import HardwareError
from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.gpio import Gpio
from firmware.phone.pulse import Pulse
from firmware.phone.switches.base import SwitchListener
from firmware.phone.switches.levels import Steady, closes, privacy_position
from firmware.phone.values import Hook, SwitchPosition

HOOK_STEADY_S = 0.03
PRIVACY_STEADY_S = 0.05
REREAD_S = 5.0
SETTLE_S = 0.2
"""``start`` watches so long for a steady level before it says UNREADABLE."""


class GpioSwitches:
    """The ``Switches`` of a board with GPIO lines."""

    def __init__(
        self,
        spec: SwitchesSpec,
        gpio: Gpio,
        reread_s: float = REREAD_S,
        clock: Clock | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """Prepare, not claim.

        Args:
            reread_s: seconds between two looks without an edge.
        """
        self._gpio = gpio
        self._hook_line, self._lifted_high = spec.hook, spec.hook_lifted == "high"
        self._private_line, self._open_line = spec.privacy_private, spec.privacy_open
        self._reread_s = reread_s
        self._clock = clock or SystemClock()
        self._pulse = pulse or Pulse()
        self._hook = Steady(Hook.ON, HOOK_STEADY_S)
        self._privacy = Steady(SwitchPosition.UNREADABLE, PRIVACY_STEADY_S, closes)
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self, post: SwitchListener) -> None:
        self._stopping = False
        try:
            self._claim()
            self._settle()
        except HardwareError:
            self._release()
            raise
        post(HookChanged(self._hook.value))
        post(PrivacySwitched(self._privacy.value))
        self._thread = threading.Thread(target=self._run, args=(post,), name="switches", daemon=True)
        self._thread.start()

    def hook(self) -> Hook:
        return self._hook.value

    def privacy(self) -> SwitchPosition:
        return self._privacy.value

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is None:
            return
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None
        self._release()

    def _claim(self) -> None:
        self._gpio.open()
        self._gpio.claim_input(self._hook_line, "hook switch", self._wake.set)
        self._gpio.claim_input(self._private_line, "privacy switch, private", self._wake.set)
        self._gpio.claim_input(self._open_line, "privacy switch, open", self._wake.set)

    def _release(self) -> None:
        self._gpio.release([self._hook_line, self._private_line, self._open_line])

    def _settle(self) -> None:
        """Look until the levels are steady, at most ``SETTLE_S``: then doubt counts as doubt."""
        end = self._clock.monotonic() + SETTLE_S
        self._look(moved=False)
        while (due := self._due()) is not None and (now := self._clock.monotonic()) < end:
            moved = self._wake.wait(max(0.0, min(due, end) - now))
            self._wake.clear()
            self._look(moved)

    def _run(self, post: SwitchListener) -> None:
        try:
            while not self._stopping:
                due = self._due()
                rest = self._reread_s if due is None else max(0.0, due - self._clock.monotonic())
                moved = self._wake.wait(rest)
                self._wake.clear()
                if not self._stopping:
                    with self._pulse.working():
                        changes = self._look(moved)
                    for change in changes:
                        post(change)
        except HardwareError:  # nothing can be read any more: closed, and the daemon ends
            self._privacy.value = SwitchPosition.UNREADABLE
            post(PrivacySwitched(SwitchPosition.UNREADABLE))
            raise

    def _look(self, moved: bool) -> list[HookChanged | PrivacySwitched]:
        """Read all levels; what changed, the privacy switch first."""
        lifted = self._gpio.high(self._hook_line, "hook switch") == self._lifted_high
        position = privacy_position(
            private_low=not self._gpio.high(self._private_line, "privacy switch, private"),
            open_low=not self._gpio.high(self._open_line, "privacy switch, open"),
        )
        now = self._clock.monotonic()
        changes: list[HookChanged | PrivacySwitched] = []
        if self._privacy.look(position, now, moved):
            changes.append(PrivacySwitched(position))
        if self._hook.look(Hook.OFF if lifted else Hook.ON, now, moved):
            changes.append(HookChanged(self._hook.value))
        return changes

    def _due(self) -> float | None:
        return min((due for due in (self._hook.due, self._privacy.due) if due is not None), default=None)
