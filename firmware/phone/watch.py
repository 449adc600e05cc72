"""What a ``watch`` client is sent: first the present, then every change. Bounded: a reader too slow is cut.

Key presses are told without the key: a PIN may be among them.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import enum
import re
from typing import Any

from firmware.phone import events as on
from firmware.phone.display.screens import Screen
from firmware.phone.loop import Loop
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.state import State
from firmware.phone.requests import Requests
from firmware.phone.values import Pattern

MAX_WAITING = 512
"""Messages that may wait for one reader."""

_SECRET = (
    "key",
    "digit",
    "history",
    "granted",
    "place",
    "secrets",
    "reached",
    "pin",
    "lock",
    "lock_lost",
    "personal",
    "samples",
    "text",
    "one_time",
    "session",
    "setup",
)


class Stream:
    """One client. ``begin``, ``end`` and ``changed`` run in the loop's thread, ``next`` in the client's."""

    def __init__(self, aio: asyncio.AbstractEventLoop, requests: Requests, frames: bool) -> None:
        self._aio = aio
        self._requests = requests
        self._frames = frames
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MAX_WAITING)
        self._overrun = False
        self._outputs: Outputs | None = None
        self._status: dict[str, Any] = {}

    def begin(self, loop: Loop) -> None:
        loop.watch(self)
        self._tell_present(loop.outputs, loop.screen)

    def end(self, loop: Loop) -> None:
        loop.unwatch(self)

    async def next(self) -> dict[str, Any]:
        """The next message. Raises ConnectionError when this reader fell too far behind."""
        if self._overrun:
            raise ConnectionError("the reader is too slow")
        return await self._waiting.get()

    def changed(self, event: on.Event | None, state: State, outputs: Outputs, shown: Screen | None) -> None:
        if event is not None and not isinstance(event, on.Tick):
            self._put(told(event))
        self._tell_present(outputs, shown)

    def _tell_present(self, outputs: Outputs, shown: Screen | None) -> None:
        status = self._requests.status()
        if status != self._status:
            self._status = status
            self._put({"event": "status", **status})
        if outputs != self._outputs:
            self._outputs = outputs
            self._put({"event": "outputs", **output_fields(outputs)})
        if shown is not None and self._frames:
            lines, png = self._requests.picture(shown)
            self._put({"event": "frame", "lines": lines, "png": base64.b64encode(png).decode()})

    def _put(self, message: dict[str, Any]) -> None:
        self._aio.call_soon_threadsafe(self._put_now, message)

    def _put_now(self, message: dict[str, Any]) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._overrun = True


def told(event: on.Event) -> dict[str, Any]:
    """The event as a message: its fields, and its name as "event"."""
    return {"event": ""} | event_fields(event) | {"event": event_name(event)}


def event_name(event: on.Event) -> str:
    """ "KeyPressed" -> "key-pressed"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()


def event_fields(event: on.Event) -> dict[str, Any]:
    """The event's fields as JSON's own values, without what may be a secret."""
    fields = dataclasses.asdict(event, dict_factory=_plain)
    return {name: value for name, value in fields.items() if name not in _SECRET}


def _plain(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, enum.Enum) else value for name, value in pairs}


def output_fields(outputs: Outputs) -> dict[str, Any]:
    return {
        "tone": outputs.tone.value if outputs.tone else None,
        "ringing": outputs.bell,
        "melody": outputs.melody,
        "chirp": outputs.chirp,
        "voice": outputs.voice,
        "lights": {light.value: does is not Pattern.OFF for light, does in outputs.lights.items()},
        "patterns": {light.value: does.value for light, does in outputs.lights.items()},
    }
