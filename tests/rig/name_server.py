"""A name server over UDP and TCP that says what a test wants, or nothing; it notes every question.

with NameServer() as names:
    names.says("phone.test", "NAPTR", '10 10 "s" "SIPS+D2T" "" _sips._tcp.phone.test.')
    names.says("_sips._tcp.phone.test", "SRV", "10 0 5061 a.phone.test.")
    names.says("a.phone.test", "A", "127.0.0.1")
"""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.rig import ports


class NameServer:
    """Answers for what it was told, says NXDOMAIN to the rest."""

    def __init__(self, ttl: int = 30) -> None:
        self.address = ports.LOOPBACK
        self.port = ports.one()
        self.ttl = ttl
        self.silent = False
        self.noise: random.Random | None = None
        self._records: dict[str, dict[str, list[str]]] = {}
        self._questions: list[tuple[str, str]] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._udp, self._tcp)]

    def says(self, name: str, kind: str, *values: str) -> None:
        """From now on these are the records of that name and kind; none: there are none."""
        self._records.setdefault(name.lower(), {})[kind] = list(values)

    def serves(self, domain: str, *servers: tuple[str, int, int]) -> None:
        """SRV for TLS at ``domain``: (host, port, priority) each, at 127.0.0.1."""
        self.says(
            f"_sips._tcp.{domain}",
            "SRV",
            *(f"{priority} 0 {port} {host}." for host, port, priority in servers),
        )
        for host, _, _ in servers:
            self.says(host, "A", ports.LOOPBACK)

    @property
    def questions(self) -> list[tuple[str, str]]:
        """(name, kind) of each question so far."""
        return list(self._questions)

    @property
    def resolver(self) -> str:
        """As the phone's configuration has it."""
        return f"{self.address}:{self.port}"

    def __enter__(self) -> Self:
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind((self.address, self.port))
        self._streams = socket.create_server((self.address, self.port))
        for part in (self._datagrams, self._streams):
            part.settimeout(0.2)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._datagrams.close()
        self._streams.close()

    def explain(self) -> str:
        return "--- names asked for ---\n" + "\n".join(f"{kind} {name}" for name, kind in self._questions)

    def _udp(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                asked, client = self._datagrams.recvfrom(4096)
                answer = self._answer(asked)
                if answer:
                    self._datagrams.sendto(answer, client)

    def _tcp(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                client, _ = self._streams.accept()
                with client:
                    client.settimeout(1)
                    asked = client.recv(4096)[2:]
                    answer = self._answer(asked)
                    if answer:
                        client.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, asked: bytes) -> bytes | None:
        try:
            question = dns.message.from_wire(asked)
        except dns.exception.DNSException:
            return None
        which = question.question[0]
        name, kind = which.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(which.rdtype)
        self._questions.append((name, kind))
        if self.silent:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        known = self._records.get(name)
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif known.get(kind):
            answer.answer.append(dns.rrset.from_text(which.name, self.ttl, "IN", kind, *known[kind]))
        wire = answer.to_wire()
        if self.noise is not None:
            octets = bytearray(wire)
            for _ in range(self.noise.randrange(1, 6)):
                octets[self.noise.randrange(2, len(octets))] = self.noise.randrange(256)
            wire = bytes(octets)
        return wire
