"""What each phone looks like now, and the pages that show it.

Memory is bounded: a slow page is sent the latest state of each kind and misses the steps between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]
_Slot = tuple[str, str]

EVENTS = frozenset({"frame", "outputs", "status"})
"""What a daemon may tell a page; anything else is dropped."""


KEPT = frozenset({"update", "left"})
"""What is still true of a phone whose daemon starts anew."""


class Viewer:
    """One open page: the messages that wait to be sent to it, at most one of each kind for each phone."""

    def __init__(self) -> None:
        self._waiting: dict[_Slot, Message] = {}
        self._something = asyncio.Event()

    def put(self, message: Message) -> None:
        slot = (str(message.get("phone")), str(message["event"]))
        self._waiting.pop(slot, None)  # the newest goes last
        self._waiting[slot] = message
        self._something.set()

    async def next(self) -> Message:
        await self._something.wait()
        slot = next(iter(self._waiting))
        message = self._waiting.pop(slot)
        if not self._waiting:
            self._something.clear()
        return message


class Hub:
    """Takes what the daemons say, keeps the latest of each kind, hands it to every viewer."""

    def __init__(self) -> None:
        self._latest: dict[str, dict[str, Message]] = {}
        self._viewers: set[Viewer] = set()

    def alive(self, phone: str) -> None:
        """The daemon runs and answers."""
        self._send({"event": "life", "phone": phone, "state": "ready", "detail": ""})

    def starting(self, phone: str) -> None:
        """The daemon was started and does not answer yet."""
        self._forget(phone)
        self._send({"event": "life", "phone": phone, "state": "starting", "detail": ""})

    def dead(self, phone: str, detail: str) -> None:
        """The daemon ended; ``detail`` says so in plain words."""
        self._forget(phone)
        self._send({"event": "life", "phone": phone, "state": "down", "detail": detail})

    def update(self, phone: str, words: str) -> None:
        """How the update that is shown goes on; it is not forgotten when the daemon starts anew."""
        self._send({"event": "update", "phone": phone, "words": words})

    def left(self, phone: str, letters: Sequence[Message]) -> None:
        """What has last left a phone, as the one in between saw it: the newest last."""
        self._send({"event": "left", "phone": phone, "letters": list(letters)})

    def around(self, deed: str, third: str, language: str) -> None:
        """What is around the phones: what the provider does, where the third telephone is, the language."""
        self._send({"event": "around", "phone": "", "deed": deed, "third": third, "language": language})

    def heard(self, phone: str, event: Mapping[str, Any]) -> None:
        """One event of a daemon's ``watch``."""
        if event.get("event") in EVENTS:
            self._send({**event, "phone": phone})

    def join(self) -> Viewer:
        """A new page: it is sent all that is known now, then each change."""
        viewer = Viewer()
        for kinds in self._latest.values():
            for message in kinds.values():
                viewer.put(message)
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)

    def _forget(self, phone: str) -> None:
        self._latest[phone] = {
            kind: message for kind, message in self._latest.get(phone, {}).items() if kind in KEPT
        }

    def _send(self, message: Message) -> None:
        self._latest.setdefault(message["phone"], {})[message["event"]] = message
        for viewer in self._viewers:
            viewer.put(message)
