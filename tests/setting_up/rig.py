"""A telephone without hands, its door, and the page's program in a thread: all but the SIP engine is real."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from firmware.keep import __main__ as keep
from firmware.phone import commands as do
from firmware.phone import config as configuration
from firmware.phone import typed
from firmware.phone.clock import SystemClock
from firmware.phone.control import Control
from firmware.phone.loop import Loop
from firmware.phone.machine import setup
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.notify import Notifier
from firmware.phone.setting_up.configuration import Configuration
from firmware.phone.setting_up.door import SetupDoor
from firmware.phone.setting_up.passwords import FOLDER, Passwords
from firmware.phone.setting_up.period import KEEP, PROPOSAL, Period
from firmware.setup import __main__ as program
from firmware.setup.telephone import ANSWER_S, Telephone

LOCAL = "127.0.0.1"
PATIENCE_S = 10.0

PHONE_TOML = """\
# The telephone in the hall.
[account]
user = "alice"          # as the provider has it
domain = "phone.test"
password = "first-secret"

[sip]
transport = "tls"

# friends
[[contact]]
name = "Bob"
uri = "sip:bob@phone.test"
speed_dial = 2
"""


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse, certificate: bytes | None) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        self.certificate = certificate

    @property
    def said(self) -> str:
        """The text that a person reads."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    @property
    def confirm(self) -> str:
        found = re.search(r'name="confirm" value="([^"]+)"', self.text)
        assert found, self.said
        return found[1]


class Setup:
    """``folder``: where the telephone keeps all. Use as a context manager."""

    def __init__(self, folder: Path, text: str | None = PHONE_TOML) -> None:
        self.folder = folder
        self.config = folder / "phone.toml"
        if text is not None:
            self.config.write_text(text)
            self.config.chmod(0o600)
        self.state_dir, self.meeting = folder / "state", folder / "setup"
        for made in (self.state_dir, self.meeting):
            made.mkdir(mode=0o700, exist_ok=True)
        self.done: list[do.Command] = []
        self.crashes: list[BaseException] = []
        self.program: threading.Thread | None = None
        self.cookie = ""

    def __enter__(self) -> Setup:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        if self.open:
            self.ask(lambda loop: setup.over(loop.state, "", 0.0)[0], keep=True)
        if self.program is not None:
            self.program.join(ANSWER_S + PATIENCE_S)  # it may wait for an answer of before a start anew
        self._end()
        assert self.program is None or not self.program.is_alive(), "the page's program did not end"
        assert self.crashes == []

    # --- the telephone -------------------------------------------------------------------------------

    def _begin(self) -> None:
        known = Configuration(self.config, Passwords(self.state_dir), self.state_dir)
        self.period = Period(self.meeting, lambda: LOCAL)
        loaded = configuration.load(self.config if self.config.exists() else None)
        typed.settle(loaded, self.state_dir)
        loaded = typed.effective(loaded, self.state_dir)
        self.loop = Loop(Rules.of(loaded, ()), SystemClock(), self, Notifier({}))
        self.door = SetupDoor(self.meeting, known, self.crashes.append)
        self.control = Control(self.door.socket, self.loop, self.door, self.crashes.append, True)
        known.started()
        self.period.start(self.loop.post)
        self.control.start()
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    def _end(self) -> None:
        self.loop.stop()
        self.thread.join(PATIENCE_S)
        self.control.stop()
        self.door.stop()

    def restart(self) -> None:
        """As systemd does after a change."""
        self._end()
        self._begin()

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)
        if isinstance(command, do.BeginSetup | do.KeepSetup | do.EndSetup):
            self.period.carry_out(command)

    def ask(self, what: Callable[[Loop], Any], keep: bool = False) -> Any:
        """``what`` in the loop's thread. ``keep``: it gives a state, which is the loop's from now on."""

        def asked(loop: Loop) -> Any:
            found = what(loop)
            if keep:
                loop.state = found
            return found

        return self.loop.request(asked).result(PATIENCE_S)

    @property
    def state(self) -> State:
        found: State = self.ask(lambda loop: loop.state)
        return found

    @property
    def open(self) -> bool:
        return self.state.setup is not None

    def press_open(self) -> None:
        """The item of the menu is chosen, and the page's program started."""

        def begun(loop: Loop) -> State:
            state, commands = setup.begin(loop.rules, loop.state, loop.clock.monotonic())
            for command in commands:
                self.carry_out(command)
            return state

        self.ask(begun, keep=True)
        self.start_program()
        self.wait(lambda: bool(self.state.setup and self.state.setup.fingerprint))

    def start_program(self) -> None:
        telephone = Telephone(self.door.socket)
        self.ended: list[object] = []

        def run() -> None:
            try:
                self.ended.append(asyncio.run(_run(telephone)))
            except BaseException as error:
                self.ended.append(error)
                raise

        self.wait(lambda: bool(self.state.setup and self.state.setup.code))
        self.program = threading.Thread(target=run)
        self.program.start()

    def wait(self, until: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.02)

    @property
    def code(self) -> str:
        assert self.state.setup is not None
        return self.state.setup.code

    @property
    def port(self) -> int:
        assert self.state.setup is not None
        return int(self.state.setup.url.rstrip("/").rpartition(":")[2])

    @property
    def proposal(self) -> Path:
        return self.meeting / KEEP / PROPOSAL

    def keep(self) -> int:
        """What ``python -m firmware.keep`` does under its unit."""
        return keep.main(
            ["--config", str(self.config), "--proposal", str(self.proposal),
             "--passwords", str(self.state_dir / FOLDER)]
        )  # fmt: skip

    # --- the browser ---------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        cookie: bool = True,
    ) -> Answer:
        """One request as a browser makes it; None in ``headers``: without that one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(LOCAL, self.port, timeout=PATIENCE_S, context=context)
        sent: dict[str, str | None] = {"Host": f"{LOCAL}:{self.port}"}
        if method == "POST":
            sent["Origin"] = f"https://{LOCAL}:{self.port}"
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if cookie and self.cookie:
            sent["Cookie"] = f"__Host-session={self.cookie}"
        sent |= dict(headers or {})
        try:
            connection.connect()
            certificate = connection.sock.getpeercert(True)
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            raw = body.encode() if isinstance(body, str) else body
            if raw is not None:
                connection.putheader("Content-Length", str(len(raw)))
            connection.endheaders(raw)
            return Answer(connection.getresponse(), certificate)
        finally:
            connection.close()

    def get(self, path: str = "/", **more: Any) -> Answer:
        return self.request("GET", path, **more)

    def post(self, path: str, fields: Mapping[str, str] | None = None, **more: Any) -> Answer:
        return self.request("POST", path, urlencode(fields or {}), **more)

    def enter(self) -> None:
        """Type the code of the display."""
        answer = self.post("/code", {"code": self.code})
        assert answer.status == 303, answer.said
        found = re.match(r"__Host-session=([^;]+);", answer.headers["Set-Cookie"])
        assert found
        self.cookie = found[1]


async def _run(telephone: Telephone) -> int:
    return await program.run(telephone, f"{LOCAL}:0", signals=(), look=0.05)


def fingerprint(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest().upper()
