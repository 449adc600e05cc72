"""Messages to systemd's notification socket (sd_notify(3)): ready, alive, stopping."""

from __future__ import annotations

import contextlib
import os
import socket


class Notifier:
    """Sends to ``$NOTIFY_SOCKET``; without it every call does nothing."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        env = dict(os.environ) if environ is None else environ
        self._address = env.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog(env)

    def ready(self) -> None:
        self._send("READY=1")

    def alive(self) -> None:
        """Never waits: a reader that stalls must not stop the telephone."""
        with contextlib.suppress(BlockingIOError):
            self._send("WATCHDOG=1", socket.MSG_DONTWAIT)

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str, flags: int = 0) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(address)
            sock.sendall(message.encode(), flags)


def _watchdog(env: dict[str, str]) -> float | None:
    """Seconds between signs of life, a third of ``$WATCHDOG_USEC``; None when nobody watches."""
    text = env.get("WATCHDOG_USEC", "")
    mine = env.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
    return int(text) / 3e6 if text.isdigit() and int(text) > 0 and mine else None
