"""The page's server over real connections: what it gives, to whom, and how much it takes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web

from firmware.simulator import messages
from firmware.simulator.app import listen
from firmware.simulator.control import ControlError
from firmware.simulator.hub import Hub
from firmware.simulator.web import MAX_VIEWERS, PAGE, application

WAIT_S = 5.0


@dataclass
class Site:
    port: int
    client: ClientSession
    hub: Hub = field(default_factory=Hub)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def simulate(self, phone: str, args: Mapping[str, Any]) -> None:
        if phone != "alice":
            raise ControlError("There is no such phone here.")
        self.asked.append((phone, args))

    async def connect(self, **headers: str) -> ClientWebSocketResponse:
        return await self.client.ws_connect(f"{self.url}/phones", headers={"Origin": self.url, **headers})


@asynccontextmanager
async def served() -> AsyncIterator[Site]:
    listener = listen(0)
    port = listener.getsockname()[1]
    async with ClientSession() as client:
        site = Site(port, client)
        hello = {"phones": [{"id": "alice"}]}
        runner = web.AppRunner(application(port, site.hub, hello, site.simulate), access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        try:
            yield site
        finally:
            await runner.cleanup()


def play(story: Callable[[Site], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(WAIT_S * 4), served() as site:
            await story(site)

    asyncio.run(whole())


async def told(socket: ClientWebSocketResponse, event: str) -> dict[str, Any]:
    """The next message of that kind."""
    async with asyncio.timeout(WAIT_S):
        while True:
            message = await socket.receive_json()
            if message["event"] == event:
                return dict(message)


def test_every_file_of_the_page_is_served_with_the_protective_headers() -> None:
    async def story(site: Site) -> None:
        for path in ["/", *(f"/{file.name}" for file in PAGE.iterdir() if file.name != "index.html")]:
            async with site.client.get(site.url + path) as answer:
                assert answer.status == 200, path
                assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
                assert "unsafe" not in answer.headers["Content-Security-Policy"]
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Server"] == "sottovoce"

    play(story)


def test_the_page_asks_nobody_else_for_anything() -> None:
    for file in PAGE.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|\bsrc=\"//|javascript:|\bon\w+=\"|style=\"", text), file.name


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0:{port}"]
)
@pytest.mark.parametrize("path", ["/", "/main.js", "/phones", "/nothing"])
def test_dns_rebinding_is_refused_for_every_path(host: str, path: str) -> None:
    async def story(site: Site) -> None:
        headers = {"Host": host.format(port=site.port), "Origin": site.url}
        async with site.client.get(site.url + path, headers=headers) as answer:
            assert answer.status == 403
            assert "only for this computer" in await answer.text()
            assert "Content-Security-Policy" in answer.headers

    play(story)


@pytest.mark.parametrize("path", ["/", "/phones"])
def test_another_page_is_refused(path: str) -> None:
    async def story(site: Site) -> None:
        async with site.client.get(site.url + path, headers={"Origin": "http://evil.example"}) as answer:
            assert answer.status == 403
            assert "Another page" in await answer.text()

    play(story)


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}"])
def test_no_websocket_for_a_missing_or_foreign_origin(origin: str | None) -> None:
    async def story(site: Site) -> None:
        headers = {} if origin is None else {"Origin": origin.format(port=site.port)}
        with pytest.raises(WSServerHandshakeError) as refused:
            await site.client.ws_connect(f"{site.url}/phones", headers=headers)
        assert refused.value.status == 403
        assert site.asked == []

    play(story)


def test_localhost_is_ours_too() -> None:
    async def story(site: Site) -> None:
        name = f"localhost:{site.port}"
        socket = await site.connect(Host=name, Origin=f"http://{name}")
        assert (await told(socket, "hello"))["phones"] == [{"id": "alice"}]

    play(story)


def test_a_page_hears_both_phones_and_moves_one() -> None:
    async def story(site: Site) -> None:
        site.hub.alive("alice")
        socket = await site.connect()
        assert (await told(socket, "life"))["state"] == "ready"
        site.hub.heard("bob", {"event": "frame", "png": "", "lines": ["12:00"]})
        assert (await told(socket, "frame"))["phone"] == "bob"
        await socket.send_json({"phone": "alice", "what": "press", "key": "2"})
        await socket.send_json({"phone": "alice", "what": "release", "key": "2"})
        await socket.send_json({"phone": "carol", "what": "press", "key": "2"})
        assert (await told(socket, "refused"))["error"] == "There is no such phone here."
        assert [args["what"] for _, args in site.asked] == ["press", "release"]

    play(story)


def test_nonsense_is_answered_and_changes_nothing() -> None:
    async def story(site: Site) -> None:
        socket = await site.connect()
        await socket.send_str("{")
        assert "JSON" in (await told(socket, "refused"))["error"]
        assert site.asked == []

    play(story)


@pytest.mark.parametrize("binary", [True, False])
def test_a_message_that_is_too_long_or_not_text_ends_the_connection(binary: bool) -> None:
    async def story(site: Site) -> None:
        socket = await site.connect()
        if binary:
            await socket.send_bytes(b"{}")
        else:
            padding = " " * messages.MAX_OCTETS
            await socket.send_str(json.dumps({"phone": "alice", "what": "hook", "position": "up"}) + padding)
        async with asyncio.timeout(WAIT_S):
            while (await socket.receive()).type is WSMsgType.TEXT:
                pass
        assert socket.closed
        assert site.asked == []

    play(story)


def test_requests_with_endless_headers_or_paths_are_refused() -> None:
    async def story(site: Site) -> None:
        async with site.client.get(f"{site.url}/{'a' * 20_000}") as answer:
            assert answer.status in (400, 414)
        async with site.client.get(site.url, headers={"X": "a" * 20_000}) as answer:
            assert answer.status in (400, 431)

    play(story)


def test_only_so_many_pages_at_once() -> None:
    async def story(site: Site) -> None:
        sockets = [await site.connect() for _ in range(MAX_VIEWERS)]
        with pytest.raises(WSServerHandshakeError) as refused:
            await site.connect()
        assert refused.value.status == 503
        await sockets[0].close()
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    await site.connect()
                    return
                except WSServerHandshakeError:
                    await asyncio.sleep(0.02)

    play(story)


@pytest.mark.parametrize("path", ["/../web.py", "/%2e%2e/web.py", "/page/index.html", "/.."])
def test_nothing_else_is_served(path: str) -> None:
    async def story(site: Site) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).split()[1] == b"404"
        writer.close()

    play(story)
