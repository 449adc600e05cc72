"""A telephone without drivers: events in, commands and outputs out, time moved by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config, Contact, Media
from firmware.phone.display import screens
from firmware.phone.machine.outputs import Outputs, deadline, outputs, screen
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.machine.step import step
from firmware.phone.values import CallId, Encryption, Hook, Party, SwitchPosition

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOB = Contact("Bob", "sip:bob@phone.test", 2)
ACCOUNT = Rules(domain="phone.test", identity="Alice", contacts=(BOB,))
PROVIDER = replace(ACCOUNT, config=Config(media=Media(Encryption.PROVIDER)))
DIRECT = Rules(contacts=(Contact("Carol", "sip:127.0.0.1:5071", 1),))


class Driver:
    def __init__(self, rules: Rules = ACCOUNT, switch: SwitchPosition = SwitchPosition.OPEN) -> None:
        self.rules = rules
        self.state = State(switch=switch)
        self.now = 100.0
        self.done: list[do.Command] = []

    def happen(self, *events: on.Event) -> list[do.Command]:
        """Feed events; returns the commands of these alone."""
        found: list[do.Command] = []
        for event in events:
            self.state, commands = step(self.rules, self.state, event, self.now)
            found += commands
        self.done += found
        return found

    def keys(self, keys: str) -> list[do.Command]:
        return self.happen(*(on.KeyPressed(key) for key in keys))

    def lift(self) -> list[do.Command]:
        return self.happen(on.HookChanged(Hook.OFF))

    def hang_up(self) -> list[do.Command]:
        return self.happen(on.HookChanged(Hook.ON))

    def wait(self, seconds: float) -> list[do.Command]:
        """Let time pass the way the loop does: a tick at every deadline on the way."""
        end = self.now + seconds
        found: list[do.Command] = []
        while True:
            due = deadline(self.rules, self.state, self.now, self.wall) + 0.002
            if due > end:
                self.now = end
                return found
            assert due > self.now, "a deadline that is not in the future would spin"
            self.now = due
            found += self.happen(on.Tick())

    def ring_in(self, call_id: int = 2, uri: str = "sip:bob@phone.test") -> list[do.Command]:
        return self.happen(on.IncomingCall(CallId(call_id), Party(uri, "Robert")))

    @property
    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now - 100.0)

    @property
    def call(self) -> Call:
        assert self.state.live is not None
        return self.state.live

    @property
    def out(self) -> Outputs:
        return outputs(self.rules, self.state, self.now)

    @property
    def screen(self) -> screens.Screen:
        return screen(self.rules, self.state, self.now, self.wall)
