"""A far end that speaks before it answers, which baresip 1.0.0 does not: 183 with SDES keys, then real SRTP.

Small and only what one call needs: it listens on UDP behind the registrar (``routes``), refuses an offer
without SDES with 488, rings with 183 and says the talker's sentences in PCMA until ``answer`` and on, till
BYE or CANCEL, or until ``refuse``.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports, srtp
from tests.rig.processes import wait_until
from tests.rig.speech import Talker

_FRAME = 160
"""Octets of PCMA in 20 ms."""

_COPIED = ("via", "record-route", "from", "call-id", "cseq")


class EarlyTalker:
    """One user agent server for one call; a context manager."""

    def __init__(self, talker: Talker, folder: Path) -> None:
        """Bind its SIP and RTP ports on 127.0.0.1."""
        self.port = ports.block(4)
        self.state = "waiting"
        self.seen: list[str] = []
        raw = folder / "early.al"
        subprocess.run(["sox", talker.file(8000, 1), "-t", "al", raw], check=True)
        self._speech = raw.read_bytes()
        self._sip, self._rtp = _bound(self.port), _bound(self.port + 2)
        self._keys = srtp.Session(
            srtp.SUITES["AES_CM_128_HMAC_SHA1_80"], os.urandom(16), os.urandom(14), "early talker"
        )
        self._media: tuple[str, int] | None = None
        self._invite = ""
        self._back: tuple[str, int] = ("", 0)
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
        self._sip.close()
        self._rtp.close()

    @property
    def uri(self) -> str:
        """Where the registrar sends calls for it."""
        return f"sip:early@{ports.LOOPBACK}:{self.port};transport=udp"

    def explain(self) -> str:
        """What it was sent, for a failure."""
        return f"--- early talker, {self.state} ---\n" + "\n".join(self.seen)

    def wait_state(self, state: str, seconds: float = 8) -> None:
        """Wait for ``speaking``, ``answered`` or ``over``."""
        wait_until(lambda: self.state == state, seconds, f"the early talker to be {state}")

    def answer(self) -> None:
        """Send the 200."""
        self._reply(self._invite, "200 OK", self._description())
        self.state = "answered"

    def refuse(self, status: str) -> None:
        """End the call before it is answered, as in ``486 Busy Here``."""
        self._media, self.state = None, "over"
        self._reply(self._invite, status)

    def _serve(self) -> None:
        self._sip.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                octets, self._back = self._sip.recvfrom(65536)
            except TimeoutError:
                continue
            message = octets.decode("utf-8", "replace")
            method = message.split(" ", 1)[0]
            self.seen.append(message.split("\r\n", 1)[0])
            if method == "INVITE" and self.state == "waiting":
                self._offer(message)
            elif method in ("BYE", "CANCEL"):
                self._reply(message, "200 OK")
                if method == "CANCEL":
                    self._reply(self._invite, "487 Request Terminated")
                self._media, self.state = None, "over"

    def _offer(self, message: str) -> None:
        lines = message.partition("\r\n\r\n")[2].splitlines()
        audio = next(line for line in lines if line.startswith("m=audio")).split()
        if not any(line.startswith("a=crypto:") and self._keys.suite.name in line for line in lines):
            self._reply(message, "488 Not Acceptable Here")
            return
        address = next(line for line in lines if line.startswith("c=IN IP4 ")).split()[2]
        self._invite, self._media = message, (address, int(audio[1]))
        self._reply(message, "183 Session Progress", self._description())
        self.state = "speaking"

    def _description(self) -> str:
        offer = self._invite.splitlines()
        suite = self._keys.suite.name
        ours = next(line for line in offer if line.startswith("a=crypto:") and suite in line)
        number = ours.split()[0].removeprefix("a=crypto:")
        keys = b64encode(self._keys.master_key + self._keys.master_salt).decode()
        return (
            f"v=0\r\no=- 1 1 IN IP4 {ports.LOOPBACK}\r\ns=-\r\nc=IN IP4 {ports.LOOPBACK}\r\nt=0 0\r\n"
            f"m=audio {self.port + 2} RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=crypto:{number} {suite} inline:{keys}\r\n"
        )

    def _reply(self, request: str, status: str, body: str = "") -> None:
        lines = [f"SIP/2.0 {status}"]
        for line in request.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
            name = line.partition(":")[0].strip().lower()
            if name in _COPIED:
                lines.append(line)
            elif name == "to":
                lines.append(line if ";tag=" in line else f"{line};tag=early")
        lines.append(f"Contact: <{self.uri}>")
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body)}", "", body]
        self._sip.sendto("\r\n".join(lines).encode(), self._back)

    def _speak(self) -> None:
        count, ssrc, start = 0, 0x0EA51E, time.monotonic()
        while not self._stopping.wait(max(0.0, start + count * 0.02 - time.monotonic())):
            media = self._media  # the other thread may end the call at any moment
            if media is None:
                count, start = 0, time.monotonic()
                self._stopping.wait(0.02)
                continue
            place = count * _FRAME % (len(self._speech) - _FRAME)
            head = struct.pack("!BBHII", 0x80, 8, count & 0xFFFF, count * _FRAME, ssrc)
            packet = self._keys.protect_rtp(head + self._speech[place : place + _FRAME])
            self._rtp.sendto(packet, media)
            count += 1


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((ports.LOOPBACK, port))
    return made
