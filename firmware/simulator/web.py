"""The page and its WebSocket: files out, key presses in, the daemons' events out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from firmware.simulator import guard, messages
from firmware.simulator.control import ControlError
from firmware.simulator.hub import Hub, Viewer

PAGE = Path(__file__).parent / "page"
SOCKET_PATH = "/phones"
MAX_VIEWERS = 16
BODY_OCTETS = 4096
HEARTBEAT_S = 20.0
SEND_S = 10.0
"""A page that takes nothing for so long is let go; it connects again by itself."""

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

Simulate = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Carries out one ``sim`` command on a phone; raises ``ControlError`` with the reason when it cannot."""


def application(port: int, hub: Hub, hello: Mapping[str, Any], simulate: Simulate) -> web.Application:
    """The whole site.

    Args:
        port: where it is served; decides which Host and Origin are ours.
        hub: what the phones look like.
        hello: the first message to every page: which phones there are and how they sound.
        simulate: carries out what a page asks for.
    """
    app = web.Application(middlewares=[guard.middleware(port, SOCKET_PATH)], client_max_size=BODY_OCTETS)
    app.on_response_prepare.append(guard.protect)
    app.router.add_get("/", _file("index.html"))
    for name in sorted(path.name for path in PAGE.iterdir() if path.suffix in TYPES):
        app.router.add_get(f"/{name}", _file(name))
    site = _Site(hub, hello, simulate)
    app.router.add_get(SOCKET_PATH, site.phones)
    app.on_shutdown.append(site.close)
    return app


def _file(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    path = PAGE / name

    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], charset="utf-8")

    return answer


class _Site:
    """The WebSockets of all open pages."""

    def __init__(self, hub: Hub, hello: Mapping[str, Any], simulate: Simulate) -> None:
        self._hub = hub
        self._hello = {"event": "hello", **hello}
        self._simulate = simulate
        self._open: set[web.WebSocketResponse] = set()

    async def phones(self, request: web.Request) -> web.StreamResponse:
        """One page: two tasks, one for each direction; whichever ends ends the other."""
        if len(self._open) >= MAX_VIEWERS:
            return web.Response(status=503, text="Too many pages are open; close some of them.\n")
        socket = web.WebSocketResponse(max_msg_size=messages.MAX_OCTETS, heartbeat=HEARTBEAT_S)
        if not socket.can_prepare(request):
            return web.Response(status=426, text="This address is for the page's WebSocket.\n")
        await socket.prepare(request)
        viewer = self._hub.join()
        self._open.add(socket)
        sending = asyncio.create_task(self._send(socket, viewer))
        try:
            await self._receive(socket, viewer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._hub.leave(viewer)
            self._open.discard(socket)
        return socket

    async def close(self, app: web.Application) -> None:
        """Let every page go (the server stops)."""
        del app
        await asyncio.gather(*(socket.close(code=1001) for socket in list(self._open)))

    async def _send(self, socket: web.WebSocketResponse, viewer: Viewer) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await socket.send_json(self._hello)
            while True:
                message = await viewer.next()
                async with asyncio.timeout(SEND_S):
                    await socket.send_json(message)
        except (TimeoutError, ConnectionError):
            await socket.close()

    async def _receive(self, socket: web.WebSocketResponse, viewer: Viewer) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            phone = ""
            try:
                phone, args = messages.parse(message.data)
                await self._simulate(phone, args)
            except (messages.MessageError, ControlError) as error:
                viewer.put({"event": "refused", "phone": phone, "error": str(error)})
