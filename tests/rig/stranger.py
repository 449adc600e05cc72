"""One who sends single SIP requests to whom it likes, over UDP or TCP, and reads what comes back.

with Stranger("tcp", (phone.address, phone.sip_port)) as eve:
    assert eve.ask("INVITE", "sip:alice@phone.test").status == 403
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.rig import ports

OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} UDP/TLS/RTP/SAVP 0
a=rtpmap:0 PCMU/8000
a=setup:actpass
a=fingerprint:sha-256 {fingerprint}
"""
"""An offer as the phone takes it; nobody is behind it."""


@dataclass(frozen=True)
class Response:
    """A response as it was read."""

    text: str

    @property
    def status(self) -> int:
        return int(self.text.split(" ", 2)[1])

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]

    def names(self) -> list[str]:
        """The names of its header fields, small and sorted."""
        lines = self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        return sorted(line.partition(":")[0].strip().lower() for line in lines)

    def header(self, name: str) -> str:
        """The first header field of that name, empty if there is none."""
        lines = self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        pairs = (line.partition(":")[::2] for line in lines)
        return next((value.strip() for key, value in pairs if key.strip().lower() == name.lower()), "")


class Stranger:
    """One socket; a context manager."""

    def __init__(self, transport: str, target: tuple[str, int], port: int | None = None) -> None:
        """``transport``: ``udp`` or ``tcp``; ``port``: its own on 127.0.0.1."""
        self.transport = transport
        self.port = port or ports.one()
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((ports.LOOPBACK, self.port))
        self._socket.settimeout(3)
        self._socket.connect(target)
        self._serial = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def explain(self) -> str:
        return f"--- stranger on {self.port} over {self.transport} ---"

    def ask(
        self, method: str, uri: str, headers: Mapping[str, str] | None = None, *, to_tag: str = ""
    ) -> Response:
        """Send a request outside a dialog and return the first response that is not 100; an INVITE offers
        audio.

        Raises:
            TimeoutError: nothing came within 3 s.
        """
        self._serial += 1
        body = OFFER.format(port=self.port, fingerprint=":".join(["AB"] * 32)) if method == "INVITE" else ""
        body = body.replace("\n", "\r\n")
        own = f"{ports.LOOPBACK}:{self.port}"
        fields = {
            "Via": f"SIP/2.0/{self.transport.upper()} {own};branch=z9hG4bK{self.port}x{self._serial};rport",
            "Max-Forwards": "70",
            "From": f"<sip:eve@{own}>;tag={self._serial}",
            "To": f"<{uri}>" + (f";tag={to_tag}" if to_tag else ""),
            "Call-ID": f"{self.port}-{self._serial}-{time.time_ns()}",
            "CSeq": f"1 {method}",
            "Contact": f"<sip:eve@{own};transport={self.transport}>",
            **(headers or {}),
        }
        if body:
            fields["Content-Type"] = "application/sdp"
        fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"{method} {uri} SIP/2.0\r\n{head}\r\n{body}".encode())
        end = time.monotonic() + 5
        while time.monotonic() < end:
            response = Response(self._socket.recv(65536).decode())
            if response.status != 100:
                return response
        raise TimeoutError("100 and nothing after it")
