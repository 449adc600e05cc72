"""A fresh start: until ready, until registered, and the first call of a process."""

from __future__ import annotations

import queue
import socket
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.bench.bed import Bed, Bench
from tests.bench.figures import Beside, Row
from tests.bench.setup import MS, Attempt, Timing, call, timing
from tests.bench.sides import Side
from tests.rig.kamailio import Message
from tests.rig.processes import RigError, wait_until

READY_S = 15.0


class Readiness:
    """The socket to which a service says READY=1 (sd_notify(3)); always read, as systemd does."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.path = Path(self._folder.name) / "n"
        self._ready: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.path))
        self._thread.join(READY_S)
        self._socket.close()
        self._folder.cleanup()

    def wait(self) -> float:
        """The moment of the next READY=1."""
        return self._ready.get(timeout=READY_S)

    def _read(self) -> None:
        while message := self._socket.recv(4096):
            if b"READY=1" in message:
                self._ready.put(time.time())


def measure(bench: Bench) -> list[Row]:
    """In turns: start ours, first call, stop; start the rival, first call, stop."""
    ready: dict[str, list[float]] = {"ours": [], "rival": [], "second": []}
    registered: dict[str, list[float]] = {"ours": [], "rival": [], "second": []}
    attempts: list[Attempt] = []
    with closing(Readiness()) as readiness, Bed(bench, "start") as bed:
        callee = bed.callee()
        ours = bed.ours("alice", env={"NOTIFY_SOCKET": str(readiness.path)})
        rival, second = bed.rival("carol"), bed.second("dave")
        wire = bed.capture([ours], [callee, rival.phone, second.phone])
        sides: list[tuple[Side, str]] = [(ours, "alice"), (rival, "carol"), (second, "dave")]
        for turn in range(bench.several(5, 1)):
            bench.say(f"start and first call: round {turn + 1}")
            for side, user in sides:
                began = time.time()
                side.start()
                up = readiness.wait() if side is ours else time.time()
                ready[side.name].append((up - began) * MS)
                registered[side.name].append((_accepted(bed, user, began) - began) * MS)
                bed.rest()
                attempts.append(call(side, callee, dtls=True))
                side.stop()
                bed.registrar.wait_unregistered(user)
        wire.stop()
        packets = wire.packets()
        timings = [timing(attempt, packets, bed.registrar) for attempt in attempts]
    return rows(ready, registered, timings)


def _accepted(bed: Bed, user: str, since: float) -> float:
    """When the registrar sent its 200 to this user's first REGISTER after ``since``."""

    def look() -> list[Message]:
        answers = bed.registrar.responses("REGISTER", 200, received=False)
        return [m for m in answers if m.when >= since and f"sip:{user}@" in m.header("To")]

    try:
        return wait_until(look, READY_S, f"{user} to register")[0].when
    except RigError as error:
        error.add_note(bed.registrar.summary())
        raise


def rows(
    ready: dict[str, list[float]], registered: dict[str, list[float]], timings: list[Timing]
) -> list[Row]:
    ours = [t for t in timings if t.side == "ours"]
    rival = [t for t in timings if t.side == "rival"]
    tries = (len(ours), len(rival))
    return [
        Row(
            "start-ready",
            "start → ready",
            "ms",
            "From the start of the process to READY=1 for systemd (ours), to the first connection that the "
            "control port takes (rival; looked at every 20 ms).",
            Beside(),
            ("max",),
            ready["ours"],
            ready["rival"],
        ),
        Row(
            "start-registered",
            "start → registered",
            "ms",
            "From the start of the process to the registrar's 200 for its REGISTER, over TLS with digest.",
            Beside(),
            ("max",),
            registered["ours"],
            registered["rival"],
        ),
        Row(
            "start-registered-linphone",
            "start → registered, beside linphone",
            "ms",
            "The same; the rival is linphone-daemon.",
            Beside(1.0),
            ("max",),
            registered["ours"],
            registered["second"],
        ),
        Row(
            "first-key-invite",
            "key press → INVITE, first call after start",
            "ms",
            "As for warm phones, but the first call of the process, a second after it has registered.",
            Beside(),
            ("max",),
            [t.key_to_invite for t in ours if t.key_to_invite is not None],
            [t.key_to_invite for t in rival if t.key_to_invite is not None],
            tries,
        ),
        Row(
            "first-invite-speech",
            "INVITE → protected speech both ways, first call after start",
            "ms",
            "As for warm phones with DTLS-SRTP, but the first call of the process; the callee is warm.",
            Beside(),
            ("max",),
            [t.invite_to_speech for t in ours if t.invite_to_speech is not None],
            [t.invite_to_speech for t in rival if t.invite_to_speech is not None],
            tries,
        ),
    ]
