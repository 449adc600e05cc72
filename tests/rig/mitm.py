"""A provider whom the phone trusts and who deserves it not: every SIP message passes through its hands.

    with Tap(registrar, on_descriptions(stripped), authority.pem) as tap:
        phone = lab.phone(registrar=registrar, proxy=tap.uri)

It shows the registrar's own certificate, so that the phone verifies it and finds nothing amiss, and carries
each connection to the registrar over one of its own. ``mitm_media`` are the changes that listen to the media,
``mitm_rewrites`` those that change the description alone.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig.kamailio import Registrar
from tests.rig.sip_socket import Reply, SipSocket, sized

Change = Callable[[str, str], str]
"""A message and its way (``up`` from the phone, ``down`` to it) to what goes on. A response in place of a
request goes back instead; nothing goes nowhere."""


class Tap:
    """One TLS port in front of a registrar; a context manager."""

    def __init__(self, registrar: Registrar, change: Change, trusted: Path) -> None:
        """``change`` is asked for every message; ``trusted``: who issued the registrar's certificate."""
        if registrar.certificate is None:
            raise ValueError("the registrar has no TLS")
        self.change = change
        self.up: list[str] = []
        """Messages from the phone as it sent them."""
        self.down: list[str] = []
        """Messages for the phone as it got them."""
        self._registrar = registrar
        shown = registrar.certificate
        self._sip = SipSocket("tls", self._taken, certificate=shown, trusted=trusted)
        self._server: dict[Reply, Reply] = {}
        self._phone: dict[Reply, Reply] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._sip.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sip.__exit__(kind, error, trace)

    @property
    def uri(self) -> str:
        """The outbound proxy as a phone's configuration names it."""
        return f"sip:{self._sip.place};transport=tls;lr"

    @property
    def registrar(self) -> Registrar:
        """The registrar as one behind this tap sees it, for those that take no other proxy."""
        seen = copy.copy(self._registrar)
        seen.tls_port = self._sip.port
        return seen

    def explain(self) -> str:
        """What the phone said and got, for a failure."""
        return (
            "--- tap: from the phone ---\n"
            + "\n".join(self.up)
            + "\n--- to the phone ---\n"
            + "\n".join(self.down)
        )

    def _taken(self, message: str, reply: Reply) -> None:
        with self._lock:
            if reply in self._phone:
                self._pass(message, "down", back=reply, on=self._phone[reply])
                return
            if reply not in self._server:
                made = self._sip.to((self._registrar.address, self._registrar.tls_port))
                self._server[reply], self._phone[made] = made, reply
            self._pass(message, "up", back=reply, on=self._server[reply])

    def _pass(self, message: str, way: str, back: Reply, on: Reply) -> None:
        """The registrar's port is ours to the phone, in Record-Route and wherever else it says it."""
        theirs, ours = f"{self._registrar.address}:{self._registrar.tls_port}", self._sip.place
        if way == "up":
            self.up.append(message)
        changed = self.change(message, way)
        if not changed:
            return
        returned = changed.startswith("SIP/2.0") and not message.startswith("SIP/2.0")
        to_phone = (way == "down") is not returned
        changed = changed.replace(theirs, ours) if to_phone else changed.replace(ours, theirs)
        changed = sized(changed)
        if to_phone:
            self.down.append(changed)
        (back if returned else on)(changed)


def body_of(message: str) -> str:
    """Its session description, empty if it has none."""
    head, _, body = message.partition("\r\n\r\n")
    return body if "application/sdp" in head.lower() else ""


def with_body(message: str, body: str) -> str:
    """The same message with another body."""
    return message.partition("\r\n\r\n")[0] + "\r\n\r\n" + body


def on_descriptions(change: Callable[[str], str], ways: tuple[str, ...] = ("up", "down")) -> Change:
    """A change of session descriptions alone, on these ways."""

    def changed(message: str, way: str) -> str:
        body = body_of(message)
        return with_body(message, change(body)) if body and way in ways else message

    return changed
