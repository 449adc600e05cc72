"""Somebody who wants to see whether others are there: a SIP watcher over TLS, in plain Python.

    with Watcher(registrar, "bob") as bob:
        seen = bob.subscribe("alice")
        seen.wait("open")
        phone.privacy("private")
        assert seen.wait("closed").when - flipped < 1

It shares no code with the phone and its library, answers every NOTIFY with 200, and can lie about who it is.
It is not registered: the registrar takes requests from everybody, as a careless provider would.
"""

from __future__ import annotations

import re
import secrets
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from xml.etree import ElementTree

from tests.rig.certs import DOMAIN
from tests.rig.kamailio import Registrar
from tests.rig.processes import wait_until

PIDF = "{urn:ietf:params:xml:ns:pidf}"
RPID = "{urn:ietf:params:xml:ns:pidf:rpid}"

_COPIED = ("via", "record-route", "from", "to", "call-id", "cseq")


@dataclass(frozen=True)
class Notify:
    """One NOTIFY as it came. ``when``: monotonic seconds; ``state``: the whole Subscription-State."""

    when: float
    state: str
    body: str

    @property
    def seen(self) -> str:
        """``open``, ``closed``, ``in-call``, "" without a body; ``ended`` when it is the last."""
        if self.state.startswith("terminated"):
            return "ended"
        return presence(self.body)


def presence(body: str) -> str:
    """What a PIDF document says (RFC 3863, RFC 4480)."""
    if not body:
        return ""
    root = ElementTree.fromstring(body)  # noqa: S314 - of our own phone, on loopback
    if root.find(f".//{RPID}on-the-phone") is not None:
        return "in-call"
    basic = root.find(f".//{PIDF}basic")
    return "" if basic is None else str(basic.text)


@dataclass
class Subscription:
    """One SUBSCRIBE and what came of it. ``answers`` are status codes, ``notifies`` all NOTIFY, in order."""

    call_id: str
    sender: str
    target: str
    extra: tuple[str, ...]
    event: str
    cseq: int = 0
    answers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    notifies: list[Notify] = field(default_factory=list)
    remote: str = ""
    to: str = ""
    route: list[str] = field(default_factory=list)

    def wait_answer(self, seconds: float = 5) -> int:
        """The first answer's code."""
        return wait_until(lambda: self.answers, seconds, f"an answer to {self.sender}'s SUBSCRIBE")[0]

    def wait(self, seen: str, seconds: float = 5, after: int = 0) -> Notify:
        """The first NOTIFY, from number ``after`` on, that says this."""
        found = wait_until(
            lambda: [notify for notify in self.notifies[after:] if notify.seen == seen],
            seconds,
            f"{self.sender} to see {seen!r}; it saw {[n.state + ' ' + n.seen for n in self.notifies]}",
        )
        return found[0]

    @property
    def sees(self) -> str:
        """What the last NOTIFY said."""
        return self.notifies[-1].seen if self.notifies else ""


