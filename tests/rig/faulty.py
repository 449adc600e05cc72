"""The daemon as it is, with one fault of our own put into one of its threads: ``RIG_FAULT`` names which.

``hasty`` is none: it looks more often whether its connection still is one, so that a test need not wait.
Started like ``firmware.phone``; nothing but the one function named here is replaced, and it fails only when
the phone comes to use it.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from firmware.phone.__main__ import main

WORDS = "a fault of the test"
"""What the exception says."""


class Fault(Exception):
    """No exception that any part of the phone expects."""


def _fail(*_args: Any, **_more: Any) -> Any:
    raise Fault(f"{WORDS} in {threading.current_thread().name}")


def _painter() -> None:
    from firmware.phone.display import painter, views
    from firmware.phone.display.screens import Dialling, Screen

    def draw(screen: Screen, *more: Any) -> Any:
        return _fail() if isinstance(screen, Dialling) else views.draw(screen, *more)

    setattr(painter, "draw", draw)  # noqa: B010 - a name that the module imports, not its own


def _callback() -> None:
    from firmware.phone.sip.pjsua import call

    call.PjCall.getInfo = _fail


def _engine() -> None:
    from firmware.phone.sip.pjsua.outgoing import Outgoing

    Outgoing._place = _fail  # type: ignore[method-assign]


def _tones() -> None:
    from firmware.phone.audio.player import LoopPlayer

    before = LoopPlayer._wait

    def wait(*args: Any) -> Any:
        return None if before(*args) is None else _fail()

    setattr(LoopPlayer, "_wait", wait)  # noqa: B010 - other words than it has


def _control() -> None:
    from firmware.phone import control

    control.Control._serve = _fail  # type: ignore[method-assign]


def _decision() -> None:
    from firmware.phone.machine import step
    from firmware.phone.values import Hook

    before = step._hook

    def hook(rules: Any, state: Any, event: Any, now: float) -> Any:
        return _fail() if event.hook is Hook.OFF else before(rules, state, event, now)

    step._HANDLERS = {kind: hook if work is before else work for kind, work in step._HANDLERS.items()}


def _hang(*_args: Any, **_more: Any) -> Any:
    """Come back from no library: longer than any test."""
    time.sleep(120)


def _hung_painter() -> None:
    from firmware.phone.display import painter, views
    from firmware.phone.display.screens import Dialling, Screen

    def draw(screen: Screen, *more: Any) -> Any:
        return _hang() if isinstance(screen, Dialling) else views.draw(screen, *more)

    setattr(painter, "draw", draw)  # noqa: B010 - a name that the module imports, not its own


def _hung_in_call() -> None:
    from firmware.phone.display import painter, views
    from firmware.phone.display.screens import InCall, Screen

    def draw(screen: Screen, *more: Any) -> Any:
        return _hang() if isinstance(screen, InCall) else views.draw(screen, *more)

    setattr(painter, "draw", draw)  # noqa: B010 - a name that the module imports, not its own


def _hung_engine() -> None:
    from firmware.phone.sip.pjsua.outgoing import Outgoing

    Outgoing._place = _hang  # type: ignore[method-assign]


def _hung_control() -> None:
    from firmware.phone import control

    before = control.parse

    def parse(line: bytes) -> Any:
        command, args = before(line)
        return _hang() if command == "risks" else (command, args)

    setattr(control, "parse", parse)  # noqa: B010 - other words than it has


def _hung_decision() -> None:
    from firmware.phone.machine import step
    from firmware.phone.values import Hook

    before = step._hook

    def hook(rules: Any, state: Any, event: Any, now: float) -> Any:
        return _hang() if event.hook is Hook.OFF else before(rules, state, event, now)

    step._HANDLERS = {kind: hook if work is before else work for kind, work in step._HANDLERS.items()}


def _behind() -> None:
    """The clock is twelve days behind, and no time service has set it."""
    from firmware.phone import timefloor

    made = time.time() + 12 * timefloor.DAY
    timefloor.TimeFloor.__init__.__defaults__ = (lambda: made, lambda: False)


def _disk(number: int) -> None:
    """Every write of the store fails so from now on."""
    from firmware.phone import vault

    def fails(*_args: Any, **_more: Any) -> Any:
        raise OSError(number, os.strerror(number))

    setattr(vault, "_write_at", fails)  # noqa: B010 - other words than it has


def _late() -> None:
    from firmware.phone.sip.pjsua.engine import PjsuaEngine

    def close(self: PjsuaEngine) -> None:
        for _ in range(1000):
            self._endpoint.poll(0.01)

    PjsuaEngine._close = close  # type: ignore[method-assign]


def _clear() -> None:
    from firmware.phone.sip.pjsua.engine import PjsuaEngine
    from firmware.phone.values import Security

    before = PjsuaEngine._settle

    def settle(self: PjsuaEngine) -> None:
        for call in self._calls.values():
            call.go_on_with(Security.CLEAR)
        before(self)

    PjsuaEngine._settle = settle  # type: ignore[method-assign]


def _hasty() -> None:
    from firmware.phone.sip.pjsua import keepalive

    keepalive.EVERY, keepalive.PONG, keepalive.SOON = 2.5, 1.0, 0.2


FAULTS: dict[str, Callable[[], None]] = {
    "painter": _painter,
    "callback": _callback,
    "engine": _engine,
    "tones": _tones,
    "control": _control,
    "decision": _decision,
    "late": _late,
    "disk-full": lambda: _disk(errno.ENOSPC),
    "disk-read-only": lambda: _disk(errno.EROFS),
    "behind": _behind,
    "hung-painter": _hung_painter,
    "hung-in-call": _hung_in_call,
    "hung-engine": _hung_engine,
    "hung-control": _hung_control,
    "hung-decision": _hung_decision,
    "clear": _clear,
    "hasty": _hasty,
}

if __name__ == "__main__":
    FAULTS[os.environ["RIG_FAULT"]]()
    sys.exit(main())
