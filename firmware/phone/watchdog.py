"""Notices a thread that is stuck, and has the process end: whoever started it starts it again.

Each watched thread has a ``Pulse``. A thread that waits for orders (loop, SIP, control socket) is asked to
answer; one that calls a device's library says itself when it does. systemd's own watchdog, which the loop
feeds, sees the one case that this thread cannot: that Python itself is held.

A restart ends the calls. So while one is up, only what makes it a danger to go on is answered at once: nobody
could hang up without the hook switch, the SIP thread or the loop. Display, keypad and control socket wait for
its end. A call for help waits for nothing but the loop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from firmware.phone.machine.state import State
from firmware.phone.pulse import Pulse

log = logging.getLogger("sottovoce.watchdog")

LOOK_S = 1.85
"""Between two looks while all is well."""

SUSPECT_S = 0.35
"""Between two looks while a thread does not answer."""

STUCK_S, STUCK_LOOKS = 2.8, 4
"""A piece of work is stuck when it has taken so long and was seen so often: a clock that jumps (a starved
virtual machine) is one look. With ``LOOK_S``, the worst is 4.8 s after it began to hang."""

LAST_S = 4.5
"""For everything to stop in, at the end."""

LOOP = "loop"


@dataclass
class _Watched:
    """``patient``: it may stay stuck until the call is over. ``ask``: has the thread answer, at every
    ``every``-th look: each time wakes it."""

    name: str
    pulse: Pulse
    patient: bool
    ask: Callable[[], object] | None = None
    every: int = 1
    rested: int = 0
    turn: int = -1
    looks: int = 0
    told: bool = False


class Watchdog:
    """``state``: of the telephone, now. ``told`` hears, from the watchdog's thread, the name of a thread that
    is stuck and left so for the sake of a call (true), and that it goes on (false). ``end`` is given why the
    process must end; it does not return. ``pause`` waits for so many seconds or for ``stop`` (true).
    """

    def __init__(
        self,
        now: Callable[[], float],
        state: Callable[[], State],
        told: Callable[[str, bool], None],
        end: Callable[[str], None],
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._now = now
        self._state = state
        self._told = told
        self._end = end
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._watched: list[_Watched] = []
        self._last: float | None = None
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def pulse(self, name: str, *, patient: bool = True) -> Pulse:
        """The pulse of a thread that says itself when it is at work."""
        pulse = Pulse(self._now)
        self._watched.append(_Watched(name, pulse, patient))
        return pulse

    def asked(
        self,
        name: str,
        ask: Callable[[Callable[[], None]], object],
        *,
        patient: bool = False,
        every: int = 1,
    ) -> None:
        """Watch a thread that waits for orders: ``ask`` has what it is given called in that thread."""
        pulse = Pulse(self._now)
        self._watched.append(_Watched(name, pulse, patient, lambda: ask(pulse.end), every))

    def start(self) -> None:
        self._thread.start()

    def last(self) -> None:
        """The process is stopping: nobody is asked any more, but it must be over in ``LAST_S``."""
        self._last = self._now() + LAST_S

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._pause(SUSPECT_S if any(one.looks for one in self._watched) else LOOK_S):
            self.look()

    def look(self) -> None:
        """One look at everybody."""
        if self._last is not None:
            if self._now() >= self._last:
                self._end("it did not stop in time")
            return
        for one in self._watched:
            self._look(one)

    def _look(self, one: _Watched) -> None:
        since, turn = one.pulse.since, one.pulse.turn
        if since is None or turn != one.turn:
            one.turn, one.looks = turn, 0
            if one.told:
                one.told = False
                log.warning("%s goes on", one.name)
                self._told(one.name, False)
            if since is None and one.ask is not None:
                self._ask(one)
            return
        one.looks += 1
        if one.looks < STUCK_LOOKS or self._now() - since < STUCK_S:
            return
        if not spared(one.name, one.patient, self._state()):
            self._end(f"{one.name} is stuck")
        elif not one.told:
            one.told = True
            log.error("%s is stuck; the telephone starts anew when the call is over", one.name)
            self._told(one.name, True)

    def _ask(self, one: _Watched) -> None:
        one.rested += 1
        if one.ask is not None and one.rested >= one.every:
            one.rested = 0
            one.pulse.begin()
            one.turn = one.pulse.turn
            one.ask()


def spared(name: str, patient: bool, state: State) -> bool:
    """Whether a call goes on in spite of this thread."""
    if state.live is None:
        return False
    helps = any(call.protection.emergency for call in state.lives)
    return patient or (helps and name != LOOP)