class Watcher:
    """One connection to the registrar; a context manager."""

    def __init__(self, server: Registrar | tuple[str, int], user: str) -> None:
        """Prepare, not connect.

        Args:
            server: the registrar, or past it an address and port over TLS.
            user: who it is, unless a subscription says otherwise.
        """
        self.user = user
        self._server = server if isinstance(server, tuple) else (server.address, server.tls_port)
        self._subscriptions: dict[str, Subscription] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        plain = socket.create_connection(self._server, 5)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._socket = context.wrap_socket(plain)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(2)
        self._socket.close()

    def explain(self) -> str:
        """What it saw, for a failure."""
        lines = [f"--- watcher {self.user} ---"]
        for one in self._subscriptions.values():
            lines.append(f"{one.event} of {one.target} as {one.sender}: {one.answers}")
            lines += [f"  {notify.state}: {notify.seen or 'nothing'}" for notify in one.notifies]
        return "\n".join(lines)

    def subscribe(
        self,
        target: str,
        *,
        sender: str = "",
        extra: tuple[str, ...] = (),
        event: str = "presence",
        expires: int = 300,
    ) -> Subscription:
        """Send a SUBSCRIBE to ``target`` at the registrar's domain.

        Args:
            sender: the whole From value but its tag, default ``<sip:USER@DOMAIN>``.
            extra: further header lines.
            expires: 0 asks once.
        """
        made = Subscription(
            f"{secrets.token_hex(6)}@rig",
            sender or f"<sip:{self.user}@{DOMAIN}>",
            f"sip:{target}@{DOMAIN}",
            extra,
            event,
        )
        self._subscriptions[made.call_id] = made
        self._send(made, expires)
        return made

    def refresh(self, subscription: Subscription, expires: int = 300) -> None:
        """SUBSCRIBE again within the dialog; ``expires`` 0 ends it."""
        self._send(subscription, expires)

    def _send(self, one: Subscription, expires: int) -> None:
        one.cseq += 1
        host, port = self._socket.getsockname()
        lines = [
            f"SUBSCRIBE {one.remote or one.target} SIP/2.0",
            f"Via: SIP/2.0/TLS {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};alias",
            f"From: {one.sender};tag={one.call_id[:8]}",
            f"To: {one.to or f'<{one.target}>'}",
            f"Call-ID: {one.call_id}",
            f"CSeq: {one.cseq} SUBSCRIBE",
            f"Contact: <sip:watcher@{host}:{port};transport=tls>",
            "Max-Forwards: 20",
            f"Event: {one.event}",
            f"Expires: {expires}",
            *(f"Route: {hop}" for hop in one.route),
            *one.extra,
            "Content-Length: 0",
        ]
        self._write(lines)

    def _write(self, lines: list[str]) -> None:
        with self._lock:
            self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def _read(self) -> None:
        waiting = b""
        while not self._stopping.is_set():
            if not select.select([self._socket], [], [], 0.1)[0]:
                continue
            octets = self._receive()
            if octets is None:
                return
            waiting += octets
            while b"\r\n\r\n" in waiting:
                head, _, rest = waiting.partition(b"\r\n\r\n")
                length = re.search(rb"^(?:Content-Length|l)\s*:\s*(\d+)", head, re.MULTILINE | re.IGNORECASE)
                size = int(length[1]) if length else 0
                if len(rest) < size:
                    break
                waiting = rest[size:]
                self._message(head.decode(), rest[:size].decode())

    def _receive(self) -> bytes | None:
        """What is there now; None at the end. Locked: a TLS session is not for two threads at once."""
        found = b""
        with self._lock:
            self._socket.settimeout(0)
            try:
                while octets := self._socket.recv(65536):
                    found += octets
            except ssl.SSLWantReadError:
                return found
            finally:
                self._socket.settimeout(5)
        return found or None

    def _message(self, head: str, body: str) -> None:
        first, *lines = head.split("\r\n")
        fields = [
            (name.strip().lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
        ]
        one = self._subscriptions.get(_first(fields, "call-id"))
        if one is None:
            return
        if first.startswith("SIP/2.0"):
            self._answered(one, int(first.split()[1]), fields, head)
        elif first.startswith("NOTIFY "):
            self._write(["SIP/2.0 200 OK", *(x for x in lines if _copied(x)), "Content-Length: 0"])
            one.texts.append(f"{head}\r\n\r\n{body}")
            one.notifies.append(Notify(time.monotonic(), _first(fields, "subscription-state"), body))

    def _answered(self, one: Subscription, status: int, fields: list[tuple[str, str]], head: str) -> None:
        if status < 200:
            return
        if status < 300 and not one.to:  # the route set is that of the first answer
            one.to = _first(fields, "to")
            one.remote = _first(fields, "contact").partition("<")[2].partition(">")[0]
            one.route = [value for name, value in fields if name == "record-route"][::-1]
        one.texts.append(head)
        one.answers.append(status)


def _first(fields: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in fields if key == name), "")


def _copied(line: str) -> bool:
    return line.partition(":")[0].strip().lower() in _COPIED
