"""A media relay between the ends: Debian's rtpengine, without its kernel module, told by kamailio.

    relay = lab.add(Relay(lab.folder))
    registrar = lab.registrar(relay=relay)

As a plain relay it passes all packets on as they are (``PASSES``). As it comes (``TERMINATES``, SDES put
aside) it is a man in the middle of DTLS-SRTP: it ends it with a certificate of its own on both sides.
"""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.processes import Process, RigError, wait_until

PASSES = "passthrough"
TERMINATES = "SDES-off"
"""What it is told of each offer and answer: its flags of the same names."""

_PING = b"1 d7:command4:pinge"


class Relay:
    """One rtpengine; a context manager."""

    def __init__(self, folder: Path, flags: str = PASSES) -> None:
        """``flags``: ``PASSES`` or ``TERMINATES``."""
        self.flags = flags
        self.port = ports.one()
        """Where kamailio tells it."""
        self.media = ports.block(40)
        """The first of its forty ports for media, even and odd."""
        argv = [
            "rtpengine",
            "--config-file=none",
            "--foreground",
            "--log-stderr",
            "--log-level=6",
            "--table=-1",
        ]
        argv += [f"--interface={ports.LOOPBACK}", f"--listen-ng={ports.LOOPBACK}:{self.port}"]
        argv += [f"--port-min={self.media}", f"--port-max={self.media + 39}"]
        self.process = Process("rtpengine", argv, folder / "rtpengine.log")

    def __enter__(self) -> Self:
        self.process.start()
        wait_until(self._answers, 8, "rtpengine to answer", every=0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    @property
    def address(self) -> str:
        """ADDRESS:PORT where kamailio tells it."""
        return f"{ports.LOOPBACK}:{self.port}"

    def explain(self) -> str:
        """Its log, for a failure."""
        return self.process.tail(15)

    def carries(self, port: int) -> bool:
        """Whether a port of media is one of its own."""
        return self.media <= port < self.media + 40

    def _answers(self) -> bool:
        if not self.process.alive:
            raise RigError(f"rtpengine ended at start\n{self.process.tail()}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.3)
            asking.sendto(_PING, (ports.LOOPBACK, self.port))
            try:
                return b"pong" in asking.recv(1024)
            except OSError:
                return False
