"""The self-test: what the parts have said, and a call of the telephone to itself, in a process beside it.

One at a time: who asks while it runs gets the same answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from firmware.phone import events as on
from firmware.phone.loop import Loop
from firmware.phone.machine.helping import UNDER_WAY
from firmware.phone.selftest import ADDRESS, CALL, MICROPHONE, selftest

LIMIT = 45.0
"""Seconds for the process, its start on a slow board with it."""

HELP_LIMIT, HELP_LOOK = 10.0, 0.1
"""Seconds for the answer to the test call, and between two looks."""

_NOT_FOR_CHILDREN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY", "STATE_DIRECTORY")


def self_call(config: Path | None) -> list[str]:
    """The command line of a call to itself, by the same interpreter and the same code."""
    isolated = ["-I"] if sys.flags.isolated else []
    program = [sys.executable, *isolated, "-m", "firmware.phone.sip.pjsua.selfcall"]
    return program if config is None else [*program, "--config", str(config)]


class Trying:
    """``program``: what makes the call. ``address`` and ``microphone``: why there is none, or ""."""

    def __init__(
        self, program: Sequence[str], address: Callable[[], str], microphone: Callable[[], str]
    ) -> None:
        self._program = program
        self._address = address
        self._microphone = microphone
        self._running: Future[dict[str, Any]] | None = None

    def begin(self, loop: Loop, asked: bool = False) -> Future[dict[str, Any]]:
        """In the loop's thread: the result comes as ``{"tests": […]}``. ``asked``: by a person, so the
        provider gets a test call to the emergency service too; by itself the telephone places none.
        """
        if self._running is None or self._running.done():
            future: Future[dict[str, Any]] = Future()
            self._running = future
            arguments = (loop, future, asked)
            threading.Thread(target=self._run, args=arguments, name="selftest", daemon=True).start()
        return self._running

    def _run(self, loop: Loop, future: Future[dict[str, Any]], asked: bool) -> None:
        if asked:
            loop.request(lambda loop: loop.handle(on.HelpTestAsked())).result()
        said = self._call()
        self._wait_for_help(loop)
        beside = {CALL: str(said.get("trouble", ""))}
        beside |= {ADDRESS: self._address(), MICROPHONE: self._microphone()}
        tests = loop.request(lambda loop: selftest(loop.rules, loop.state, beside)).result()
        future.set_result({"tests": tests, "call": said})

    def _wait_for_help(self, loop: Loop) -> None:
        """The test call lasts some seconds at most, and began before the call to itself."""
        until = time.monotonic() + HELP_LIMIT
        while time.monotonic() < until:
            if loop.request(lambda loop: loop.state.help_status).result() != UNDER_WAY:
                return
            time.sleep(HELP_LOOK)

    def _call(self) -> dict[str, Any]:
        """What the process said. However it fails, it says so."""
        clean = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN}
        try:
            done = subprocess.run(
                self._program, capture_output=True, text=True, timeout=LIMIT, check=False, env=clean
            )
        except subprocess.TimeoutExpired:
            return {"ok": False, "trouble": f"it did not come to an end within {LIMIT:.0f} s"}
        except OSError as error:
            return {"ok": False, "trouble": f"it cannot be started: {error.strerror}"}
        try:
            said = json.loads(done.stdout)
        except ValueError:
            said = None
        if not isinstance(said, dict) or (done.returncode != 0) != bool(said.get("trouble")):
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            return {"ok": False, "trouble": f"it broke off ({done.returncode}): {last[:200]}"}
        return said
