"""A far end that answers calls over UDP and begins DTLS when, and in the disorder that, a test wants.

    with DtlsFarEnd(disorder=doubled) as far:
        caller = start(far.port)
        far.serve(caller)

Its ClientHello for RTP and RTCP leave some milliseconds before or after its 200: what a telephone meets whose
provider is slower, or faster, than its peer.
"""

from __future__ import annotations

import random
import re
import select
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.rig import ports
from tests.rig.dtls_peer import ALL, DtlsPeer, identity, is_dtls
from tests.rig.provider import header, response

Disorder = Callable[[Sequence[bytes], random.Random], list[bytes]]
"""Makes datagrams of a flight's records."""

_HEADER, _CLIENT_HELLO = 13, 1
"""Octets of a record's header; the type of the message behind it."""
AGAIN = 0.02
"""Seconds after which a flight is repeated, and between packets of speech."""


def joined(records: Sequence[bytes], _chance: random.Random) -> list[bytes]:
    """As they should come: one datagram for a flight."""
    return [b"".join(records)]


def doubled(records: Sequence[bytes], _chance: random.Random) -> list[bytes]:
    """Each flight three times."""
    return [b"".join(records)] * 3


def shuffled(records: Sequence[bytes], chance: random.Random) -> list[bytes]:
    """Each record in a datagram of its own, twice, in any order."""
    return chance.sample([*records, *records], 2 * len(records))


def lossy(records: Sequence[bytes], chance: random.Random) -> list[bytes]:
    """Three records of ten are lost."""
    return [record for record in records if chance.random() > 0.3]


def poisoned(records: Sequence[bytes], _chance: random.Random) -> list[bytes]:
    """Before the ClientHello a fatal alert in clear, and a ServerHello that no server may get."""
    alert = bytes([21, 254, 253, *bytes(8), 0, 2, 2, 10])
    hello = bytes([22, 254, 253, *bytes(7), 1, 0, 14, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9])
    first = [alert, hello] if records[0][_HEADER] == _CLIENT_HELLO else []
    return [*first, b"".join(records)]


@dataclass
class _Channel:
    """RTP or RTCP of one call."""

    socket: socket.socket
    target: tuple[str, int]
    peer: DtlsPeer | None = None
    late: float = 0.0
    packets: int = 0
    """Packets of speech sent."""


@dataclass
class DtlsFarEnd:
    """One SIP port; a context manager."""

    disorder: Disorder = joined
    begins: tuple[float, float] = (-0.004, 0.004)
    """Seconds after the 200 between which DTLS begins, on each of both channels."""
    profiles: str = ALL
    """Those that it offers, in the words of OpenSSL."""
    copies: int = 1
    """How often it sends each packet of speech."""
    seed: int = 1
    reports: list[bool] = field(default_factory=list)
    """For each RTCP packet that came: whether the keys of RTCP's own handshake open it."""
    begun: int = 0
    """Calls answered."""
    _due: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _channels: list[_Channel] = field(default_factory=list)
    _call: str = ""
    _count: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.sip = _bound(0)
        self.port = int(self.sip.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_call()
        self.sip.close()

    def serve(self, caller: subprocess.Popen[str], seconds: float) -> None:
        """Answer until the caller has ended, or so many seconds."""
        end = time.monotonic() + seconds
        while caller.poll() is None and time.monotonic() < end:
            self._run_due()
            wait = 0 if self._due else 0.002
            ready, _, _ = select.select([self.sip, *(c.socket for c in self._channels)], [], [], wait)
            for one in ready:
                if one is self.sip:
                    self._take_sip(*one.recvfrom(65536))
            for channel in self._channels:
                if channel.socket in ready:
                    self._take_media(channel)
                self._go_on(channel)

    def _run_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            heappop(self._due)[2]()

    def _at(self, moment: float, what: Callable[[], object]) -> None:
        self._count += 1
        heappush(self._due, (moment, self._count, what))

    def _take_sip(self, octets: bytes, source: tuple[str, int]) -> None:
        text = octets.decode()
        if text.startswith(("BYE", "CANCEL")):
            self.sip.sendto(response(text, "200 OK").encode(), source)
        if not text.startswith("INVITE") or header(text, "Call-ID") == self._call:
            return
        self._end_call()
        self._call = header(text, "Call-ID")
        self.begun += 1
        at = ports.block(2)
        found = re.search(r"m=audio (\d+)", text)
        offered = int(found[1]) if found else 0
        self._channels = [_Channel(_bound(at + n), (ports.LOOPBACK, offered + n)) for n in (0, 1)]
        contact = {"Contact": f"<sip:far@{ports.LOOPBACK}:{self.port}>"}
        answer = response(text, "200 OK", body=_description(at), fields=contact).encode()
        moment = time.monotonic() + 0.005
        self._at(moment, lambda: self.sip.sendto(answer, source))
        for channel in self._channels:
            self._at(moment + self.chance.uniform(*self.begins), lambda channel=channel: self._begin(channel))  # type: ignore[misc]

    def _begin(self, channel: _Channel) -> None:
        channel.peer = DtlsPeer(identity(), client=True, profiles=self.profiles)
        self._send(channel, channel.peer.start())

    def _take_media(self, channel: _Channel) -> None:
        try:
            octets = channel.socket.recv(4096)
        except ConnectionRefusedError:
            return
        if channel.peer is None:
            return
        if is_dtls(octets):
            self._send(channel, channel.peer.feed(octets))
        elif channel is self._channels[1] and channel.peer.suite:
            self.reports.append(channel.peer.keys()[1].open_rtcp(octets) is not None)

    def _go_on(self, channel: _Channel) -> None:
        """Repeat what was not answered, and speak once there are keys."""
        peer, now = channel.peer, time.monotonic()
        if peer is None or now < channel.late:
            return
        channel.late = now + AGAIN
        if not peer.done:
            self._send(channel, peer.late())
        elif peer.suite and channel is self._channels[0]:
            channel.packets += 1
            head = bytes(
                [128, 8, *channel.packets.to_bytes(2), *(channel.packets * 160).to_bytes(4), 0, 0, 0, 7]
            )
            keys = peer.keys()[0].keys
            nonce = int.from_bytes(head[8:12] + bytes(4) + head[2:4]) ^ int.from_bytes(keys[2])
            speech = AESGCM(keys[0]).encrypt(nonce.to_bytes(12), b"\xd5" * 160, head)
            for _ in range(self.copies):
                _send_one(channel, head + speech)

    def _send(self, channel: _Channel, records: Sequence[bytes]) -> None:
        if records:
            channel.late = time.monotonic() + AGAIN
            for datagram in self.disorder(records, self.chance):
                _send_one(channel, datagram)

    def _end_call(self) -> None:
        self._due.clear()
        for channel in self._channels:
            channel.socket.close()
            if channel.peer is not None:
                channel.peer.close()
        self._channels = []


def _send_one(channel: _Channel, octets: bytes) -> None:
    try:
        channel.socket.sendto(octets, channel.target)
    except ConnectionRefusedError:
        pass  # the call is over


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((ports.LOOPBACK, port))
    return made


def _description(port: int) -> str:
    lines = ["v=0", f"o=- 1 1 IN IP4 {ports.LOOPBACK}", "s=-", f"c=IN IP4 {ports.LOOPBACK}", "t=0 0"]
    lines += [f"m=audio {port} UDP/TLS/RTP/SAVP 8", "a=rtpmap:8 PCMA/8000", "a=setup:active"]
    lines += [f"a=fingerprint:{identity().fingerprint}", "a=sendrecv"]
    return "\r\n".join(lines) + "\r\n"
