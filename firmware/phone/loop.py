"""The one thread that changes the state: take an event, step, carry out the commands, feed the watchdog.

Everything else only posts. A request of the control socket is answered here too, so that it sees one
consistent state and its effect is there when the answer is.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import presence, spoken
from firmware.phone.clock import Clock
from firmware.phone.display.screens import PLAIN, Look, Screen
from firmware.phone.machine.looks import look
from firmware.phone.machine.outputs import Outputs, deadline, outputs, screen
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.settings import effective
from firmware.phone.machine.state import State
from firmware.phone.machine.step import step, why_not
from firmware.phone.notify import Notifier
from firmware.phone.values import CallId, Hook, Security

log = logging.getLogger("sottovoce.loop")

ROUNDING = 0.002
"""Seconds added to each deadline, so that the state sees it as passed in spite of float rounding."""


MOST_WAITING = 10_000
"""Events that may wait. No more come in earnest; whoever posts so many fills the memory next."""


class Overrun(Exception):
    """More events came than anybody could follow."""


class Drivers(Protocol):
    """Where commands go; ``app`` builds it."""

    def carry_out(self, command: do.Command) -> None: ...


class Watcher(Protocol):
    """Who is told what happened (the control socket's ``watch``). Called in the loop's thread."""

    def changed(
        self, event: on.Event | None, state: State, outputs: Outputs, shown: Screen | None
    ) -> None: ...


@dataclass
class Request:
    """A question from another thread: ``ask`` runs in the loop's thread, its result goes to ``answer``."""

    ask: Callable[[Loop], Any]
    answer: Future[Any] = field(default_factory=Future)


class _Stop:
    pass


class Loop:
    """Owns the state. ``post``, ``request``, ``crash`` and ``stop`` may be called from any thread."""

    def __init__(self, rules: Rules, clock: Clock, drivers: Drivers, notifier: Notifier) -> None:
        self.rules = rules
        self.clock = clock
        self.state = State(busy_at=clock.monotonic())
        # differs from the first real outputs: light and volume get set
        self.outputs = Outputs(private=False, volumes=None)
        self.screen: Screen | None = None
        self.look = PLAIN
        self._drivers = drivers
        self._notifier = notifier
        self._queue: queue.SimpleQueue[on.Event | Request | BaseException | _Stop] = queue.SimpleQueue()
        self._watchers: list[Watcher] = []
        self._overrun = False

    def post(self, event: on.Event) -> None:
        if self._queue.qsize() < MOST_WAITING:
            self._queue.put(event)
        elif not self._overrun:
            self._overrun = True
            self.crash(Overrun(f"{MOST_WAITING} events wait, the last a {type(event).__name__}"))

    def request(self, ask: Callable[[Loop], Any]) -> Future[Any]:
        """Have ``ask`` called with this loop, in its thread; its result or exception goes to the future."""
        request = Request(ask)
        self._queue.put(request)
        return request.answer

    def ping(self, answer: Callable[[], None]) -> None:
        """Have ``answer`` called in the loop's thread, soon: a sign of life."""
        self.request(lambda loop: answer())

    def crash(self, error: BaseException) -> None:
        """A thread died of ``error``: ``run`` raises it, so that the process ends loudly."""
        self._queue.put(error)

    def stop(self) -> None:
        self._queue.put(_Stop())

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.remove(watcher)

    def run(self) -> None:
        """Work until ``stop``. Raises what ``crash`` was given, or what a decision raised."""
        self._show_all(None)
        while True:
            item = self._next()
            if isinstance(item, _Stop):
                return
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Request):
                self._answer(item)
            else:
                self.handle(item)

    def handle(self, event: on.Event) -> str:
        """One step. Returns why the event could not be followed ("" when it was); the loop's thread only."""
        refused = why_not(self.state, event)
        if refused:
            return refused
        now, today = self.clock.monotonic(), presence.today(self.clock.wall())
        for happened in (event,) if today == self.state.today else (on.DayChanged(today), event):
            self.state, commands = step(self.rules, self.state, happened, now)
            self._follow(commands)
        self._show_all(event)
        return ""

    def _next(self) -> on.Event | Request | BaseException | _Stop:
        now, wall = self.clock.monotonic(), self.clock.wall()
        due = deadline(self.rules, self.state, now, wall) + ROUNDING
        interval = self._notifier.watchdog_seconds
        wait = due - now if interval is None else min(due - now, interval)
        try:
            item = self._queue.get(timeout=max(0.0, wait))
        except queue.Empty:
            item = on.Tick()
        self._notifier.alive()
        return item

    def _answer(self, request: Request) -> None:
        """A ValueError goes back to who asked; any other exception is our own fault and ends us."""
        try:
            request.answer.set_result(request.ask(self))
        except ValueError as error:
            request.answer.set_exception(error)

    def _follow(self, commands: tuple[do.Command, ...]) -> None:
        for command in commands:
            self._drivers.carry_out(command)

    def _show_all(self, event: on.Event | None) -> None:
        now, wall = self.clock.monotonic(), self.clock.wall()
        before, self.outputs = self.outputs, outputs(self.rules, self.state, now)
        self._follow(differences(before, self.outputs))
        shown = screen(self.rules, self.state, now, wall)
        looks = look(self.rules, self.state)
        changed = shown if (shown, looks) != (self.screen, self.look) else None
        self._read_aloud(self.screen, shown, looks)
        self.screen, self.look = shown, looks
        if changed is not None:
            self._drivers.carry_out(do.Show(shown, looks))
        for watcher in list(self._watchers):
            watcher.changed(event, self.state, self.outputs, changed)

    def _read_aloud(self, before: Screen | None, shown: Screen, looks: Look) -> None:
        """Say what is new on the display, where that is wanted, and no call is there."""
        wanted = effective(self.rules, self.state).config.accessibility.speech
        if not wanted or shown == before or self.state.live is not None:
            return
        text = spoken.text(before, shown, looks)
        if text is not None:
            aloud = self.state.hook is Hook.ON
            self._drivers.carry_out(do.Say(text, looks.language, aloud))


