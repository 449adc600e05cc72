"""A network that loses, delays, turns round and doubles packets: a UDP proxy in the middle of the media.

    lossy = lab.add(Lossy())
    tap = lab.add(Tap(registrar, lossy, authority.pem))
    …
    lossy.fault = Fault(loss=0.05)

It stands in the session descriptions where the ends' addresses stood, and reads none of what passes: keys and
fingerprints are the ends' own. Each direction has draws of its own, the same in each run.
"""

from __future__ import annotations

import heapq
import itertools
import random
import re
import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.agent import media
from tests.rig.mitm import body_of, with_body
from tests.rig.mitm_rewrites import without
from tests.rig.provider import header

Place = tuple[str, int]
LATE_S = 0.03
"""By how much a packet that is turned round comes later: the next one overtakes it."""


@dataclass(frozen=True)
class Fault:
    """What happens to a packet: shares from 0 to 1, seconds. ``jitter_s``: up to so much more delay, which
    keeps the order."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reordered: float = 0.0
    doubled: float = 0.0


NONE = Fault()


@dataclass
class Leg:
    """One direction: packets that come to ``inside`` leave from ``outside`` to ``target``."""

    inside: socket.socket
    outside: socket.socket
    target: Place
    chance: random.Random
    passed: int = 0
    lost: int = 0
    last: float = 0.0

    def when(self, fault: Fault, now: float) -> list[float]:
        """At which moments the packet that came now goes on: none, one or two."""
        lost, late, twice, jitter = (self.chance.random() for _ in range(4))
        if lost < fault.loss:
            self.lost += 1
            return []
        self.passed += 1
        due = max(self.last, now + fault.delay_s + jitter * fault.jitter_s)
        if late < fault.reordered:
            return [due + LATE_S]
        self.last = due
        return [due, due] if twice < fault.doubled else [due]


@dataclass
class Between:
    """One call. Its sockets in pairs, RTP and RTCP: towards who called, and towards who was called."""

    offered: Place
    sockets: dict[str, list[socket.socket]] = field(default_factory=dict)
    answered: bool = False


class Lossy:
    """A change for a ``Tap``, and the proxy; a context manager. ``fault`` may be set at any time."""

    def __init__(self, seed: int = 1) -> None:
        self.fault = NONE
        self._seed = seed
        self._calls: dict[str, Between] = {}
        self._legs: list[Leg] = []
        self._all: list[socket.socket] = []
        self._waiting: list[tuple[float, int, Leg, bytes]] = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lossy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(2)
        self._selector.close()
        for one in self._all:
            one.close()

    def explain(self) -> str:
        """What it passed on, for a failure."""
        return "--- lossy ---\n" + "\n".join(f"passed {leg.passed}, lost {leg.lost}" for leg in self._legs)

    @property
    def counts(self) -> tuple[int, int]:
        """Packets passed on and lost, of all calls."""
        return sum(leg.passed for leg in self._legs), sum(leg.lost for leg in self._legs)

    def __call__(self, message: str, way: str) -> str:
        body = body_of(message)
        if not body:
            return message
        key = f"{header(message, 'Call-ID')} {header(message, 'CSeq')}"
        if message.startswith("INVITE"):
            call = self._calls[key] = Between(media(body))
            for end in ("caller", "callee"):
                call.sockets[end] = self._pair()
            return with_body(message, _ours(body, call.sockets["callee"][0]))
        found = self._calls.get(key)
        if found is None or not message.startswith("SIP/2.0"):
            return message
        if not found.answered:
            found.answered = True
            self._join(found, media(body))
        return with_body(message, _ours(body, found.sockets["caller"][0]))

    def _pair(self) -> list[socket.socket]:
        first = ports.block(2)
        made = []
        for port in (first, first + 1):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((ports.LOOPBACK, port))
            one.setblocking(False)
            made.append(one)
        self._all += made
        return made

    def _join(self, call: Between, answered: Place) -> None:
        """Every packet of one end goes to the other; RTCP is at the next port (RFC 3550 section 11)."""
        caller, callee = call.sockets["caller"], call.sockets["callee"]
        for step in (0, 1):
            for inside, outside, (host, port) in (
                (callee[step], caller[step], call.offered),
                (caller[step], callee[step], answered),
            ):
                chance = random.Random(self._seed + len(self._legs))
                leg = Leg(inside, outside, (host, port + step), chance)
                with self._lock:
                    self._legs.append(leg)
                    self._selector.register(inside, selectors.EVENT_READ, leg)

    def _run(self) -> None:
        while not self._stopped.is_set():
            rest = self._waiting[0][0] - time.monotonic() if self._waiting else 0.05
            for key, _ in self._selector.select(max(0.0, min(rest, 0.05))):
                self._take(key.data)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, leg, packet = heapq.heappop(self._waiting)
                _send(leg, packet)

    def _take(self, leg: Leg) -> None:
        with suppress(OSError):
            while True:
                packet = leg.inside.recv(65536)
                now = time.monotonic()
                for due in leg.when(self.fault, now):
                    if due <= now and not self._waiting:
                        _send(leg, packet)
                    else:
                        heapq.heappush(self._waiting, (due, next(self._numbers), leg, packet))


def _send(leg: Leg, packet: bytes) -> None:
    with suppress(OSError):  # nobody is there yet, or any more
        leg.outside.sendto(packet, leg.target)


def _ours(body: str, one: socket.socket) -> str:
    """The description with our address in it."""
    host, port = one.getsockname()
    body = re.sub(r"(?m)^c=IN IP4 \S+", f"c=IN IP4 {host}", body)
    body = re.sub(r"(?m)^m=audio \d+", f"m=audio {port}", body)
    return without(body, "a=rtcp:", "a=candidate:")
