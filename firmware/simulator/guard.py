"""Who may talk to the page: a browser on this machine that shows this page, nobody else.

A page of another site can make a browser send requests to 127.0.0.1, and can point its own name at 127.0.0.1
(DNS rebinding). The first shows in Origin, the second in Host; neither header is in that site's hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

NAMES = ("127.0.0.1", "localhost")
HTTP_PORT = 80

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "Server": "sottovoce",
    "X-Content-Type-Options": "nosniff",
}


def refusal(port: int, hosts: Sequence[str], origins: Sequence[str], websocket: bool) -> str | None:
    """Why a request is refused, in a plain sentence, or None when it may pass.

    Args:
        port: where the page is served.
        hosts: all Host headers of the request.
        origins: all Origin headers of the request.
        websocket: whether it asks for the WebSocket, which needs an Origin.
    """
    authorities = {f"{name}:{port}" for name in NAMES}
    if port == HTTP_PORT:
        authorities.update(NAMES)
    if len(hosts) != 1 or hosts[0].lower() not in authorities:
        return f"This page is only for this computer: open http://127.0.0.1:{port}/ instead."
    if any(origin not in {f"http://{authority}" for authority in authorities} for origin in origins):
        return "Another page asked for this; only the page served here may talk to the phones."
    if len(origins) > 1 or (websocket and not origins):
        return "The phones talk to the page served here alone; this request does not say where it comes from."
    return None


def middleware(port: int, websocket_path: str) -> Middleware:
    """Refuses with 403 what ``refusal`` refuses."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = refusal(
            port,
            request.headers.getall("Host", []),
            request.headers.getall("Origin", []),
            request.path == websocket_path,
        )
        if reason is not None:
            return web.Response(status=403, text=reason + "\n")
        return await handler(request)

    return guard


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler (``on_response_prepare``): the protective headers on every answer, errors included."""
    del request
    response.headers.update(HEADERS)
