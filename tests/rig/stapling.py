"""A TLS server that staples an OCSP response: ``openssl s_server``, for Python's cannot."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.certs import Certificate
from tests.rig.processes import wait_until


class StaplingServer:
    """Notes all that it is told inside TLS; a context manager. ``staple``: the response, None: none."""

    def __init__(self, folder: Path, certificate: Certificate, staple: Path | None) -> None:
        self.port = ports.one(ports.LOOPBACK)
        self.uri = f"sip:{ports.LOOPBACK}:{self.port};transport=tls;lr"
        self._argv = ["setpriv", "--pdeathsig", "KILL", "openssl", "s_server", "-quiet"]
        self._argv += ["-accept", f"{ports.LOOPBACK}:{self.port}"]
        self._argv += ["-cert", str(certificate.cert), "-key", str(certificate.key)]
        self._argv += ["-status_file", str(staple)] if staple else []
        self._log = folder / "stapling.log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            # Its input stays open: at the end of that it ends the connection.
            self._server = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=log, stderr=log)
        wait_until(self._listens, 10, "openssl s_server to listen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.kill()
        self._server.wait()

    @property
    def data(self) -> str:
        """What came inside TLS, and the server's own complaints."""
        return self._log.read_text(errors="replace")

    def explain(self) -> str:
        """For a failure."""
        return f"--- stapling server ---\n{self.data}"

    def _listens(self) -> bool:
        try:
            socket.create_connection((ports.LOOPBACK, self.port), 1).close()
        except OSError:
            return False
        return True
