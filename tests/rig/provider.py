"""A provider that does exactly what a test wants: the far side of the phone's only connection, over TCP.

    with Provider() as provider:
        phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider")
        invite = provider.wait("INVITE")
        provider.respond(invite, "183 Session Progress", tag="one", body=provider.answer(invite))

It takes every REGISTER. Its media are keyed by SDES, in PCMA; what the phone sends can be opened.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.rig import ports, srtp
from tests.rig.certs import DOMAIN
from tests.rig.processes import RigError, wait_until

_COPIED = ("via", "record-route", "from", "call-id", "cseq")
_LENGTH = re.compile(r"(?im)^(?:content-length|l)\s*:\s*(\d+)")
_SUITE = "AES_CM_128_HMAC_SHA1_80"


class Provider:
    """One TCP port and the newest connection to it; a context manager."""

    def __init__(self) -> None:
        self.port = ports.one()
        self.got: list[str] = []
        """Every message received, oldest first."""
        self.media = _bound()
        self.moved = _bound()
        """A second socket for media, for the far end that moves."""
        self.keys = b64encode(os.urandom(30)).decode()
        self._seen = 0
        self._cseq = 0
        self._listener = socket.create_server((ports.LOOPBACK, self.port))
        self._listener.settimeout(0.1)
        self._connection: socket.socket | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(2)
        for made in (self._listener, self._connection, self.media, self.moved):
            if made is not None:
                made.close()

    @property
    def uri(self) -> str:
        """The outbound proxy as a phone's configuration names it."""
        return f"sip:{ports.LOOPBACK}:{self.port};transport=tcp;lr"

    def explain(self) -> str:
        """What it received, for a failure."""
        return "--- the provider received ---\n" + "\n".join(self.got)

    def raw(self, text: str) -> None:
        """Send octets as they are, in a segment of their own."""
        if self._connection is None:
            raise RigError("nobody is connected to the provider")
        self._connection.sendall(text.encode())

    def wait(self, first: str, seconds: float = 6) -> str:
        """The next message, among those not yet looked at, whose first line begins so."""

        def look() -> str | None:
            for place in range(self._seen, len(self.got)):
                if self.got[place].startswith(first):
                    self._seen = place + 1
                    return self.got[place]
            return None

        try:
            return wait_until(look, seconds, f"{first} at the provider")
        except RigError as error:
            error.add_note(self.explain())
            raise

    def none(self, first: str) -> bool:
        """Whether no message not yet looked at begins so."""
        return not any(text.startswith(first) for text in self.got[self._seen :])

    def respond(
        self,
        request: str,
        status: str,
        *,
        tag: str = "far",
        body: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Answer a request; ``tag`` is put into To where there is none."""
        self.raw(response(request, status, tag=tag, body=body, fields=self._contact() | dict(fields or {})))

    def invite(self, *, body: str, fields: Mapping[str, str] | None = None) -> str:
        """The text of an INVITE to the phone's Contact."""
        register = next(text for text in reversed(self.got) if text.startswith("REGISTER"))
        target = re.search(r"Contact: <([^>]+)>", register)
        if target is None:
            raise RigError(f"no Contact in {register}")
        head = {
            "From": f"<sip:bob@{DOMAIN}>;tag={secrets.token_hex(4)}",
            "To": f"<sip:alice@{DOMAIN}>",
            "Call-ID": secrets.token_hex(8),
        }
        return self.request("INVITE", target[1], head, body, fields)

    def inside(
        self, dialog: str, method: str, *, body: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """The text of a request inside a dialog, given by the phone's INVITE or by its 200 to ours."""
        target = re.search(r"(?i)Contact: <([^>]+)>", dialog)
        ours, theirs = ("To", "From") if dialog.startswith("INVITE") else ("From", "To")
        if target is None:
            raise RigError(f"no Contact in {dialog}")
        tag = "" if ";tag=" in header(dialog, ours) else ";tag=far"
        head = {
            "From": header(dialog, ours) + tag,
            "To": header(dialog, theirs),
            "Call-ID": header(dialog, "Call-ID"),
        }
        return self.request(method, target[1], head, body, fields)

    def request(
        self,
        method: str,
        target: str,
        head: Mapping[str, str],
        body: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> str:
        """The text of any request."""
        self._cseq += 1
        via = f"SIP/2.0/TCP {ports.LOOPBACK}:{self.port};branch=z9hG4bK{secrets.token_hex(6)}"
        lines = {"Via": via, "Max-Forwards": "70"} | dict(head) | {"CSeq": f"{self._cseq} {method}"}
        lines |= self._contact() | dict(fields or {})
        return f"{method} {target} SIP/2.0\r\n" + _closed(lines, body)

    def ack(self, invite: str, final: str) -> None:
        """Acknowledge the phone's final answer to ``invite``; within its transaction if it was a refusal."""
        target = invite.split(" ")[1]
        via = header(invite, "Via")
        if final.startswith("SIP/2.0 2"):
            found = re.search(r"(?i)Contact: <([^>]+)>", final)
            target = found[1] if found else target
            via = f"SIP/2.0/TCP {ports.LOOPBACK}:{self.port};branch=z9hG4bK{secrets.token_hex(6)}"
        number = header(invite, "CSeq").split()[0]
        lines = {"Via": via, "Max-Forwards": "70", "From": header(invite, "From"), "To": header(final, "To")}
        lines |= {"Call-ID": header(invite, "Call-ID"), "CSeq": f"{number} ACK"}
        self.raw(f"ACK {target} SIP/2.0\r\n" + _closed(lines, ""))

    def description(
        self,
        *,
        profile: str = "RTP/SAVP",
        codec: str = "8 PCMA/8000",
        way: str = "sendrecv",
        crypto: str = "",
        moved: bool = False,
        version: int = 1,
        more: str = "",
    ) -> str:
        """A session description. ``crypto``: the tag of the suite; "" in clear."""
        number, name = codec.split()
        port = (self.moved if moved else self.media).getsockname()[1]
        lines = [
            "v=0",
            f"o=- 7 {version} IN IP4 {ports.LOOPBACK}",
            "s=-",
            f"c=IN IP4 {ports.LOOPBACK}",
            "t=0 0",
        ]
        lines += [f"m=audio {port} {profile} {number} 101", f"a=rtpmap:{number} {name}"]
        lines += ["a=rtpmap:101 telephone-event/8000", f"a={way}"]
        lines += [f"a=crypto:{crypto} {_SUITE} inline:{self.keys}"] if crypto else []
        return "\r\n".join(lines) + "\r\n" + more

    def answer(self, offer: str, **changes: str) -> str:
        """The answer to an offer of the phone."""
        found = re.search(rf"a=crypto:(\d+) {_SUITE} ", offer)
        if found is None:
            raise RigError(f"no {_SUITE} in {offer}")
        return self.description(crypto=found[1], **changes)  # type: ignore[arg-type]

    def hears(self, description: str, *, moved: bool = False, seconds: float = 3) -> bool:
        """Whether SRTP arrives that opens with the keys of ``description``, and nothing that does not."""
        keys = srtp.from_sdp([description.partition("\r\n\r\n")[2]])
        ear = self.moved if moved else self.media
        ear.settimeout(0)
        while True:  # what came before
            try:
                ear.recv(4096)
            except BlockingIOError:
                break
        ear.settimeout(seconds)
        try:
            packets = [ear.recv(4096) for _ in range(10)]
        except TimeoutError:
            return False
        return all(any(key.open_rtp(packet) is not None for key in keys) for packet in packets)

    def events(self, description: str, seconds: float) -> list[bytes]:
        """The payloads of the telephone-events (RFC 4733, type 101) that arrive in this time."""
        keys = srtp.from_sdp([description.partition("\r\n\r\n")[2]])
        self.media.settimeout(0.1)
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                packet = self.media.recv(4096)
            except TimeoutError:
                continue
            if packet[1] & 127 == 101:
                found += [clear for key in keys if (clear := key.open_rtp(packet)) is not None]
        return found

    def _contact(self) -> dict[str, str]:
        return {"Contact": f"<sip:bob@{ports.LOOPBACK}:{self.port};transport=tcp>"}

    def _serve(self) -> None:
        waiting = b""
        while not self._stopping.is_set():
            try:
                self._connection, _ = self._listener.accept()
                waiting = b""
            except TimeoutError:
                pass
            if self._connection is None:
                continue
            self._connection.settimeout(0.05)
            try:
                more = self._connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if more:
                waiting = self._take(waiting + more)

    def _take(self, waiting: bytes) -> bytes:
        """Keep the whole messages, return the rest."""
        while True:
            waiting = waiting.lstrip(b"\r\n")
            head, end, rest = waiting.partition(b"\r\n\r\n")
            found = _LENGTH.search(head.decode("utf-8", "replace"))
            size = int(found[1]) if found else 0
            if not end or len(rest) < size:
                return waiting
            text = (head + end + rest[:size]).decode("utf-8", "replace")
            waiting = rest[size:]
            self.got.append(text)
            if text.startswith("REGISTER"):
                self.raw(
                    response(text, "200 OK", fields={"Contact": header(text, "Contact") + ";expires=600"})
                )


def header(text: str, name: str) -> str:
    """The first header field of that name, empty if there is none."""
    found = re.search(rf"(?im)^{name}\s*:[ \t]*(.*?)\r?$", text.partition("\r\n\r\n")[0])
    return found[1] if found else ""


def response(
    request: str, status: str, *, tag: str = "far", body: str = "", fields: Mapping[str, str] | None = None
) -> str:
    """The text of an answer."""
    lines = [f"SIP/2.0 {status}"]
    for line in request.partition("\r\n\r\n")[0].split("\r\n")[1:]:
        name = line.partition(":")[0].strip().lower()
        if name in _COPIED:
            lines.append(line)
        elif name == "to":
            lines.append(line if ";tag=" in line or status.startswith("100") else f"{line};tag={tag}")
    return "\r\n".join(lines) + "\r\n" + _closed(dict(fields or {}), body)


def _closed(lines: Mapping[str, str], body: str) -> str:
    """Header fields, length and body."""
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    kind = "Content-Type: application/sdp\r\n" if body and "Content-Type" not in lines else ""
    return f"{head}{kind}Content-Length: {len(body.encode())}\r\n\r\n{body}"


def _bound() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((ports.LOOPBACK, ports.block(2)))
    return made
