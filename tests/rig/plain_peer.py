"""A peer that says exactly what a test wants over UDP, keeps every octet it gets, and answers requests with
200.

    with PlainPeer(proxy=("127.0.0.1", registrar.port)) as carol:
        sent = carol.request("SUBSCRIBE", "sip:101@phone.test", user="carol", fields={"Event": "presence"})
        assert carol.wait_final(sent).startswith("SIP/2.0 403")

Kamailio stands between it and the phone, and speaks TLS to the phone.
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.certs import DOMAIN
from tests.rig.processes import RigError, wait_until

FINGERPRINT = ":".join(["5A"] * 32)


@dataclass(frozen=True)
class Sent:
    """A request on its way: what its answers are recognised by."""

    method: str
    call_id: str
    branch: str
    text: str


class PlainPeer:
    """One UDP socket; a context manager."""

    def __init__(self, proxy: tuple[str, int]) -> None:
        """``proxy``: where all its requests go."""
        self.proxy = proxy
        self.port = ports.one()
        self.got: list[str] = []
        """Every message received, oldest first."""
        self.when: list[float] = []
        """The monotonic second of each."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ports.LOOPBACK, self.port))
        self._socket.settimeout(0.1)
        self._stopping = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._reader.join(2)
        self._socket.close()

    def explain(self) -> str:
        """What it received, for a failure."""
        return f"--- plain peer on port {self.port} received ---\n" + "\n".join(self.got)

    def request(
        self,
        method: str,
        target: str,
        *,
        user: str,
        sender: str = "",
        fields: Mapping[str, str] | None = None,
        body: str = "",
    ) -> Sent:
        """Send a request outside a dialog.

        Args:
            user: of phone.test, who it says it is.
            sender: what From says instead, such as ``"Anonymous" <sip:anonymous@anonymous.invalid>``.
            fields: further header fields.
        """
        call_id, branch = secrets.token_hex(10), f"z9hG4bK{secrets.token_hex(8)}"
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {ports.LOOPBACK}:{self.port};branch={branch};rport",
            f"From: {sender or f'<sip:{user}@{DOMAIN}>'};tag={secrets.token_hex(4)}",
            f"To: <{target}>",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{user}@{ports.LOOPBACK}:{self.port}>",
            "Max-Forwards: 20",
            *(f"{key}: {value}" for key, value in (fields or {}).items()),
            f"Content-Length: {len(body.encode())}",
        ]
        sent = Sent(method, call_id, branch, "\r\n".join(lines) + "\r\n\r\n" + body)
        self._send(sent.text)
        return sent

    def invite(
        self, target: str, *, user: str, sender: str = "", fields: Mapping[str, str] | None = None
    ) -> Sent:
        """Call with an offer of DTLS-SRTP that nobody will ever complete."""
        lines = ["v=0", f"o=- 1 1 IN IP4 {ports.LOOPBACK}", "s=-", f"c=IN IP4 {ports.LOOPBACK}", "t=0 0"]
        lines += [f"m=audio {self.port + 1} UDP/TLS/RTP/SAVP 8", "a=rtpmap:8 PCMA/8000", "a=setup:actpass"]
        lines += [f"a=fingerprint:SHA-256 {FINGERPRINT}", "a=sendrecv"]
        given = {"Content-Type": "application/sdp", **(fields or {})}
        body = "\r\n".join(lines) + "\r\n"
        return self.request("INVITE", target, user=user, sender=sender, fields=given, body=body)

    def cancel(self, invite: Sent) -> None:
        """Take an INVITE back, and acknowledge its end."""
        head = invite.text.split("\r\n\r\n")[0].split("\r\n")
        kept = [
            line for line in head if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "Max-Forwards")
        ]
        for method in ("CANCEL", "ACK"):
            if method == "ACK":
                final = self.wait_final(invite)
                to = next(line for line in final.split("\r\n") if line.startswith("To:"))
                kept = [to if line.startswith("To:") else line for line in kept]
            first = head[0].replace("INVITE", method, 1)
            self._send("\r\n".join([first, *kept, f"CSeq: 1 {method}", "Content-Length: 0", "", ""]))

    def answers(self, sent: Sent) -> list[str]:
        """The responses to a request."""
        return [
            text
            for text in list(self.got)
            if text.startswith("SIP/2.0") and sent.call_id in text and f" {sent.method}\r\n" in text
        ]

    def statuses(self, sent: Sent) -> list[int]:
        """Their codes."""
        return [int(text.split(" ")[1]) for text in self.answers(sent)]

    def wait_final(self, sent: Sent, seconds: float = 6) -> str:
        """Wait for the last response."""
        try:
            return wait_until(
                lambda: next((text for text in self.answers(sent) if text.split(" ")[1] >= "200"), None),
                seconds,
                f"an answer to {sent.method}",
            )
        except RigError as error:
            error.add_note(self.explain())
            raise

    def notifications(self, sent: Sent) -> list[str]:
        """The NOTIFY requests of a subscription."""
        return [text for text in list(self.got) if text.startswith("NOTIFY ") and sent.call_id in text]

    def _send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self.proxy)

    def _read(self) -> None:
        while not self._stopping.is_set():
            try:
                octets, _ = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            text = octets.decode("utf-8", "replace")
            self.when.append(time.monotonic())
            self.got.append(text)
            if text.strip() and not text.startswith(("SIP/2.0", "ACK ")):
                self._send(_ok(text))


def _ok(request: str) -> str:
    """200 to a request."""
    head = request.split("\r\n\r\n")[0].split("\r\n")[1:]
    kept = [line for line in head if re.match(r"(?i)(via|from|to|call-id|cseq|record-route)\s*:", line)]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
