"""The routes. Nothing is kept between two requests: who is in, and what was shown, the telephone knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from firmware.setup import guard, pages
from firmware.setup.telephone import Away, Refused, Telephone

COOKIE = "__Host-session"
"""With this prefix browsers take it only with Secure, for this host alone and for all of its paths."""

BODY_OCTETS = 16 * 1024
BODY_S = 10.0
RATE, BURST = 10.0, 40
"""Requests a second for long, and at once."""

STYLE = Path(__file__).parent / "style.css"
NUMBER = r"{number:\d{1,3}}"
TABLE = "{table:" + "|".join(pages.TITLES) + "}"

Answer = web.StreamResponse


def application(host: str, port: int, telephone: Telephone, closed: Callable[[], None]) -> web.Application:
    """The whole page.

    Args:
        host, port: where it is; decides which Host and Origin are ours.
        closed: called when somebody closes it here.
    """
    site = _Site(telephone, closed)
    app = web.Application(middlewares=[_guarded(host, port), _answered], client_max_size=BODY_OCTETS)
    app.on_response_prepare.append(_protect)
    app.router.add_get("/", site.home)
    app.router.add_get("/style.css", _style)
    app.router.add_post("/code", site.code)
    app.router.add_get(f"/edit/{TABLE}/{NUMBER}", site.edit)
    app.router.add_post(f"/preview/{TABLE}/{NUMBER}", site.preview)
    app.router.add_post(f"/remove/{TABLE}/{NUMBER}", site.remove)
    app.router.add_post("/confirm", site.confirm)
    app.router.add_get("/done/{version:[0-9a-f]{64}}", site.done)
    app.router.add_post("/close", site.close)
    return app


def _guarded(host: str, port: int) -> Any:
    bucket = guard.Bucket(RATE, BURST)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> Answer:
        if not bucket.allows(time.monotonic()):
            return _said(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", "Wait a moment, then try again.")
        if not guard.is_near(request.remote or ""):
            return _said(
                HTTPStatus.FORBIDDEN, "Not from there", "This page is for the telephone's own network."
            )
        headers = request.headers
        reason = guard.refusal(
            host,
            port,
            request.method,
            request.path,
            headers.getall("Host", []),
            headers.getall("Origin", []),
            headers.getall("Sec-Fetch-Site", []),
        )
        if reason is not None:
            return _said(HTTPStatus.FORBIDDEN, "Refused", reason)
        return await handler(request)

    return guarded


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> Answer:
    """Every end in words."""
    try:
        return await handler(request)
    except Refused as error:
        return _said(HTTPStatus.CONFLICT, "That was not done", f"{str(error)[:1].upper()}{str(error)[1:]}")
    except Away:
        page = pages.document(
            "The telephone does not answer",
            '<p role="status">It is starting anew, or it was switched off. This page looks again.</p>',
            refresh=2,
        )
        return _html(page, HTTPStatus.SERVICE_UNAVAILABLE)
    except TimeoutError:
        return _said(HTTPStatus.REQUEST_TIMEOUT, "Too slow", "The request did not come in time; try again.")
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _said(HTTPStatus(error.status), "That is not here", error.reason + ".")


def _said(status: HTTPStatus, title: str, text: str) -> web.Response:
    return _html(pages.message(title, text), status)


def _html(page: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(text=page, content_type="text/html", charset="utf-8", status=status)


async def _protect(request: web.Request, response: Answer) -> None:
    """Signal handler (``on_response_prepare``): the protective headers on every answer, errors included."""
    del request
    response.headers.update(guard.HEADERS)


async def _style(request: web.Request) -> web.Response:
    del request
    return web.Response(body=STYLE.read_bytes(), content_type="text/css", charset="utf-8")


class _Site:
    def __init__(self, telephone: Telephone, closed: Callable[[], None]) -> None:
        self._telephone = telephone
        self._closed = closed

    async def home(self, request: web.Request) -> Answer:
        """All that can be changed, to who is in; to anybody else a place for the code."""
        told = await self._told(request)
        if told is None:
            return _html(pages.enter())
        hello = await self._telephone.ask("hello")
        seconds, managed = float(hello.get("seconds", 0.0)), str(told.get("managed", ""))
        return _html(pages.overview(told["tables"], told["standings"], seconds, managed))

    async def code(self, request: web.Request) -> Answer:
        """Somebody typed a code: whoever has the right one is in from now on."""
        typed = await _form(request)
        try:
            found = await self._telephone.ask("code", code=typed.get("code", ""))
        except Refused as error:
            return _html(pages.enter(str(error)), HTTPStatus.FORBIDDEN)
        answer = _see("/")
        answer.set_cookie(
            COOKIE, str(found["session"]), path="/", secure=True, httponly=True, samesite="Strict"
        )
        return answer

    async def edit(self, request: web.Request) -> Answer:
        """The fields of one entry, as it is."""
        told = await self._in(request)
        table, number = _table(told, request)
        return _html(pages.form(table, number, _entry(table, number)))

    async def preview(self, request: web.Request) -> Answer:
        """What a change will do, or what is wrong with it."""
        told = await self._in(request)
        table, number = _table(told, request)
        typed = await _form(request)
        asked = {"table": table["name"], "number": number, "values": typed}
        return await self._shown(request, asked, lambda faults: pages.form(table, number, typed, faults))

    async def remove(self, request: web.Request) -> Answer:
        """What it will do if an entry is removed."""
        table, number = _table(await self._in(request), request)
        asked = {"table": table["name"], "number": number, "remove": True}
        return await self._shown(
            request, asked, lambda faults: pages.message("It cannot be removed", " ".join(faults))
        )

    async def _shown(
        self, request: web.Request, asked: Mapping[str, Any], wrong: Callable[[list[str]], str]
    ) -> Answer:
        told = await self._ask(request, "preview", **asked)
        if told["faults"]:
            return _html(wrong(told["faults"]), HTTPStatus.UNPROCESSABLE_ENTITY)
        return _html(pages.preview(told["effects"], told["confirm"]))

    async def confirm(self, request: web.Request) -> Answer:
        """What was shown last is done."""
        typed = await _form(request)
        told = await self._ask(request, "apply", confirm=typed.get("confirm", ""))
        return _see(f"/done/{told['version']}")

    async def done(self, request: web.Request) -> Answer:
        """Whether the telephone runs with it."""
        try:
            told = await self._in(request)
        except Away:
            return _html(pages.waiting())
        if told["running"] != request.match_info["version"]:
            return _html(pages.waiting())
        return _html(pages.done(told["standings"]))

    async def close(self, request: web.Request) -> Answer:
        """Over, for everybody."""
        await self._ask(request, "close")
        self._closed()
        answer = _html(
            pages.document("Closed", "<p>You can close this window. Nothing listens any more.</p>")
        )
        answer.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return answer

    async def _told(self, request: web.Request) -> dict[str, Any] | None:
        if COOKIE not in request.cookies:
            return None
        try:
            return await self._ask(request, "read")
        except Refused:
            return None

    async def _in(self, request: web.Request) -> dict[str, Any]:
        """All that the telephone tells to who is in. Raises Refused for anybody else."""
        return await self._ask(request, "read")

    async def _ask(self, request: web.Request, command: str, **args: Any) -> dict[str, Any]:
        return await self._telephone.ask(command, session=request.cookies.get(COOKIE, ""), **args)


def _see(where: str) -> web.Response:
    """Go there with a GET, so that reloading does nothing twice."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form, each once; files are none."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    async with asyncio.timeout(BODY_S):
        try:
            sent = await request.post()
        except (ValueError, LookupError):  # no such characters, or no such character set
            raise web.HTTPBadRequest from None
    found: dict[str, str] = {}
    for key, value in sent.items():
        if not isinstance(value, str) or key in found:
            raise web.HTTPBadRequest
        found[key] = value
    return found


def _table(told: Mapping[str, Any], request: web.Request) -> tuple[Mapping[str, Any], int]:
    """The table that the path names, and the number of the entry. Raises HTTPNotFound."""
    name, number = request.match_info["table"], int(request.match_info["number"])
    table: Mapping[str, Any] = next(one for one in told["tables"] if one["name"] == name)
    if number > (len(table["entries"]) if table["list"] else 0):
        raise web.HTTPNotFound
    return table, number


def _entry(table: Mapping[str, Any], number: int) -> Mapping[str, str]:
    """What it holds now; nothing for a new one."""
    if not table["list"]:
        entry: Mapping[str, str] = table["entries"][0]
        return entry
    return table["entries"][number - 1] if number else {}
