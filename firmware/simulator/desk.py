"""What is around the two telephones: who is in between, a third who calls, the language of the displays."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from firmware.phone.language.catalogue import ENGLISH
from firmware.simulator import control, letters, pair
from firmware.simulator.between import Between
from firmware.simulator.certificates import ThrowAwayAuthority
from firmware.simulator.hub import Hub
from firmware.simulator.keeper import Keeper, StartError
from firmware.simulator.malice import DEEDS

NAME = "provider"
KEPT_LETTERS = 12
READY_S = 20.0


class Desk:
    """Carries out what the page asks of the world around. ``run`` is cancelled to end it."""

    def __init__(
        self,
        folder: Path,
        country: str | None,
        authority: ThrowAwayAuthority,
        phones: Mapping[str, tuple[pair.Plan, Keeper]],
        hub: Hub,
        daemon: Sequence[str],
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._country, self._authority = folder, country, authority
        self._phones, self._hub = phones, hub
        self._daemon, self._say = daemon, say
        self._deed, self._language, self._third = "honest", ENGLISH, ""
        self._carol: tuple[pair.Plan, Keeper] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._left: dict[str, deque[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._between = self._made()

    def _made(self) -> Between:
        (self._folder / NAME).mkdir(mode=0o700)
        place = self._folder / NAME
        self._authority.issue(NAME, place / "cert.pem", place / "key.pem")
        plans = [plan for plan, _ in self._phones.values()]
        doors = {plan.door: plan.key for plan in plans}
        ports = {plan.key: plan.port for plan in plans}
        return Between(doors, ports, self._folder, NAME, self._told)

    async def start(self) -> None:
        """Raises StartError when a door was taken meanwhile."""
        try:
            await self._between.start()
        except OSError as error:
            raise StartError(f"The one in between cannot listen ({error.strerror}); try again.") from error
        self._tell()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._between.stop()

    async def carry_out(self, args: Mapping[str, Any]) -> None:
        """Raises ControlError with the reason when it cannot."""
        match args:
            case {"what": "provider", "does": deed}:
                self._deed = deed
                self._between.change = DEEDS[deed].change
            case {"what": "third", "act": "call"}:
                await self._call()
            case {"what": "third"}:
                if self._carol is not None:
                    await control.ask(self._carol[0].socket, "sim", {"what": "hook", "position": "down"})
                self._third = ""
            case {"what": "language", "code": code}:
                await self._speak(code)
        self._tell()

    async def _call(self) -> None:
        called, _ = next(iter(self._phones.values()))
        if self._carol is None:
            self._third = "Carol's telephone starts …"
            self._tell()
            plan = pair.third(self._folder, called, self._country, self._authority)
            keeper = Keeper(plan, self._hub, self._daemon, self._say)
            self._between.add(plan.key, plan.port)
            self._carol = plan, keeper
            self._keep(keeper.run())
        plan, keeper = self._carol
        try:
            await asyncio.wait_for(keeper.ready.wait(), READY_S)
        except TimeoutError:
            self._third = ""
            raise control.ControlError("Carol's telephone does not start.") from None
        await control.ask(plan.socket, "sim", {"what": "hook", "position": "down"})
        await control.ask(plan.socket, "sim", {"what": "hook", "position": "up"})
        await control.ask(plan.socket, "sim", {"what": "key", "keys": [str(plan.dials), "#"]})
        self._third = (
            f"Carol calls {called.name}. In a call: hold 0 on {called.name}'s telephone, then 2 takes it. "
            "Hold 0 again: 2 swaps, 3 joins all three."
        )

    async def _speak(self, code: str) -> None:
        """Both displays in another language: as if it stood in phone.toml at the start."""
        self._language = code
        plans = [plan for plan, _ in self._phones.values()]
        for plan, other in itertools.permutations(plans):
            text = pair.configuration(plan, other, self._folder / "ca.pem", self._country, code)
            plan.config.write_text(text, encoding="utf-8")
        await asyncio.gather(*(keeper.restart(keeper.root) for _, keeper in self._phones.values()))

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _tell(self) -> None:
        self._hub.around(self._deed, self._third, self._language)

    def _told(self, phone: str, message: str, changed: bool) -> None:
        if phone not in self._phones:
            return
        letter = letters.read(message)
        kept = self._left.setdefault(phone, deque(maxlen=KEPT_LETTERS))
        lines = [[line.raw, line.words, line.told] for line in letter.lines]
        kept.append(
            {
                "number": next(self._numbers),
                "title": letter.title,
                "words": letter.words,
                "changed": changed,
                "lines": lines,
            }
        )
        self._hub.left(phone, kept)
