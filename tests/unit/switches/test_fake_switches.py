"""The shipped switches of the simulator."""

from __future__ import annotations

from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.values import Hook, SwitchPosition


def test_at_the_start_the_handset_is_on_the_hook_and_the_switch_at_private() -> None:
    events: list[HookChanged | PrivacySwitched] = []
    FakeSwitches().start(events.append)
    assert events == [HookChanged(Hook.ON), PrivacySwitched(SwitchPosition.PRIVATE)]


def test_what_does_not_change_is_not_posted() -> None:
    events: list[HookChanged | PrivacySwitched] = []
    switches = FakeSwitches()
    switches.start(events.append)
    events.clear()
    switches.set_hook(Hook.ON)
    switches.set_privacy(SwitchPosition.PRIVATE)
    assert events == []
