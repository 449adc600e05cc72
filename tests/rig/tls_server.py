"""A TLS server that only notes what reaches it: how each handshake ended and every octet of data after it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.certs import Certificate
from tests.rig.client_hello import record
from tests.rig.processes import wait_until

READ_S = 5.0
"""Seconds that a connection is listened to after its last octet."""


@dataclass
class Visit:
    """One TCP connection."""

    first: bytes = b""
    """Its first octets as they came, a whole TLS record if it is one; a TLS client begins with 16 03."""
    handshake: str = "none"
    """``done``, or why it failed."""
    data: bytes = b""
    """What came inside TLS."""
    ended: bool = field(default=False)


class TlsServer:
    """Listens on TLS, and on UDP at the same port; a context manager. It answers nothing of what it is
    asked.
    """

    def __init__(
        self,
        certificate: Certificate,
        *,
        address: str = ports.LOOPBACK,
        port: int = 0,
        says: Sequence[bytes] = (),
        adjust: Callable[[ssl.SSLContext], None] | None = None,
        instead: bytes | None = None,
    ) -> None:
        """Bind the port.

        Args:
            port: 0: any.
            says: what it sends, piece by piece, into a connection on which something has come.
            adjust: changes how TLS is spoken.
            instead: no TLS: it answers this, and then nothing more; empty: it says nothing at all.
        """
        self.address = address
        self.port = port or ports.one(address)
        self._says = says
        self.visits: list[Visit] = []
        self.datagrams: list[bytes] = []
        self.resumed = 0
        """Handshakes that took up an earlier session."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if adjust is not None:
            adjust(self._context)
        self._context.load_cert_chain(certificate.cert, certificate.key)
        self._instead = instead
        self._listener = socket.create_server((address, self.port))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, self.port))
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        for work in (self._accept, self._take_datagrams):
            self._spawn(work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self.drop()
        for thread in list(self._threads):
            thread.join(READ_S + 1)
        self._listener.close()
        self._udp.close()

    @property
    def uri(self) -> str:
        """As a phone's outbound proxy."""
        return f"sip:{self.address}:{self.port};transport=tls;lr"

    @property
    def data(self) -> bytes:
        """All octets of application data of all connections."""
        return b"".join(visit.data for visit in self.visits)

    def wait_visit(self, seconds: float = 10) -> Visit:
        """Wait until a first connection's handshake is over, well or badly."""
        wait_until(
            lambda: any(visit.handshake != "none" for visit in self.visits), seconds, "a TLS handshake"
        )
        return next(visit for visit in self.visits if visit.handshake != "none")

    def wait_data(self, seconds: float = 8) -> bytes:
        """Wait for the first octets of application data and return all there are."""
        return wait_until(lambda: self.data, seconds, "data inside TLS")

    def drop(self) -> None:
        """End the connections there are; new ones are welcome."""
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def explain(self) -> str:
        """What came, for a failure."""
        lines = [f"first {v.first!r}, handshake {v.handshake}, data {v.data!r}" for v in self.visits]
        return f"--- TLS server: {len(self.datagrams)} datagrams, connections: ---\n" + "\n".join(lines)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._connections.append(connection)
            visit = Visit()
            self.visits.append(visit)
            self._spawn(self._serve, connection, visit)

    def _serve(self, connection: socket.socket, visit: Visit) -> None:
        connection.settimeout(READ_S)
        try:
            visit.first = record(connection)
            if self._instead is not None:
                connection.sendall(self._instead)
                visit.handshake = "answered something else"
                self._stopping.wait(READ_S * 4)
                return
            with self._context.wrap_socket(connection, server_side=True) as secure:
                self._connections.append(secure)
                visit.handshake = "done"
                self.resumed += bool(secure.session_reused)
                while not self._stopping.is_set() and (more := secure.recv(65536)):
                    if not visit.data:
                        for piece in self._says:
                            secure.sendall(piece)
                    visit.data += more
        except OSError as error:  # ssl.SSLError is one
            if visit.handshake == "none":
                visit.handshake = str(error)
        finally:
            connection.close()
            visit.ended = True

    def _take_datagrams(self) -> None:
        self._udp.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                self.datagrams.append(self._udp.recv(65536))
            except TimeoutError:
                continue
