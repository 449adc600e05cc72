"""A day of a telephone in a few seconds, again and again, each ended by ``kill -9`` at a random moment.

It registers, calls people who are there and people who are not, is called, its switch is flipped, its history
is erased. After each kill the disk is read, and the next run must register, be private and say that it
restarted.
"""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.kills.asking import Gone, Refused, ask
from tests.kills.records import Expected, on_disk
from tests.rig.baresip import Baresip
from tests.rig.certs import DOMAIN
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import RigError, wait_until

LATEST_S = 2.5
"""The kill comes at a random moment so long after the phone answers, or sooner."""

REGISTERED_S = 5.0
MOST_KEPT = 60
"""Calls in the history before it is erased at the latest; it holds 100."""

AMISS_S = 0.25
"""By how much two processes may see a moment differently."""


@dataclass
class Found:
    """What came of it. ``started_s``: seconds from the start to the first answer, each time."""

    kills: int = 0
    faults: list[str] = field(default_factory=list)
    started_s: list[float] = field(default_factory=list)
    registered_s: list[float] = field(default_factory=list)
    calls: int = 0
    flips: int = 0
    wipes: int = 0
    hidden: int = 0
    shown: int = 0


@dataclass
class Day:
    """The telephone, whom it calls, and what is known of it."""

    registrar: Registrar
    phone: Phone
    bob: Baresip
    random: random.Random
    found: Found = field(default_factory=Found)
    expected: Expected = field(default_factory=Expected)
    open_since: float | None = None
    opened: list[tuple[float, float]] = field(default_factory=list)
    """When the switch may have been open: from the order to the answer, by the wall clock."""
    number: int = 0

    def live(self) -> None:
        """Do one thing after the other until the phone is gone. Raises Gone."""
        while True:
            deeds = [self._nobody, self._nobody, self._call, self._called, self._flip, self._flip]
            if self.random.random() < 0.1 or self.expected.sure.total() > MOST_KEPT:
                deeds = [self._wipe]
            try:
                self.random.choice(deeds)()
                self._settle()
            except Refused:
                self._settle()

    def _do(self, command: str, **args: Any) -> Any:
        return ask(self.phone.socket, command, **args)

    def _hook(self, position: str) -> None:
        self._do("sim", what="hook", position=position)

    def _status(self) -> dict[str, Any]:
        return self._do("status")  # type: ignore[no-any-return]

    def _wait(self, *states: str, seconds: float = 3.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            calls = self._status()["calls"]
            if calls and calls[-1]["state"] in states:
                return True
            time.sleep(0.02)
        return False

    def _nobody(self) -> None:
        """Somebody who does not exist: a record of its own."""
        self.number += 1
        uri = f"sip:n{self.number}@{DOMAIN}"
        self._hook("up")
        self.expected.placed(uri)
        self._do("dial", target=uri)
        self._wait("ended")
        self._hook("down")
        self.found.calls += 1

    def _call(self) -> None:
        self._hook("up")
        self.expected.placed(f"sip:102@{DOMAIN}")
        self._do("dial", target=f"sip:102@{DOMAIN}")
        self._wait("active", "ended")
        time.sleep(self.random.uniform(0, 0.3))
        self._hook("down")
        self._wait("ended")
        self.found.calls += 1

    def _called(self) -> None:
        self.expected.placed(f"sip:bob@{DOMAIN}")
        self.bob.dial("alice")
        if self._wait("ringing"):
            self._hook("up")
            self._wait("active")
            time.sleep(self.random.uniform(0, 0.3))
            self._hook("down")
        self._wait("ended")
        self.found.calls += 1

    def _flip(self) -> None:
        if self.open_since is None:
            self.open_since = time.time()
            self._do("sim", what="privacy", position="open")
        else:
            self._do("sim", what="privacy", position="private")
            self._closed()
        self.found.flips += 1

    def _closed(self) -> None:
        if self.open_since is not None:
            self.opened.append((self.open_since, time.time()))
            self.open_since = None

    def _wipe(self) -> None:
        self.expected.wiping = True
        self._do("inventory", wipe=True)
        self.expected.wiped()
        self.found.wipes += 1

    def _settle(self) -> None:
        """Wait until the phone says that all calls are kept."""
        end = time.monotonic() + 3
        while time.monotonic() < end:
            items = self._do("inventory")["items"]
            kept = next(item["number"] for item in items if item["item"] == "call history")
            if self.expected.told(kept):
                return
            time.sleep(0.02)
        self.found.faults.append(f"{kept} calls are kept, not {self.expected}")
        self._wipe()

    # --- the kill, and what is found after it --------------------------------------------------------

    def kill(self) -> None:
        """One life of the phone, from its first answer to what its disk holds."""
        after = self.random.uniform(0, LATEST_S)
        timer = threading.Timer(after, self.phone.process.send_signal, [signal.SIGKILL])
        timer.start()
        try:
            self.live()
        except Gone:
            pass
        finally:
            timer.cancel()
        if self.phone.process.wait(5) != -signal.SIGKILL:
            self.found.faults.append("it ended by itself")
        self._closed()
        self.found.kills += 1
        self.registrar.forget(self.phone.user)
        for _ in range(4):  # bob has not heard the end of any call
            with contextlib.suppress(RigError):
                self.bob.hangup()
        try:
            kept = on_disk(self.phone.state)
        except ValueError as error:
            self.found.faults.append(f"kill {self.found.kills}: {error}")
            kept = Counter()
        self.found.faults += [f"kill {self.found.kills}: {fault}" for fault in self.expected.faults(kept)]

    def start(self) -> None:
        """The phone starts again: at once private, soon registered, and it says that it restarted."""
        began = time.monotonic()
        self.phone.process.start()
        status = wait_until(self._first, 15, "the first answer", every=0.02)
        self.found.started_s.append(time.monotonic() - began)
        if status["privacy"] != "private":
            self.found.faults.append(f"kill {self.found.kills}: open after the start")
        wait_until(lambda: self._status()["registration"] == "registered", 10, "to be registered", every=0.02)
        self.found.registered_s.append(time.monotonic() - began)
        told = self._status()["restarts"]
        if told != self.found.kills:
            self.found.faults.append(f"kill {self.found.kills}: it says {told} restarts")
        if self.found.registered_s[-1] > REGISTERED_S:
            self.found.faults.append(f"kill {self.found.kills}: registered too late")

    def _first(self) -> dict[str, Any] | None:
        try:
            return self._status()
        except Gone:
            return None

    def judge_wire(self) -> None:
        """Every INVITE of ours that left while the switch was private hides who calls."""
        ours = f"{self.phone.address}:"
        sent = self.registrar.requests("INVITE")
        for message in sent:
            if message.source.startswith(ours):
                self._judge(message)

    def _judge(self, message: Message) -> None:
        hidden = "anonymous.invalid" in message.header("From")
        self.found.hidden += hidden
        self.found.shown += not hidden
        may_show = any(begin - AMISS_S <= message.when <= end + AMISS_S for begin, end in self.opened)
        if not hidden and not may_show:
            self.found.faults.append(f"it said who calls: {message.header('From')} at {message.when:.2f}")


def day(lab: Lab, seed: int) -> Day:
    """A phone with a history of a day, and bob, who answers."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto", codecs=["pcma"])
    phone = lab.phone(extra="[privacy]\nhistory_hours = 24\n", codecs=["pcma"])
    return Day(registrar, phone, bob, random.Random(seed))


def run(made: Day, kills: int) -> Iterator[Found]:
    """So many kills; what is known after each, and at last with the wire."""
    for _ in range(kills):
        made.kill()
        made.start()
        yield made.found
    made.judge_wire()
    yield made.found
