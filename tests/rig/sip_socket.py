"""SIP messages over UDP, TCP or TLS for a test party: whole messages in, to whoever is there out."""

from __future__ import annotations

import re
import select
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.certs import Certificate

_LENGTH = re.compile(r"(?im)^(?:content-length|l)\s*:\s*(\d+)")


def cut(waiting: bytes) -> tuple[str, bytes]:
    """The first whole message in a stream, empty if there is none yet, and the rest."""
    waiting = waiting.lstrip(b"\r\n")
    head, end, rest = waiting.partition(b"\r\n\r\n")
    found = _LENGTH.search(head.decode("utf-8", "replace"))
    size = int(found[1]) if found else 0
    if not end or len(rest) < size:
        return "", waiting
    return (head + end + rest[:size]).decode("utf-8", "replace"), rest[size:]


def sized(message: str) -> str:
    """The same message with the Content-Length that its body has."""
    head, _, body = message.partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not _LENGTH.match(line)]
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}"]) + "\r\n\r\n" + body


class SipSocket:
    """A listener and the connections that it took or made; a context manager."""

    def __init__(
        self,
        transport: str,
        taken: Callable[[str, Reply], None],
        *,
        certificate: Certificate | None = None,
        trusted: Path | None = None,
    ) -> None:
        """Bind.

        Args:
            transport: ``udp``, ``tcp`` or ``tls``.
            taken: gets each message, in a thread of its own for each connection.
            certificate: what it shows (TLS).
            trusted: whom it trusts when it connects (TLS), any name of theirs.
        """
        self.transport = transport
        self.port = ports.one()
        self._taken = taken
        self._trusted = trusted
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._server: ssl.SSLContext | None = None
        if transport == "tls":
            if certificate is None:
                raise ValueError("TLS needs a certificate")
            self._server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._server.load_cert_chain(certificate.cert, certificate.key)
        if transport == "udp":
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._listener.bind((ports.LOOPBACK, self.port))
        else:
            self._listener = socket.create_server((ports.LOOPBACK, self.port))
        self._listener.settimeout(0.1)

    def __enter__(self) -> Self:
        self._run(self._datagrams if self.transport == "udp" else self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(2)
        for made in (self._listener, *self._connections):
            made.close()

    @property
    def place(self) -> str:
        """ADDRESS:PORT."""
        return f"{ports.LOOPBACK}:{self.port}"

    def to(self, target: tuple[str, int]) -> Reply:
        """A way to a peer; over TCP and TLS a new connection.

        Raises:
            OSError: nobody is there, or it is not the one who should be.
        """
        if self.transport == "udp":

            def send(message: str) -> None:
                self._listener.sendto(message.encode(), target)

            return send
        made: socket.socket = socket.create_connection(target, timeout=5)
        if self.transport == "tls":
            context = ssl.create_default_context(cafile=str(self._trusted) if self._trusted else None)
            context.check_hostname = False
            made = context.wrap_socket(made)
        return self._adopt(made)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _datagrams(self) -> None:
        while not self._stopping.is_set():
            try:
                octets, source = self._listener.recvfrom(65536)
            except TimeoutError:
                continue
            text = octets.decode("utf-8", "replace")
            if text.strip():
                self._taken(text, self.to(source))

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                made, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                made.settimeout(5)
                self._adopt(self._server.wrap_socket(made, server_side=True) if self._server else made)
            except OSError:
                made.close()

    def _adopt(self, made: socket.socket) -> Reply:
        """Read from it, and write to it, one at a time: a TLS connection is not for two threads at once."""
        made.settimeout(5)
        self._connections.append(made)
        lock = threading.Lock()

        def reply(message: str) -> None:
            with lock:
                made.sendall(message.encode())

        self._run(lambda: self._stream(made, lock, reply))
        return reply

    @staticmethod
    def _read(made: socket.socket) -> bytes:
        """What is there; it may be TLS's own and nothing for us."""
        made.settimeout(0)
        try:
            return made.recv(65536)
        finally:
            made.settimeout(5)

    def _stream(self, made: socket.socket, lock: threading.Lock, reply: Reply) -> None:
        waiting = b""
        while not self._stopping.is_set():
            ready = isinstance(made, ssl.SSLSocket) and made.pending()
            if not ready and not select.select([made], [], [], 0.1)[0]:
                continue
            try:
                with lock:
                    more = self._read(made)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except OSError:
                return
            if not more:
                return
            waiting += more
            message, waiting = cut(waiting)
            while message:
                self._taken(message, reply)
                message, waiting = cut(waiting)


Reply = Callable[[str], None]
"""A way to send a message back."""
