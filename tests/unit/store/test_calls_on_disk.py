"""Whole calls through the loop and the store: what a raw look at the state directory finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock
from firmware.phone.config import Config, Privacy
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.storage import Storage
from firmware.phone.values import CallId, EndReason, Hook, Party
from tests.unit.store.scan import hits

NUMBERS = ("+4930901820", "+33155427000", "katharina.keller")


class Telephone:
    """The loop and the store on one clock; the other drivers do nothing."""

    def __init__(self, folder: Path, hours: int) -> None:
        self.clock = FakeClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.storage = Storage(folder, hours, self.clock, self.crash)
        rules = Rules.of(Config(privacy=Privacy(hours)))
        self.loop = Loop(rules, self.clock, self, Notifier({}))
        self.arrived: list[on.Event] = []
        self.storage.start(self.arrived.append)

    def crash(self, error: BaseException) -> None:
        raise error

    def carry_out(self, command: do.Command) -> None:
        if isinstance(command, do.Remember | do.KeepGrants | do.Expire | do.Wipe):
            self.storage.carry_out(command)

    def happen(self, *events: on.Event) -> None:
        for event in events:
            self.loop.handle(event)
        self.storage.settle()
        while self.arrived:
            self.loop.handle(self.arrived.pop(0))

    def call_from(self, call_id: int, user: str) -> None:
        self.happen(on.IncomingCall(CallId(call_id), Party(f"sip:{user}@phone.test", user)))
        self.happen(on.HookChanged(Hook.OFF), on.CallAnswered(CallId(call_id)))
        self.clock.advance(83)
        self.happen(on.CallFailed(CallId(call_id), EndReason.PEER_HUNG_UP), on.HookChanged(Hook.ON))

    def minutes(self, number: int) -> None:
        for _ in range(number):
            self.clock.advance(60)
            self.happen(on.Tick())


def found(folder: Path) -> list[str]:
    return [hit for number in NUMBERS for hit in hits(folder, number)]


@pytest.mark.parametrize("hours", [0, 1])
def test_no_trace_of_a_number_on_the_disk_at_any_time(tmp_path: Path, hours: int) -> None:
    telephone = Telephone(tmp_path, hours)
    for call_id, number in enumerate(NUMBERS):
        telephone.call_from(2 + 2 * call_id, number)
        assert found(tmp_path) == []
    assert len(telephone.loop.state.history) == (3 if hours else 0)
    assert bool(list(tmp_path.iterdir())) is bool(hours)
    telephone.minutes(61)
    assert telephone.loop.state.history == ()
    assert telephone.loop.state.calls == ()
    assert list(tmp_path.iterdir()) == []
    telephone.storage.stop()


def test_a_wipe_from_the_menu_reaches_the_disk(tmp_path: Path) -> None:
    telephone = Telephone(tmp_path, 24)
    telephone.call_from(2, NUMBERS[0])
    telephone.happen(on.KeyPressed("*"))
    telephone.clock.advance(1.1)
    telephone.happen(on.Tick(), on.KeyReleased("*"), *(on.KeyPressed(key) for key in "3**"))
    assert telephone.loop.state.menu is not None
    assert telephone.loop.state.menu.erased
    assert telephone.loop.state.history == ()
    assert list(tmp_path.iterdir()) == []
    telephone.storage.stop()
