"""The one in between: carries requests to whom they are for, answers back, and tells of both."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware.simulator.between import Between
from firmware.simulator.certificates import ThrowAwayAuthority
from tests.rig import ports

ANSWER = "SIP/2.0 200 OK\r\nCall-ID: x\r\nContent-Length: 2\r\n\r\nok"


class Scene:
    """Alice's end of a connection, and what Bob's telephone got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.door, self.alice, self.bob = (ports.one() for _ in range(3))
        self.got: list[str] = []
        self.told: list[tuple[str, str, bool]] = []
        self.between = Between(
            {self.door: "bob"},
            {"alice": self.alice, "bob": self.bob},
            folder,
            "provider",
            lambda phone, message, changed: self.told.append((phone, message, changed)),
        )

    def context(self, name: str, purpose: int) -> ssl.SSLContext:
        context = ssl.SSLContext(purpose)
        context.load_verify_locations(self.folder / "ca.pem")
        context.load_cert_chain(self.folder / name / "cert.pem", self.folder / name / "key.pem")
        return context

    async def ring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.got.append(head.decode())
                writer.write(ANSWER.encode())
        writer.close()

    async def ask(self, message: str) -> str:
        """Alice sends; what comes back, "" when the connection is closed."""
        context = self.context("alice", ssl.PROTOCOL_TLS_CLIENT)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.door, ssl=context, server_hostname="127.0.0.1"
        )
        try:
            writer.write(message.encode())
            async with asyncio.timeout(5):
                return (await reader.read(4096)).decode()
        finally:
            writer.close()


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    authority = ThrowAwayAuthority()
    authority.write(folder / "ca.pem")
    for name in ("alice", "bob", "provider"):
        (folder / name).mkdir()
        authority.issue(name, folder / name / "cert.pem", folder / name / "key.pem")
    made = Scene(folder)
    server = await asyncio.start_server(
        made.ring, "127.0.0.1", made.bob, ssl=made.context("bob", ssl.PROTOCOL_TLS_SERVER)
    )
    await made.between.start()
    try:
        yield made
    finally:
        await made.between.stop()
        server.close()


def request(method: str, port: int, *headers: str) -> str:
    lines = [f"{method} sip:127.0.0.1:{port};transport=tls SIP/2.0", *headers, "Content-Length: 0"]
    return "\r\n".join(lines) + "\r\n\r\n"


def test_a_request_goes_on_and_its_answer_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as desk:
            sent = request("INVITE", desk.door, "Call-ID: x")
            assert await desk.ask("\r\n\r\n" + sent) == ANSWER
            (got,) = desk.got
            ours = f"Record-Route: <sip:127.0.0.1:{desk.door};transport=tls;lr>\r\n"
            assert ours in got
            assert got.replace(ours, "") == sent
            assert desk.told == [("alice", sent, False), ("bob", ANSWER, False)]

    asyncio.run(scenario())


def test_the_rest_of_a_call_finds_the_telephones_own_port(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as desk:
            route = f"Route: <sip:127.0.0.1:{desk.door};transport=tls;lr>"
            assert await desk.ask(request("BYE", desk.bob, route)) == ANSWER
            assert "Route" not in desk.got[0]

    asyncio.run(scenario())


def test_what_is_changed_on_the_way_is_told_as_it_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as desk:
            desk.between.change = lambda message: message.replace("Call-ID: x", "Call-ID: y")
            sent = request("INVITE", desk.door, "Call-ID: x")
            await desk.ask(sent)
            assert "Call-ID: y" in desk.got[0]
            assert desk.told[0] == ("alice", sent, True)

    asyncio.run(scenario())


@pytest.mark.parametrize("what", ["INVITE sip:127.0.0.1:1 SIP/2.0\r\n\r\n", "no SIP at all\r\n\r\n"])
def test_what_is_for_nobody_here_ends_the_connection(tmp_path: Path, what: str) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as desk:
            assert await desk.ask(what) == ""
            assert desk.got == []

    asyncio.run(scenario())


def test_who_has_no_certificate_of_the_desk_is_not_heard(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as desk:
            context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
            assert await unheard(desk, context) == b""
            assert desk.told == []

    asyncio.run(scenario())


async def unheard(desk: Scene, context: ssl.SSLContext) -> bytes:
    """What comes back to who shows no certificate."""
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", desk.door, ssl=context, server_hostname="127.0.0.1"
        )
        writer.write(request("INVITE", desk.door).encode())
        await writer.drain()
        return await reader.read(100)
    return b""
