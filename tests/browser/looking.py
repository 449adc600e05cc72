"""How the tests look at the page."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.conftest import STEP_MS

Messages = list[dict[str, Any]]


class Heard:
    """What the page was sent, and what it sent, in order."""

    def __init__(self, page: Page) -> None:
        self.received: Messages = []
        self.sent: Messages = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(json.loads(frame)))
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))

    def last_frame(self, phone: str) -> dict[str, Any]:
        frames = [m for m in self.received if m["event"] == "frame" and m["phone"] == phone]
        return frames[-1]


def visit(page: Page, port: int) -> Heard:
    heard = Heard(page)
    page.goto(f"http://127.0.0.1:{port}/")
    for phone in ("alice", "bob"):
        expect(page.locator(f"#{phone}")).not_to_have_class(re.compile(r"\boff\b"), timeout=STEP_MS)
    return heard


def has(element: Locator, name: str) -> None:
    expect(element).to_have_class(re.compile(rf"\b{name}\b"), timeout=STEP_MS)


def has_not(element: Locator, name: str) -> None:
    expect(element).not_to_have_class(re.compile(rf"\b{name}\b"), timeout=STEP_MS)


def shows(page: Page, phone: str, words: str) -> None:
    expect(page.locator(f"#{phone} canvas")).to_have_attribute(
        "aria-label", re.compile(words), timeout=STEP_MS
    )
