"""A server that lets go of who is slow: few connections, each for some seconds, whatever it sends."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohttp import web

MOST = 32
"""Connections at one time."""

LIFE_S = 30.0
"""Seconds of one connection: longer than the longest answer. A request has come by then, or never does."""

HANDSHAKE_S, GOODBYE_S = 10.0, 2.0
"""Seconds for the beginning and the end of TLS."""


class _Full(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class Serving:
    """``application`` on ``listener``, from ``start`` to ``stop``."""

    def __init__(
        self, application: web.Application, listener: socket.socket, context: ssl.SSLContext
    ) -> None:
        self._runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=5.0, shutdown_timeout=2.0
        )
        self._listener = listener
        self._context = context
        self._open: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._connected,
            sock=self._listener,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=GOODBYE_S,
            backlog=MOST,
        )

    async def stop(self) -> None:
        """Nothing listens when this returns."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
        for timer in self._open.values():
            timer.cancel()

    def _connected(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        if server is None or len(server.connections) >= MOST:
            return _Full()
        handler = server()
        self._open[handler] = asyncio.get_running_loop().call_later(LIFE_S, self._over, handler)
        return handler

    def _over(self, handler: web.RequestHandler) -> None:
        del self._open[handler]
        if isinstance(handler.transport, asyncio.Transport):
            handler.transport.abort()  # to say goodbye takes two
