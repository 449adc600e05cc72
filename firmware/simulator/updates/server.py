"""The update server of the page: files over HTTPS, slowly enough that one sees them come."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from aiohttp import web

CHUNK = 8 * 1024
BUNDLE_SECONDS = 4.0
"""What a bundle takes to be fetched."""


async def serve(folder: Path, cert: Path, key: Path, address: str) -> tuple[web.AppRunner, str]:
    """Serve ``folder`` until the runner is cleaned up; the address that telephones ask. Raises OSError."""

    async def answer(request: web.Request) -> web.StreamResponse:
        path = (folder / request.match_info["path"]).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return web.Response(status=404)
        octets = path.read_bytes()
        response = web.StreamResponse(headers={"Content-Length": str(len(octets))})
        await response.prepare(request)
        pause = BUNDLE_SECONDS * CHUNK / len(octets) if path.suffix == ".raucb" else 0.0
        for start in range(0, len(octets), CHUNK):
            await response.write(octets[start : start + CHUNK])
            await asyncio.sleep(pause)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_get("/{path:.+}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    site = web.TCPSite(runner, address, 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"https://{address}:{port}/"
