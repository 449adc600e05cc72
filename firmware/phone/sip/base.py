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

    def ping(self, answer: Callable[[], None]) -> None:
        """Have ``answer`` called in the engine's thread, soon: a sign of life. Never blocks."""
        ...

    def stop(self, timeout: float) -> None:
        """End the calls, un-register, close. Returns within ``timeout`` seconds. May be called twice."""
        ...


class Secrets(Protocol):
    """Where the secrets shared with contacts are kept from call to call (RFC 6189 section 4.9). Any thread.

    A contact is named by its address as the configuration has it. A record is secret: it is given to nobody
    else, printed nowhere and posted in no event.
    """

    def find(self, contact: str) -> str:
        """The record that was kept last, or ""."""
        ...

    def keep(self, contact: str, record: str) -> None:
        """Keep ``record``; it is there for ``find`` at once, and on the disk soon after. Never blocks."""
        ...
