"""What every SIP engine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.phone.commands import SipCommand
from firmware.phone.events import Event


class SipEngine(Protocol):
    """Carries out ``SipCommand``s and posts what came of them as events.

    ``execute`` never blocks and never raises for what the network does: a call that cannot be placed
    ends with a ``CallFailed`` event.
    """

    def start(self, post: Callable[[Event], None]) -> None:
        """Open transports and begin to register. Raises ``SipError`` when the engine cannot start."""
        ...

    def execute(self, command: SipCommand) -> None: ...

    def stop(self, timeout: float) -> None:
        """End the calls, un-register, close. Returns within ``timeout`` seconds. May be called twice."""
        ...


class KeptCertificates(Protocol):
    """Where the certificates (with their keys, PEM) are kept by which contacts know this telephone."""

    def of(self, contact: str) -> str | None: ...

    def keep(self, contact: str, pem: str) -> None: ...
