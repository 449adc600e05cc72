"""A SIP engine without a network: keeps the commands, and posts the events that it is told to."""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone.commands import SipCommand
from firmware.phone.events import Event


class FakeSip:
    """Shipped for boards and tests without a network. ``executed``: every command so far, in order."""

    def __init__(self) -> None:
        self.executed: list[SipCommand] = []
        self._post: Callable[[Event], None] | None = None

    def start(self, post: Callable[[Event], None]) -> None:
        self._post = post

    def execute(self, command: SipCommand) -> None:
        self.executed.append(command)

    def ping(self, answer: Callable[[], None]) -> None:
        answer()

    def happen(self, event: Event) -> None:
        """Post ``event`` as if the network had brought it. Nothing is posted before start and after stop."""
        if self._post is not None:
            self._post(event)

    def stop(self, timeout: float) -> None:
        self._post = None
