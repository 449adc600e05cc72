"""What the page's program may ask of the telephone, on a socket of its own.

::

    hello                            is the page to be open, and under which address?
    ready {port, fingerprint}        it listens, with a certificate of this SHA-256
    code {code}                      → a session, for the one code on the display
    read | preview | apply | close   with {session}: see below

Nothing else is answered: no call, no sound, no privacy switch, nothing of who called or what is kept, and no
password ever. Without a session nothing of the configuration is told either. The code and the session are
compared here, so that a page that was broken into can do no more than the person who is in may do.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firmware.phone import events as on
from firmware.phone.errors import ConfigError
from firmware.phone.loop import Loop
from firmware.phone.machine import setup
from firmware.phone.machine.setup import ENDED_THERE
from firmware.phone.machine.state import State
from firmware.phone.requests import Refused
from firmware.phone.setting_up import period
from firmware.phone.setting_up.change import Unable, parse
from firmware.phone.setting_up.configuration import Configuration, Proposal

MOST_CODE = 64
"""Characters of a code that are looked at."""

IN_USE = "the telephone is in use; hang up first, then confirm again"
STALE = "this is not what was shown last; look at it again, then confirm"


class SetupDoor:
    """Runs in the loop's thread; files are read beside it. ``crash`` is told when that dies."""

    def __init__(
        self, folder: Path, configuration: Configuration, crash: Callable[[BaseException], None]
    ) -> None:
        self.socket = folder / period.SOCKET
        self._folder = folder
        self._configuration = configuration
        self._crash = crash
        self._beside = ThreadPoolExecutor(1, "setting-up")
        self._proposal: Proposal | None = None

    def carry_out(self, loop: Loop, command: str, args: dict[str, Any]) -> Any:
        """The answer, or a future of it. Raises Refused."""
        match command:
            case "hello":
                return self._hello(loop)
            case "ready":
                return self._ready(loop, args)
            case "code":
                return self._code(loop, args)
        if command not in ("read", "preview", "apply", "close"):
            raise Refused("the page may ask: hello, ready, code, read, preview, apply, close")
        self._known(loop.state, args)
        match command:
            case "read":
                return self._done_beside(self._configuration.told, loop.state)
            case "preview":
                return self._done_beside(self._preview, args, tuple(key for key, _ in loop.state.settings))
            case "apply":
                return self._apply(loop, args)
        loop.handle(on.SetupOver(ENDED_THERE))
        return {}

    def stop(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)

    def _hello(self, loop: Loop) -> dict[str, Any]:
        found = loop.state.setup
        if found is None or not (found.code or found.session):
            return {"open": False}
        left = found.until - loop.clock.monotonic() if found.fingerprint else setup.PERIOD
        return {"open": True, "host": found.host, "seconds": round(max(0.0, left), 1)}

    def _ready(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        port, fingerprint, found = args.get("port"), args.get("fingerprint"), loop.state.setup
        well = (
            isinstance(fingerprint, str)
            and len(fingerprint) == 64
            and set(fingerprint) <= set("0123456789ABCDEF")
        )
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536 or not well:
            raise Refused("say a port, and a SHA-256 as 64 capital hexadecimal digits")
        if found is None:
            raise Refused("the page is not to be open")
        host = f"[{found.host}]" if ":" in found.host else found.host
        url = f"https://{host}/" if port == 443 else f"https://{host}:{port}/"
        loop.handle(on.SetupReady(url, str(fingerprint)))
        return {}

    def _code(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        code = args.get("code")
        if not isinstance(code, str) or len(code) > MOST_CODE:
            raise Refused("type the code that the display shows")
        if why := setup.why_not(loop.state, loop.clock.monotonic()):
            raise Refused(why)
        token = secrets.token_urlsafe(32)
        typed = "".join(char for char in code if not char.isspace() and char != "-")
        loop.handle(on.SetupTried(typed, _hashed(token)))
        after = loop.state.setup
        if after is not None and after.session == _hashed(token):
            return {"session": token}
        raise Refused(setup.WRONG_CODE if after is not None else setup.CLOSED_BY_CODES)

    def _known(self, state: State, args: dict[str, Any]) -> None:
        """Raises Refused to whom nobody let in."""
        token, found = args.get("session"), state.setup
        known = found is not None and bool(found.session)
        if not isinstance(token, str) or found is None or not known:
            raise Refused(NOT_IN)
        if not hmac.compare_digest(_hashed(token), found.session):
            raise Refused(NOT_IN)

    def _preview(self, args: dict[str, Any], at_keypad: tuple[str, ...]) -> dict[str, Any]:
        self._proposal = None
        try:
            self._proposal = self._configuration.proposed(parse(args), at_keypad)
        except ConfigError as error:
            return {"faults": list(error.faults), "effects": [], "confirm": ""}
        return {"faults": [], "effects": list(self._proposal.effects), "confirm": self._proposal.name}

    def _apply(self, loop: Loop, args: dict[str, Any]) -> Future[dict[str, Any]]:
        """Do what was shown last, and nothing else."""
        state, named = loop.state, args.get("confirm")
        if state.lives or state.expects_help:
            raise Refused(IN_USE)
        if not isinstance(named, str):
            raise Refused(STALE)
        return self._done_beside(self._applied, named)

    def _applied(self, named: str) -> dict[str, Any]:
        proposal, self._proposal = self._proposal, None
        if proposal is None or not hmac.compare_digest(proposal.name.encode(), named.encode()):
            raise Unable(STALE)
        try:
            self._configuration.hand_over(proposal, self._folder)
        except OSError as error:
            raise Unable(f"it could not be written ({error.strerror}); nothing was changed") from error
        return {"version": proposal.version}

    def _done_beside(self, work: Callable[..., dict[str, Any]], *given: Any) -> Future[dict[str, Any]]:
        """``work`` in a thread of its own: files are read, and nobody waits for that at the keypad."""

        def guarded() -> dict[str, Any]:
            try:
                return work(*given)
            except Unable as error:
                raise Refused(str(error)) from None
            except BaseException as error:
                self._crash(error)
                raise

        return self._beside.submit(guarded)


NOT_IN = "type the code first: the display of the telephone shows it"


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
