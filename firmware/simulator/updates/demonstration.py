"""The page's button: a release appears, and the simulated phone takes it as a flashed one does.

The parts of a machine that are not there are played here: systemd, which starts the updater when the phone
wakes it (``systemd/sottovoce-update.path``) and restarts for it, and power-on, which boots a slot. All else
is real: the release tool, RAUC's bundles, the updater as a program, its slots, the trial and the proof.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.phone.door import WAKE
from firmware.phone.errors import UpdateError
from firmware.phone.version import VERSION
from firmware.simulator import control, pair
from firmware.simulator.certificates import ThrowAwayAuthority
from firmware.simulator.keeper import Keeper
from firmware.simulator.updates import image, server
from firmware.simulator.updates.makers import BOARD, Makers
from firmware.updater import version as versions
from firmware.updater.slots.directory import Firmware, version_of
from firmware.updater.version import Version

TRIAL_S = 12
"""Seconds that a new version has to show that it works; a real telephone has two minutes."""

UPDATER_S = 300.0
LOOK_S = 0.1
MOST_BOOTS = 3

Tell = Callable[[str], None]


class Demonstration:
    """Of one phone. ``begin`` begins it, ``run`` plays systemd; ``tell`` gets a line for the page."""

    def __init__(
        self, plan: pair.Plan, keeper: Keeper, folder: Path, authority: ThrowAwayAuthority, tell: Tell
    ) -> None:
        self._plan = plan
        self._keeper = keeper
        self._folder = folder
        self._authority = authority
        self._tell = tell
        self._makers = Makers(folder / "makers")
        self._slots = folder / "slots"
        self._server: Any = None
        self._newest = versions.parse(VERSION)
        self._showing: asyncio.Task[None] | None = None

    def begin(self, broken: bool) -> None:
        """Publish a release, and have the telephone look for it. Raises ControlError while that is done."""
        if self._showing is not None and not self._showing.done():
            raise control.ControlError("A release is being made; wait a moment.")
        self._showing = asyncio.create_task(self._show(broken))

    async def _show(self, broken: bool) -> None:
        try:
            if self._server is None:
                self._tell("Making keys, and the release that this phone came with …")
                await self._prepare()
            major, minor, patch = self._newest
            self._newest = Version(major, minor, patch + 1)
            self._tell(f"Making and publishing {self._newest} …")
            await asyncio.to_thread(self._makers.publish, self._newest, versions.parse("0.0.1"), broken)
            await control.ask(self._plan.socket, "update", {"action": "check"})
            self._tell(
                f"{self._newest} is published. Press 1 on {self._plan.name}'s phone to install it now."
            )
        except (UpdateError, control.ControlError, OSError, ValueError) as error:
            self._tell(f"The update cannot be shown: {error}")

    async def run(self) -> None:
        """Start the updater whenever the telephone wakes it; cancel this to end."""
        wake, seen = self._plan.updates / WAKE, None
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                touched = _touched(wake)
                if self._server is None or touched == seen:
                    continue
                seen = touched
                told = await self._updater("run")
                if told.get("restart"):
                    await self._restart()
                    seen = None  # it may have been woken meanwhile
        finally:
            if self._showing is not None:
                self._showing.cancel()
            if self._server is not None:
                await self._server.cleanup()

    # --- what a machine has --------------------------------------------------------------------------

    async def _prepare(self) -> None:
        self._slots.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(self._makers.prepare, self._slots / "a", self._newest)
        cert, key = self._folder / "cert.pem", self._folder / "key.pem"
        if not cert.exists():
            self._authority.issue("updates", cert, key)
        runner, url = await server.serve(self._makers.served, cert, key, pair.ADDRESS)
        ca = self._folder.parent / "ca.pem"
        (self._folder / "update.toml").write_text(f'url = "{url}"\nca_file = "{ca}"\n', encoding="utf-8")
        Firmware(self._slots).boot()
        self._server = runner

    async def _restart(self) -> None:
        """Power off and on, until the slot that runs is content or the other one is back."""
        for _ in range(MOST_BOOTS):
            slot = Firmware(self._slots).boot()
            version = version_of(self._slots / slot)
            self._tell(f"Restarting with {version} from slot {slot} …")
            root = self._folder / f"mounted-{slot}"
            try:
                await asyncio.to_thread(image.mount, self._slots / slot / "root.img", root)
            except (OSError, tarfile.TarError) as error:
                self._tell(f"Slot {slot} is no system: {error}")
            await self._keeper.restart(root)
            told = await self._updater("recover", root)
            self._tell(f"{told.get('last', '')}.".capitalize() if not told.get("restart") else "It failed.")
            if not told.get("restart"):
                return

    async def _updater(self, command: str, root: Path | None = None) -> dict[str, Any]:
        """Run the updater's program, that of the slot that runs; what it says."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "firmware.updater", command, "--clock-is-right"),
            *("--config", str(self._folder / "update.toml"), "--folder", str(self._folder / "state")),
            *("--slots", str(self._slots), "--trust", str(self._makers.public), "--board", BOARD),
            *("--socket", str(self._plan.updates / "phone.sock"), "--trial", str(TRIAL_S)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=root or self._keeper.root or image.SOURCE,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), UPDATER_S)
        except (TimeoutError, asyncio.CancelledError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        try:
            told = json.loads(said)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


def _touched(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
