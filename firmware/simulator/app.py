"""The composition root: two daemons, their keepers, one page. Starts in order, stops in reverse."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from firmware.phone.language.catalogue import CODES, language
from firmware.simulator import control, pair, sounds
from firmware.simulator.certificates import ThrowAwayAuthority
from firmware.simulator.desk import Desk
from firmware.simulator.hub import Hub
from firmware.simulator.keeper import Keeper, StartError
from firmware.simulator.malice import DEEDS
from firmware.simulator.setting_up import SettingUp
from firmware.simulator.updates.demonstration import Demonstration
from firmware.simulator.web import Simulate, application

DAEMON = (sys.executable, "-m", "firmware.phone")


@dataclass(frozen=True)
class Settings:
    """What the command line says. ``daemon`` is the program that plays each phone."""

    port: int = 8080
    country: str | None = None
    daemon: Sequence[str] = DAEMON
    between: bool = True
    """Whether messages pass through somebody in between: a stand-in for the daemon has none."""


def say(line: str) -> None:
    print(line, flush=True)


async def run(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        StartError: the port is taken, or a phone did not come up.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    listener = listen(settings.port)
    with listener, tempfile.TemporaryDirectory(prefix="sottovoce-") as folder:  # mode 0700
        try:
            authority = ThrowAwayAuthority()
            plans = pair.prepare(Path(folder), settings.country, authority, settings.between)
        except OSError as error:
            raise StartError(f"The two phones cannot be prepared: {error}") from error
        await _serve(settings, listener, plans, authority, stop)
        say("Stopped.")


def listen(port: int) -> socket.socket:
    """A socket bound to ``port`` on 127.0.0.1.

    Raises:
        StartError: it is taken, or may not be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((pair.ADDRESS, port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"Port {port} on {pair.ADDRESS} cannot be used ({error.strerror}): "
            f"end the program that has it, or choose another one, for example: make run PORT={port + 1}"
        ) from error
    return listener


async def _serve(
    settings: Settings,
    listener: socket.socket,
    plans: Sequence[pair.Plan],
    authority: ThrowAwayAuthority,
    stop: asyncio.Event,
) -> None:
    port = int(listener.getsockname()[1])
    hub = Hub()
    keepers = [Keeper(plan, hub, settings.daemon, say) for plan in plans]
    hello = {
        "phones": [{"id": plan.key, "name": plan.name, "dials": plan.dials} for plan in plans],
        "sounds": sounds.for_country(settings.country),
        "languages": {code: language(code).name for code in CODES},
        "deeds": {word: [deed.name, deed.does, deed.meets] for word, deed in DEEDS.items()},
    }
    first = plans[0]
    shown = Demonstration(
        first, keepers[0], first.folder, authority, lambda words: hub.update(first.key, words)
    )
    desk = _desk(settings, plans, keepers, hub, authority) if settings.between else None
    runner = web.AppRunner(application(port, hub, hello, _simulator(plans, shown, desk)), access_log=None)
    running: list[asyncio.Task[None]] = []
    try:
        if desk is not None:
            await desk.start()
        for plan, keeper in zip(plans, keepers, strict=True):
            say(f"Starting {plan.name} …")
            running.append(asyncio.create_task(keeper.run()))
            running.append(asyncio.create_task(SettingUp(plan, keeper, say).run()))
        running.append(asyncio.create_task(shown.run()))
        await runner.setup()
        await web.SockSite(runner, listener).start()
        if await _ready(keepers, running, stop):
            say(f"Two phones are ready: http://{pair.ADDRESS}:{port}/")
            say("Press Ctrl-C to stop.")
            await _first([stop.wait()], running)
        say("Stopping …")
    finally:
        await runner.cleanup()
        if desk is not None:
            await desk.stop()
        for task in running:
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _ready(
    keepers: Sequence[Keeper], running: Sequence[asyncio.Task[None]], stop: asyncio.Event
) -> bool:
    """Wait until every phone has answered; False when told to stop before."""

    async def everyone() -> None:
        for keeper in keepers:
            await keeper.ready.wait()

    await _first([everyone(), stop.wait()], running)
    return not stop.is_set() and all(keeper.ready.is_set() for keeper in keepers)


async def _first(waits: Sequence[Coroutine[Any, Any, object]], running: Sequence[asyncio.Task[None]]) -> None:
    """Return when one of ``waits`` or ``running`` ends; ``waits`` are then cancelled."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait([*tasks, *running], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _desk(
    settings: Settings,
    plans: Sequence[pair.Plan],
    keepers: Sequence[Keeper],
    hub: Hub,
    authority: ThrowAwayAuthority,
) -> Desk:
    phones = {plan.key: (plan, keeper) for plan, keeper in zip(plans, keepers, strict=True)}
    return Desk(plans[0].folder.parent, settings.country, authority, phones, hub, settings.daemon, say)


def _simulator(plans: Sequence[pair.Plan], shown: Demonstration, desk: Desk | None) -> Simulate:
    sockets = {plan.key: plan.socket for plan in plans}

    async def simulate(phone: str, args: Mapping[str, Any]) -> None:
        if phone not in sockets:
            raise control.ControlError("There is no such phone here.")
        if args["what"] == "update":
            shown.begin(broken=args["release"] == "broken")
            return
        if args["what"] in ("provider", "third", "language"):
            if desk is None:
                raise control.ControlError("Nobody is in between here.")
            await desk.carry_out(args)
            return
        await control.ask(sockets[phone], "sim", args)

    return simulate
