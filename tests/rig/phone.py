"""The phone under test: our daemon as a process, driven only through what a user has.

with Phone(tmp_path, authority, registrar=registrar) as phone:
    phone.wait_registered()
    phone.hook("up"); phone.keys("102#")
    phone.wait_call("active", 8)
assert phone.exit_code == 0
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig import ports
from tests.rig.certs import DOMAIN, Authority
from tests.rig.kamailio import Registrar
from tests.rig.processes import Process, RigError, wait_until

ROOT = Path(__file__).resolve().parents[2]

Status = dict[str, Any]
Call = dict[str, Any]

READY_S = 15
"""Seconds within which the daemon answers its socket after its start, on a loaded machine."""


@dataclass(frozen=True)
class Answer:
    """What one ``sotto`` command gave."""

    exit: int
    data: Any
    """The JSON it printed, None if that was no JSON."""
    text: str
    """stdout and stderr as printed."""


class Phone:
    """One daemon with the simulated board; a context manager that ends it with SIGTERM."""

    def __init__(
        self,
        folder: Path,
        authority: Authority,
        *,
        registrar: Registrar | None = None,
        user: str = "alice",
        password: str | None = None,
        auth_user: str = "",
        display_name: str = "",
        proxy: str | None = None,
        account: bool = True,
        transport: str = "tls",
        address: str = ports.LOOPBACK,
        listens: bool = True,
        codecs: Sequence[str] = ("opus", "g722", "pcma", "pcmu"),
        encryption: str = "end-to-end",
        allow_clear: bool = False,
        playback: str = "null",
        capture: str = "null",
        mixer: str = "default",
        ringer: str | None = None,
        alsa_config: Path | None = None,
        extra: str = "",
        account_extra: str = "",
        more_accounts: str = "",
        board: str | Path = "simulator",
        env: Mapping[str, str] | None = None,
        module: str = "firmware.phone",
        bind: bool = True,
        within: Sequence[str] = (),
    ) -> None:
        """Write its configuration, not start it.

        Args:
            folder: its own folder is made in here.
            authority: the only one it trusts.
            registrar: whose user it is; with ``proxy`` the account goes elsewhere.
            password: default: the registrar's for this user.
            proxy: URI of the outbound proxy, default that of the registrar; with neither it is found by DNS.
            listens: False: no port is configured, as in most people's telephones.
            account: False: no [account] table, direct calls only.
            playback, capture, mixer, ringer: ALSA names; "null" is no device.
            alsa_config: ALSA_CONFIG_PATH, see ``cables``.
            board: the board's name, or a file.
            extra: TOML to append, further tables.
            account_extra: TOML to put into [account], further lines.
            more_accounts: TOML, [[account]] tables of the accounts after the first.
            env: further variables of its environment.
            module: what is started, see ``faulty``.
            bind: False: it uses whatever addresses there are.
            within: what goes before its command, such as ``House.phone``.
        """
        self.user = user
        self.address = address
        self.registrar = registrar
        self.folder = folder / f"phone-{user}"
        self.state = self.folder / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self._run = Path(tempfile.mkdtemp(prefix="rig-"))  # short: it holds the name of a Unix socket
        self.socket = self._run / "s"
        self.sip_port = ports.block(2, ports.LOOPBACK if within else address)
        self.exit_code: int | None = None
        self.config = self.folder / "phone.toml"
        tables: dict[str, dict[str, Any]] = {}
        if account:
            tables["account"] = {
                "user": user,
                "domain": DOMAIN,
                "password": password or (registrar.users[user] if registrar else "secret"),
            }
            tables["account"] |= {"auth_user": auth_user} if auth_user else {}
            tables["account"] |= {"display_name": display_name} if display_name else {}
            if proxy or registrar:
                uri = registrar.uri if registrar else ""
                if registrar and transport != "tls":
                    uri = f"sip:{registrar.address}:{registrar.port};transport={transport};lr"
                tables["account"]["outbound_proxy"] = proxy or uri
        tables["sip"] = {"transport": transport, "ca_file": str(authority.pem)}
        tables["sip"] |= {"bind": address} if bind else {}
        if listens:
            tables["sip"]["port"] = self.sip_port
        own = authority.issue(f"phone-{user}", dns=[DOMAIN], ips=[address])
        if not account:
            tables["sip"] |= {"cert_file": str(own.cert), "key_file": str(own.key)}
        tables["media"] = {"encryption": encryption, "allow_clear": allow_clear, "codecs": list(codecs)}
        tables["audio"] = {"playback": playback, "capture": capture, "mixer": mixer}
        tables["audio"] |= {"ringer": ringer} if ringer else {}
        text = _toml(tables).replace("[account]\n", f"[account]\n{account_extra}", 1)
        if more_accounts:
            text = text.replace("[account]\n", "[[account]]\n", 1)
        self.config.write_text(text + more_accounts + extra)
        self._env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)}
        self._env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(env or {})
        if alsa_config is not None:
            self._env["ALSA_CONFIG_PATH"] = str(alsa_config)
        argv = [*within, sys.executable, "-m", module, "--config", str(self.config), "--board", str(board)]
        argv += ["--state-dir", str(self.state), "--socket", str(self.socket)]
        self.process = Process(f"phone {user}", argv, self.folder / "log", self._env, self.folder, grace=6)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self.explain())
        self.stop()
        shutil.rmtree(self._run, ignore_errors=True)

    def explain(self) -> str:
        """Status, display and log, for a failure."""
        if not self.process.alive:
            return self.process.tail(60)
        try:
            state = f"{self.sotto('status').text}\n{self.screen()}"
        except subprocess.TimeoutExpired:
            state = "it does not answer its socket"
        return f"--- phone {self.user} ---\n{state}\n{self.process.tail(60)}"

    def start(self, ready: bool = True) -> None:
        """Start it and wait until its socket answers."""
        self.process.start()
        if ready:
            wait_until(self._answers, READY_S, f"phone {self.user} to answer its socket", every=0.1)

    def stop(self) -> int | None:
        """SIGTERM, SIGKILL after 6 s; sets and returns ``exit_code``."""
        self.exit_code = self.process.stop()
        return self.exit_code

    def listening(self) -> list[int]:
        """The TCP ports at which it takes connections, as the kernel says (as ``ss -tlnp`` does)."""
        proc = Path(f"/proc/{self.process.pid}")
        mine = {os.readlink(link) for link in (proc / "fd").iterdir() if link.is_symlink()}
        rows = [
            row.split() for name in ("tcp", "tcp6") for row in (proc / "net" / name).read_text().splitlines()
        ]
        return [
            int(row[1].rpartition(":")[2], 16)
            for row in rows
            if f"socket:[{row[9]}]" in mine and row[3] == "0A"
        ]

    def terminate(self, seconds: float = 6) -> tuple[int, float]:
        """SIGTERM; the exit code and after how many seconds it came.

        Raises:
            RigError: it did not end in that time.
        """
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        return code, time.monotonic() - start

    def sotto(self, *words: str, seconds: float = 10, as_json: bool = True) -> Answer:
        """Run ``sotto`` with these words against this phone's socket."""
        argv = [sys.executable, "-m", "firmware.phone.cli", *words]
        done = subprocess.run(
            argv + (["--json"] if as_json else []),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self._env | {"SOTTO_SOCKET": str(self.socket)},
            cwd=self.folder,
            check=False,
        )
        try:
            data = json.loads(done.stdout)
        except ValueError:
            data = None
        return Answer(done.returncode, data, done.stdout + done.stderr)

    def do(self, *words: str) -> Any:
        """Run ``sotto`` and insist that it was done (exit 0); returns its JSON."""
        answer = self.sotto(*words)
        if answer.exit != 0:
            raise AssertionError(f"sotto {' '.join(words)}: exit {answer.exit}: {answer.text}")
        return answer.data

    def status(self) -> Status:
        """``sotto status --json``."""
        data = self.do("status")
        if not isinstance(data, dict):
            raise AssertionError(f"status is not a JSON object: {data!r}")
        return data

    def screen(self) -> str:
        """The display's text lines."""
        return self.sotto("screen", as_json=False).text

    def hook(self, position: str) -> None:
        """Lift (``up``) or replace (``down``) the handset."""
        self.do("sim", "hook", position)

    def keys(self, keys: str) -> None:
        """Press keys one after the other, such as ``102#``."""
        self.do("sim", "key", *keys)

    def privacy(self, position: str) -> None:
        """Set the privacy switch: ``private``, ``open`` or ``broken``."""
        self.do("sim", "privacy", position)

    def watch(self) -> Process:
        """``sotto watch`` as a process to be entered: wait for its lines with ``wait_for``."""
        argv = [sys.executable, "-m", "firmware.phone.cli", "watch", "--json"]
        env = self._env | {"SOTTO_SOCKET": str(self.socket)}
        return Process(f"watch of {self.user}", argv, self.folder / "watch", env, self.folder)

    def wait_screen(self, pattern: str, seconds: float = 5) -> str:
        """Wait until the display's text, with single spaces, matches, and return it; case does not matter."""
        last = ""

        def look() -> str | None:
            nonlocal last
            last = " ".join(self.screen().split())
            return last if re.search(pattern, last, re.IGNORECASE) else None

        try:
            return wait_until(look, seconds, f"/{pattern}/ on {self.user}'s display", every=0.1)
        except RigError as error:
            error.add_note(f"the display shows: {last}")
            raise

    def wait_status(self, chosen: Callable[[Status], bool], seconds: float, what: str) -> Status:
        """Wait until the status satisfies ``chosen``; on failure the last status is shown."""
        last: Status = {}

        def look() -> Status | None:
            nonlocal last
            if not self.process.alive:
                raise RigError(f"phone {self.user} ended\n{self.process.tail()}")
            last = self.status()
            return last if chosen(last) else None

        try:
            return wait_until(look, seconds, what, every=0.1)
        except RigError as error:
            error.add_note(f"last status: {json.dumps(last)}")
            raise

    def wait_registered(self, seconds: float = 10) -> None:
        """Wait until the phone itself says that it is registered."""
        self.wait_registration("registered", seconds)

    def wait_registration(self, wanted: str, seconds: float = 10) -> Status:
        """Wait until the phone says that its registration is in this state."""
        return self.wait_status(
            lambda s: s["registration"] == wanted, seconds, f"{self.user}'s registration to be {wanted}"
        )

    def wait_call(self, state: str, seconds: float = 8, **fields: object) -> Call:
        """Wait for a call in this state whose fields have these values, and return it."""

        def fits(call: Call) -> bool:
            return call["state"] == state and all(call.get(key) == value for key, value in fields.items())

        status = self.wait_status(
            lambda s: any(map(fits, s["calls"])), seconds, f"a call {state} {fields or ''} at {self.user}"
        )
        return next(filter(fits, status["calls"]))

    def wait_idle(self, seconds: float = 8) -> None:
        """Wait until no call is left but ended ones."""
        self.wait_status(
            lambda s: all(call["state"] == "ended" for call in s["calls"]),
            seconds,
            f"{self.user}'s calls to end",
        )

    def _answers(self) -> bool:
        if not self.process.alive:
            raise RigError(f"phone {self.user} ended at start\n{self.process.tail()}")
        return self.socket.exists() and self.sotto("status").exit == 0


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Strings, numbers, booleans and lists of strings as TOML (a JSON string is a TOML string)."""
    text = ""
    for name, table in tables.items():
        lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())
        text += f"[{name}]\n" + "\n".join(lines) + "\n\n"
    return text
