"""An administrator with a folder, a web server with ETags as nginx has them, a telephone with a ticket."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from firmware.phone.config import Config, load
from firmware.provisioning import program
from firmware.provisioning.fetch import Answer
from firmware.provisioning.ticket import Ticket, read
from firmware.release import provision
from firmware.release.keys import KeyFolder
from tests.rig.certs import Authority

TEMPLATE = """
[account]
user = "${user}"
domain = "phone.test"
password = "${password}"
display_name = "${name}"
"""
TABLE = "phone,user,password,name\nanna,30,secret-of-anna,Anna\nberta,31,secret-of-berta,\n"


class Server:
    """Static files over TLS. ``status``, ``headers``, ``body``: what it answers instead of a file."""

    def __init__(self, folder: Path, authority: Authority, host: str = "localhost") -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                file = folder / self.path.lstrip("/")
                body = outer.body or (file.read_bytes() if file.is_file() else b"")
                etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
                status = outer.status or (200 if file.is_file() else 404)
                if status == 200 and self.headers.get("If-None-Match") == etag:
                    status, body = 304, b""
                self.send_response(status)
                for name, value in ({"ETag": etag, "Content-Length": str(len(body))} | outer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                outer.sent += len(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.certificate = authority.issue("fleet-server", dns=[host], ips=["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.cert, self.certificate.key)
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"https://localhost:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class Scene:
    """``folder``: the administrator's. The telephone keeps its things in ``here``."""

    def __init__(self, tmp_path: Path, url: str, authority: Authority) -> None:
        self.folder, self.here, self.state = tmp_path / "fleet", tmp_path / "phone", tmp_path / "state.json"
        self.here.mkdir()
        self.authority = authority
        self.now = datetime.now(UTC)
        self.keys = KeyFolder(tmp_path / "keys", lambda name: "correct horse battery")
        provision.begin(self.folder, url, self.keys)
        (self.folder / "template.toml").write_text(TEMPLATE)
        (self.folder / "phones.csv").write_text(TABLE)
        self.make()

    def make(self, **after: float) -> list[str]:
        """Sign and encrypt what is new, this much later."""
        self.now += timedelta(**after)
        return provision.make(self.folder, self.keys, self.now)

    def change(self, before: str, after: str, file: str = "template.toml") -> None:
        path = self.folder / file
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def ticket(self, phone: str = "anna", extra: str = "") -> Ticket:
        shutil.copy(self.authority.pem, self.here.parent / "ca.pem")
        path = self.here.parent / "provision.toml"
        path.write_text((self.folder / f"tickets/{phone}.toml").read_text() + 'ca_file = "ca.pem"\n' + extra)
        return read(path)

    def served(self, phone: str = "anna") -> Path:
        return self.folder / "served" / self.ticket(phone).address.rpartition("/")[2]

    def pull(self, content: bytes | None = None, **options: Any) -> bool:
        """The telephone asks; ``content``: what it gets instead of what is served."""
        ask = None if content is None else lambda ticket, etag: Answer(content, "")
        ticket = options.pop("ticket", None) or self.ticket()
        options |= {"ask": ask} if ask else {}
        return program.pull(ticket, self.here, self.state, options.pop("now", self.now), **options)

    @property
    def config(self) -> Config:
        return load(self.here / "phone.toml")

    @property
    def user(self) -> str:
        account = self.config.account
        return account.user if account else ""
