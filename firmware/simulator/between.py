"""The one in between: every SIP message of the simulated telephones passes through it, as by a provider.

It shows what has just left a telephone, and plays a provider who means no good. Speech goes from telephone to
telephone; it never has that. A record-routing proxy (RFC 3261 section 16) as far as telephones on one machine
need one: it adds no Via, for answers come back by the connection that the request went by (section 18.2.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firmware.simulator.malice import honest
from firmware.simulator.pair import ADDRESS

LARGEST = 1 << 16
"""Octets in the longest message that is carried."""

DIALOGS = ("INVITE", "SUBSCRIBE", "REFER")
"""Requests that begin something whose rest is to pass here too."""

Change = Callable[[str], str]
Told = Callable[[str, str, bool], None]
"""Is told of each message: from which telephone, as it left, and whether it went on as another one."""


@dataclass
class _Line:
    """One connection, with ``phone`` at its other end. ``back``: where answers that come here go; ``on``:
    those that were opened for it.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    phone: str = ""
    back: _Line | None = None
    on: dict[str, _Line] = field(default_factory=dict)


class Between:
    """``doors``: our port -> the telephone that others call there; ``phones``: telephone -> its own port."""

    def __init__(
        self, doors: Mapping[int, str], phones: Mapping[str, int], folder: Path, name: str, told: Told
    ) -> None:
        """``folder`` has ca.pem, and in ``name`` our certificate and key."""
        self.change: Change = honest
        self._doors = dict(doors)
        self._phones = dict(phones)
        self._told = told
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._client = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        for context in (self._server, self._client):
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(folder / name / "cert.pem", folder / name / "key.pem")
        self._server.load_verify_locations(folder / "ca.pem")
        self._server.verify_mode = ssl.CERT_REQUIRED  # who sends is known by the telephone's certificate

    def add(self, phone: str, port: int) -> None:
        """One more telephone, which can be answered."""
        self._phones[phone] = port

    async def start(self) -> None:
        """Listen at every door. Raises OSError when one is taken."""
        for port in self._doors:
            self._servers.append(await asyncio.start_server(self._taken, ADDRESS, port, ssl=self._server))

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        subject = (writer.get_extra_info("peercert") or {}).get("subject", ())
        names = [value for part in subject for kind, value in part if kind == "commonName"]
        await self._follow(_Line(reader, writer, names[0] if names else ""))

    async def _follow(self, line: _Line) -> None:
        """Carry what comes by ``line`` until it ends, or says what is no SIP; then end what hangs on it."""
        try:
            while message := await _next(line.reader):
                await self._carry(message, line)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            for other in (line, *line.on.values()):
                other.writer.close()
            if line.back is not None:
                line.back.on.pop(line.phone, None)

    async def _carry(self, message: str, line: _Line) -> None:
        if message.startswith("SIP/2.0 "):
            if line.back is not None:
                self._told(line.phone, message, False)
                await _write(line.back, message)
            return
        target = self._target(message)
        onward = self.change(message)
        self._told(line.phone, message, onward != message)
        way = line.on.get(target) or await self._open(target, line)
        await _write(way, self._recorded(_without_us(onward, self._doors)))

    def _target(self, message: str) -> str:
        """Whom a request is for. Raises ValueError when that is no telephone of this desk."""
        found = re.match(r"[A-Z]+ sips?:(?:[^@\s]*@)?127\.0\.0\.1:?(\d*)", message)
        port = int(found[1] or "5060") if found else 0
        by_port = {own: phone for phone, own in self._phones.items()}
        phone = self._doors.get(port) or by_port.get(port)
        if phone is None:
            raise ValueError("it is for nobody here")
        return phone

    async def _open(self, phone: str, back: _Line) -> _Line:
        reader, writer = await asyncio.open_connection(
            ADDRESS, self._phones[phone], ssl=self._client, server_hostname=ADDRESS, limit=LARGEST
        )
        line = back.on[phone] = _Line(reader, writer, phone, back)
        task = asyncio.create_task(self._follow(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return line

    def _recorded(self, message: str) -> str:
        """With our Record-Route, where something begins."""
        if not message.startswith(DIALOGS):
            return message
        first, _, rest = message.partition("\r\n")
        ours = f"<sip:{ADDRESS}:{next(iter(self._doors))};transport=tls;lr>"
        return f"{first}\r\nRecord-Route: {ours}\r\n{rest}"


def _without_us(message: str, doors: Mapping[int, str]) -> str:
    """Without the first Route, where it names us (RFC 3261 section 16.4)."""
    found = re.search(r"(?im)^Route: *<sip:127\.0\.0\.1:(\d+)[^>]*>\r\n", message)
    if found and int(found[1]) in doors:
        return message[: found.start()] + message[found.end() :]
    return message


async def _next(reader: asyncio.StreamReader) -> str:
    """The next message of a stream (RFC 3261 section 18.3); "" at its end."""
    head = b""
    while not head.strip():  # keep-alives between messages are line ends (RFC 5626 section 3.5.1)
        head = await reader.readline()
        if not head:
            return ""
    while not head.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        head += line
        if not line or len(head) > LARGEST:
            return ""
    length = re.search(rb"(?im)^(?:Content-Length|l) *: *(\d{1,5})\r$", head)
    body = await reader.readexactly(min(int(length[1]), LARGEST)) if length else b""
    return (head + body).decode("utf-8", "surrogateescape")


async def _write(line: _Line, message: str) -> None:
    with contextlib.suppress(ConnectionError):
        line.writer.write(message.encode("utf-8", "surrogateescape"))
        await line.writer.drain()
