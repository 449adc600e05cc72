"""Keeps one daemon alive, as systemd does on the phone: starts it, listens, starts it again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from firmware.simulator import control
from firmware.simulator.hub import Hub
from firmware.simulator.pair import Plan

READY_S = 20.0
"""Seconds that a daemon may take until its socket answers."""

STOP_S = 5.0
"""Seconds between SIGTERM and SIGKILL; a daemon needs 3 at most (it says goodbye to its calls)."""

BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each new start in a row; the last holds for all that follow."""

STEADY_S = 60.0
"""A daemon that lived this long starts again from the first back-off."""

BAD_CONFIGURATION = 2
"""The exit code of a daemon whose configuration is wrong: starting it again would not help."""

POLL_S = 0.05
LOG_OCTETS = 8192
LOG_LINES = 12


class StartError(Exception):
    """The simulator cannot start; says why and what to do."""


class Keeper:
    """One daemon. ``ready`` is set once it has answered; ``run`` never returns by itself.

    ``root``: the folder of its source, after an update; None: that of this process.
    """

    def __init__(
        self,
        plan: Plan,
        hub: Hub,
        daemon: Sequence[str],
        say: Callable[[str], None],
        back_off: Sequence[float] = BACK_OFF_S,
    ) -> None:
        self.ready = asyncio.Event()
        self._plan = plan
        self._hub = hub
        self._argv = [*_dies_with_us(), *plan.argv(daemon)]
        self._say = say
        self._back_off = back_off
        self._log = b""
        self._process: asyncio.subprocess.Process | None = None
        self._planned = False
        self.root: Path | None = None

    async def restart(self, root: Path | None) -> None:
        """End the daemon and start the one whose source is in ``root``; return when it answers, or after
        READY_S: then the version is none.
        """
        self.root, self._planned = root, True
        self.ready.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ready.wait(), READY_S)

    @property
    def pid(self) -> int | None:
        """The daemon's process id, None while there is none."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start the daemon again and again, each time after a back-off; cancel this to end it for good.

        Raises:
            StartError: the daemon refused the configuration that we wrote for it.
        """
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            born = loop.time()
            try:
                code = await self._one_life()
            finally:
                await self._stop()
            if self._planned:
                self._planned, failures = False, 0
                continue
            if code == BAD_CONFIGURATION:
                why = "\n".join(self.last_lines())
                raise StartError(f"{self._plan.name}'s phone refuses its configuration:\n{why}")
            if loop.time() - born >= STEADY_S:
                failures = 0
            pause = self._back_off[min(failures, len(self._back_off) - 1)]
            failures += 1
            self._report(code, pause)
            await asyncio.sleep(pause)

    async def _one_life(self) -> int:
        """From the start of the daemon to its end. Returns its exit code."""
        self._log = b""
        self._plan.socket.unlink(missing_ok=True)
        self._hub.starting(self._plan.key)
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.root,
            start_new_session=True,  # Ctrl-C in the terminal is ours; we stop the daemons in order
        )
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(self._process))
            await self._collect(self._process)
            code = await self._process.wait()
            listening.cancel()
        return code

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Hand all that the daemon tells to the hub; end a daemon that never answers."""
        try:
            async with asyncio.timeout(READY_S) as limit:
                while process.returncode is None:
                    if self._plan.socket.exists():
                        await self._follow(limit)
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            self._log += f"\nIt did not answer within {READY_S:g} s.".encode()
            process.terminate()

    async def _follow(self, limit: asyncio.Timeout) -> None:
        """Hear the daemon for as long as the connection lasts. Its first status lifts the time limit."""
        try:
            async with aclosing(control.watch(self._plan.socket)) as events:
                async for event in events:
                    if event["event"] == "status":
                        limit.reschedule(None)
                        self._hub.alive(self._plan.key)
                        self.ready.set()
                    self._hub.heard(self._plan.key, event)
        except control.ControlError:
            pass  # it starts, or it is ending: then its exit says so

    async def _collect(self, process: asyncio.subprocess.Process) -> None:
        """Keep the end of what the daemon writes."""
        if process.stdout is None:
            raise AssertionError("the daemon was started with a pipe")
        while chunk := await process.stdout.read(4096):
            self._log = (self._log + chunk)[-LOG_OCTETS:]

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _report(self, code: int, pause: float) -> None:
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
        self._hub.dead(self._plan.key, f"Its program {how}. It starts again by itself.")
        self._say(f"{self._plan.name}'s phone {how}; it starts again in {pause:g} s. Its last lines:")
        for line in self.last_lines():
            self._say(f"  {line}")

    def last_lines(self) -> list[str]:
        """The end of the daemon's log."""
        return self._log.decode("utf-8", "replace").strip().splitlines()[-LOG_LINES:]


def _dies_with_us() -> list[str]:
    """Where util-linux is: the kernel ends the daemon even when this process is killed outright."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
