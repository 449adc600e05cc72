"""The page for setting up a simulated phone. Played here is what systemd does on a flashed one: start the
page's program when the phone opens it, write what was confirmed, start the phone anew. All else is real.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from firmware.phone.setting_up.passwords import FOLDER
from firmware.phone.setting_up.period import KEEP, OPEN, PROPOSAL
from firmware.simulator import pair
from firmware.simulator.keeper import Keeper

LOOK_S = 0.1
AGAIN_S = 2.0
"""Seconds until a page's program that ended too early is started again."""

KEEP_S = 20.0


class SettingUp:
    """Of one phone. ``run`` until it is cancelled; ``say`` gets a line for the terminal."""

    def __init__(self, plan: pair.Plan, keeper: Keeper, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._keeper = keeper
        self._say = say
        self._page: asyncio.subprocess.Process | None = None
        self._not_before = 0.0

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                await self._look()
        finally:
            await self._end()

    async def _look(self) -> None:
        folder, now = self._plan.setup, asyncio.get_running_loop().time()
        if self._page is not None and self._page.returncode is not None:
            self._page = None
        if self._page is None and (folder / OPEN).exists() and now >= self._not_before:
            self._not_before = now + AGAIN_S
            listen = f"{pair.ADDRESS}:0"
            door = str(folder / "phone.sock")
            self._page = await self._started("firmware.setup", "--door", door, "--listen", listen)
            self._say(f"{self._plan.name}'s phone opens its set-up page; its display says where.")
        if (folder / KEEP / PROPOSAL).exists() and await self._kept(folder / KEEP / PROPOSAL):
            self._say(f"{self._plan.name}'s phone was set up; it starts anew.")
            await self._keeper.restart(self._keeper.root)

    async def _kept(self, proposal: Path) -> bool:
        """Write what was confirmed; whether that was done."""
        config, passwords = str(self._plan.config), str(self._plan.state / FOLDER)
        given = ("--config", config, "--proposal", str(proposal), "--passwords", passwords)
        process = await self._started("firmware.keep", *given)
        try:
            return await asyncio.wait_for(process.wait(), KEEP_S) == 0
        except (TimeoutError, asyncio.CancelledError):
            await _ended(process)
            raise

    async def _started(self, module: str, *given: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *given),
            stdin=asyncio.subprocess.DEVNULL,
            cwd=self._keeper.root,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,  # Ctrl-C in the terminal is ours
        )

    async def _end(self) -> None:
        if self._page is not None:
            await _ended(self._page)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 3.0)
    except TimeoutError:
        process.kill()
        await process.wait()