def differences(before: Outputs, after: Outputs) -> tuple[do.Command, ...]:
    """The commands that lead from one set of outputs to another. A tone stops before the voice opens,
    and the voice closes before a tone starts: one owner for each PCM."""
    found: list[do.Command] = []
    was, now = (_spoken(outputs) for outputs in (before, after))
    if before.mixed and after.mixed != before.mixed:
        found.append(do.MixCalls(()))
    found += [
        do.LetSpeak(call_id, allowed=False) for call_id, level in was.items() if now.get(call_id) != level
    ]
    if before.voice and not after.voice:
        found.append(do.CloseVoice())
    if before.volumes != after.volumes and after.volumes is not None:
        found.append(do.SetVolumes(after.volumes))
    if before.tone is not after.tone:
        found.append(do.PlayTone(after.tone))
    if _rings(before) != _rings(after):
        found.append(do.Ring(*_rings(after)))
    if before.muted != after.muted:
        found.append(do.Mute(after.muted))
    if before.text != after.text:
        found.append(do.AllowText(after.text))
    found += [do.LetSpeak(call) for call, level in now.items() if was.get(call) != level]
    if after.mixed and after.mixed != before.mixed:
        found.append(do.MixCalls(after.mixed))
    if after.voice and not before.voice:
        found.append(do.OpenVoice())
    if before.waiting != after.waiting:
        found.append(do.SignalWaiting(after.waiting))
    if before.lamps != after.lamps:
        found.append(do.WatchLamps(after.lamps))
    if before.reminds != after.reminds:
        found.append(do.RemindClear(after.reminds))
    lit = before.lights
    found += [do.SetLight(light, does) for light, does in after.lights.items() if does is not lit[light]]
    found += [do.NotifyWatcher(*seen) for seen in after.watchers if seen not in before.watchers]
    return tuple(found)


def _rings(outputs: Outputs) -> tuple[bool, str]:
    """Whether the ringer sounds, and with what: a bell, or the chirp of a light."""
    chirps = outputs.chirp and not outputs.bell
    return (True, outputs.chirp) if chirps else (outputs.bell, outputs.melody)


def _spoken(outputs: Outputs) -> dict[CallId, Security]:
    """The calls whose sound is connected, each with its protection."""
    return dict(spoken for spoken in (outputs.speaks, outputs.third) if spoken is not None)
