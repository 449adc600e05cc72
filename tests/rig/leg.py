"""One end of one RTP stream: a UDP socket with a keying, what it heard in clear, and what it says.

leg = Leg(Zrtp(Party()))
leg.begin(("127.0.0.1", 4000))
leg.wait_keys()
leg.say(talker); …; leg.samples("pcma")
"""

from __future__ import annotations

import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from tests.rig import ports, speech, srtp
from tests.rig.keying import Keying, NoKeys
from tests.rig.processes import RigError, wait_until
from tests.rig.wavefile import Samples

FRAME = 160
"""Octets of G.711 in 20 ms."""

PCMA = 8
"""Its payload type (RFC 3551)."""


class Leg:
    """A context manager; its thread ends with it."""

    def __init__(self, keying: Keying | None = None) -> None:
        """Bind; nothing is sent before ``begin``."""
        self.port = ports.block(2)
        self.keying: Keying = keying or NoKeys()
        self.remote: tuple[str, int] | None = None
        self.heard: list[bytes] = []
        """RTP packets in clear, in the order in which they came."""
        self.unread = 0
        """RTP packets that did not open."""
        self.clear = 0
        """Of ``heard``: those that came without protection."""
        self.first: dict[str, float] = {}
        """The monotonic second of the first ``rtp`` that opened, and of ``keys``."""
        self.onward: Callable[[bytes], None] | None = None
        """Who gets each clear packet."""
        self._early: list[bytes] = []
        self._passing: list[bytes] = []
        self._speech = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ports.LOOPBACK, self.port))
        self._socket.settimeout(0.01)
        self._lock = threading.RLock()
        self._begun = False
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve, self._speak)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def begin(self, remote: tuple[str, int], keying: Keying | None = None) -> None:
        """Start the keying with the peer."""
        with self._lock:
            self.remote = remote
            self.keying = keying or self.keying
            self._begun = True
            self._out(self.keying.start(time.monotonic()))
            early, self._early = self._early, []
            for octets in early:
                self._take(octets)

    def say(self, file: bytes) -> None:
        """Speak A-law octets, over and over, once there are keys; nothing: be silent again."""
        self._speech = file

    def send(self, packet: bytes) -> None:
        """An RTP packet, protected if the keying is one; dropped while keys are missing."""
        with self._lock:
            pair = self.keying.pair
            if self.remote is None or (pair is None and not isinstance(self.keying, NoKeys)):
                return
            self._socket.sendto(pair[0].protect_rtp(packet) if pair else packet, self.remote)

    def wait_keys(self, seconds: float = 8) -> None:
        """Wait for keys in both directions.

        Raises:
            RigError: they did not come, or will not.
        """
        wait_until(lambda: self.keying.pair or self.keying.trouble, seconds, f"{self.keying.method} keys")
        if self.keying.pair is None:
            raise RigError(f"no {self.keying.method} keys: {self.keying.trouble}")

    def wait_heard(self, seconds: float) -> None:
        """Wait until so much more has been heard (packets of 20 ms)."""
        wanted = len(self.heard) + seconds * 50
        wait_until(lambda: len(self.heard) >= wanted, seconds + 5, f"{seconds:g} s of RTP that opens")

    def samples(self, since: int = 0) -> Samples:
        """What was heard in A-law from packet ``since`` on, at ``speech.RATE``; lost ones are silent."""
        frames: dict[int, bytes] = {}
        last = None
        for packet in self.heard[since:]:
            if packet[1] & 127 != PCMA:
                continue
            number = struct.unpack_from("!H", packet, 2)[0]
            last = number if last is None else last + (number - last + 0x8000) % 0x10000 - 0x8000
            frames[last] = packet[srtp.rtp_header_length(packet) or 12 :]
        if not frames:
            return np.zeros(0)
        octets = b"".join(
            frames.get(number, b"\xd5" * FRAME) for number in range(min(frames), max(frames) + 1)
        )
        return speech.to_rate(alaw(octets), 8000)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                octets, _ = self._socket.recvfrom(4096)
            except TimeoutError:
                octets = b""
            except OSError:
                continue
            with self._lock:
                if not self._begun:
                    self._early += [octets] if octets and len(self._early) < 20 else []
                    continue
                if octets:
                    self._take(octets)
                self._out(self.keying.tick(time.monotonic()))
                passed, self._passing = self._passing, []
            if self.onward is not None:  # without our lock: the other leg has one too
                for packet in passed:
                    self.onward(packet)

    def _take(self, octets: bytes) -> None:
        if self.keying.wants(octets):
            self._out(self.keying.receive(octets, time.monotonic()))
            if self.keying.pair:
                self.first.setdefault("keys", time.monotonic())
        elif srtp.rtp_header_length(octets) is not None and not 72 <= octets[1] & 127 <= 76:
            self._hear(octets)

    def _hear(self, octets: bytes) -> None:
        pair = self.keying.pair
        header = srtp.rtp_header_length(octets) or 12
        opened = pair[1].open_rtp(octets) if pair else None
        if opened is None and not isinstance(self.keying, NoKeys):
            self.unread += 1
            return
        if opened is None:
            self.clear += 1
            opened = octets[header:]
        packet = octets[:header] + opened
        self.first.setdefault("rtp", time.monotonic())
        self.heard.append(packet)
        self._passing.append(packet)

    def _out(self, packets: list[bytes]) -> None:
        for packet in packets:
            if self.remote is not None:
                self._socket.sendto(packet, self.remote)

    def _speak(self) -> None:
        count, ssrc, start = 0, secrets.randbits(32), time.monotonic()
        while not self._stopping.wait(max(0.0, start + count * 0.02 - time.monotonic())):
            count += 1
            if not self._speech:
                continue
            place = count * FRAME % (len(self._speech) // FRAME * FRAME)
            head = struct.pack("!BBHII", 0x80, PCMA, count & 0xFFFF, count * FRAME, ssrc)
            self.send(head + self._speech[place : place + FRAME])


def alaw(octets: bytes) -> Samples:
    """A-law to samples, full scale is 1 (ITU-T G.711)."""
    value = np.frombuffer(octets, np.uint8) ^ 0x55
    exponent, mantissa = (value >> 4 & 7).astype(np.int32), (value & 15).astype(np.int32)
    large = (2 * mantissa + 33) << np.maximum(exponent - 1, 0)
    size = np.where(exponent == 0, 2 * mantissa + 1, large) * 8
    return np.asarray(np.where(value & 0x80, size, -size) / 32768, dtype=np.float64)
