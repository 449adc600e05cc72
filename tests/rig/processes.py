"""Child processes of a test: started here, watched through their log file, always ended here by their pid."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

POLL_S = 0.02
"""Seconds between two looks at a condition."""

NICE = -5
"""Peers and phones speak in real time; what a test computes meanwhile may wait."""

_running: list[Process] = []


class RigError(AssertionError):
    """The rig (not the phone under test) could not do what the test asked of it."""


def wait_until(look: Callable[[], T | None], seconds: float, what: str, every: float = POLL_S) -> T:
    """Call ``look`` until it returns something true and return that.

    Args:
        seconds: at most this long.
        what: named in the failure, as "waited 5 s in vain for {what}".
        every: seconds between two looks.

    Raises:
        RigError: the condition never became true.
    """
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= end:
            raise RigError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every)


def _before_others(pid: int) -> None:
    with suppress(
        PermissionError, ProcessLookupError
    ):  # root alone may; without it the machine must be quiet
        os.setpriority(os.PRIO_PROCESS, pid, NICE)


class Process:
    """One child with its output in a log file; a context manager that stops it whatever happens.

    The child also dies with the thread that started it (``setpriv --pdeathsig``), so that a killed test run
    leaves nothing behind: start it from the main thread.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 3.0,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Prepare, not start.

        Args:
            log: stdout and stderr are appended here.
            env: the child's whole environment, default: that of the test run.
            grace: seconds between the stop signal and SIGKILL.
        """
        self.name = name
        self.argv = ["setpriv", "--pdeathsig", "KILL", *map(str, argv)]
        self.log = log
        self._env = dict(os.environ if env is None else env)
        self._cwd = cwd
        self._grace = grace
        self._stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self.tail())
        self.stop()

    def start(self) -> None:
        """Start the child (again)."""
        if self.alive:
            raise RigError(f"{self.name} runs already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._env, cwd=self._cwd
            )
        _before_others(self._child.pid)
        _running.append(self)

    def stop(self) -> int | None:
        """End the child: stop signal, then SIGKILL after the grace.

        Returns:
            Its exit code, None if it was never started.
        """
        if self._child is None:
            return None
        if self._child.poll() is None:
            self._child.send_signal(self._stop_signal)
            try:
                self._child.wait(self._grace)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        if self in _running:
            _running.remove(self)
        return self._child.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to this child alone."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait for the child to end by itself and return its exit code."""
        if self._child is None:
            raise RigError(f"{self.name} was never started")
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RigError(f"{self.name} still runs after {seconds:g} s\n{self.tail()}") from None

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self._child is None:
            raise RigError(f"{self.name} was never started")
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, None while it runs."""
        return None if self._child is None else self._child.poll()

    def output(self, since: int = 0) -> str:
        """What the child wrote, from byte ``since`` of its log on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode("utf-8", "replace")

    def mark(self) -> int:
        """The present length of the log in bytes, to be given as ``since`` later."""
        return self.log.stat().st_size if self.log.exists() else 0

    def tail(self, lines: int = 40) -> str:
        """The last lines of the log under a heading, for a failure's message."""
        last = "\n".join(self.output().splitlines()[-lines:])
        return f"--- end of {self.name}'s log ({self.log}, exit {self.returncode}) ---\n{last}"

    def wait_for(self, pattern: str, seconds: float, since: int = 0) -> re.Match[str]:
        """Wait until the log (from byte ``since``) matches; fail at once if the child ends without a match.

        Raises:
            RigError: no match within ``seconds``, or the child ended.
        """
        wanted = re.compile(pattern, re.MULTILINE)
        end = time.monotonic() + seconds
        while True:
            ended = not self.alive
            found = wanted.search(self.output(since))
            if found:
                return found
            if ended:
                raise RigError(f"{self.name} ended before it wrote /{pattern}/\n{self.tail()}")
            if time.monotonic() >= end:
                raise RigError(f"{self.name} did not write /{pattern}/ within {seconds:g} s\n{self.tail()}")
            time.sleep(POLL_S)


def _stop_all() -> None:
    for process in list(_running):
        process.stop()


atexit.register(_stop_all)
