"""Junk that a telephone must bear: INVITE, OPTIONS and SUBSCRIBE by the thousand, TLS handshakes without end.

``python -m tests.rig.storm KIND TARGET PORT RATE SECONDS`` sends it, prints how many left, and ends. Each
request is one that a stranger might send: another Call-ID, another branch, an SDP that can be parsed. What
comes back is counted, not answered: the sender never says ACK.
"""

from __future__ import annotations

import itertools
import json
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BATCH_S = 0.01
CLIENTS, SILENT = 8, 3
"""Threads at the same time, and connections that each of them keeps open without a word."""
AGAIN_S = 0.002
"""After a connection that came to nothing: our own processor is the call's, too."""

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVP 8\r\n"
    "a=fingerprint:SHA-256 " + ":".join(["AB"] * 32) + "\r\na=setup:actpass\r\n"
)


@dataclass(frozen=True)
class Told:
    """What one storm did. ``answers``: datagrams that came back, or handshakes that were finished."""

    sent: int
    answers: int
    seconds: float


def request(method: str, target: str, ours: str, number: int) -> bytes:
    """One request outside a dialog, from nobody in particular."""
    one = secrets.token_hex(6)
    body = _SDP if method == "INVITE" else ""
    more = (
        "Event: presence\r\nExpires: 600\r\nAccept: application/pidf+xml\r\n" if method == "SUBSCRIBE" else ""
    )
    more += "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:alice@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bK{one}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:junk{number}@junk.test>;tag={one}\r\nTo: <sip:alice@{target}>\r\n"
        f"Call-ID: {one}\r\nCSeq: 1 {method}\r\nContact: <sip:junk@{ours}>\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def datagrams(method: str, target: tuple[str, int], rate: int, seconds: float) -> Told:
    """Send so many a second by UDP, evenly in steps of 10 ms."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        out.connect(target)
        out.setblocking(False)
        ours = f"127.0.0.1:{out.getsockname()[1]}"
        name = f"{target[0]}:{target[1]}"
        began = time.monotonic()
        sent = answers = 0
        numbers = itertools.count()
        while (passed := time.monotonic() - began) < seconds:
            for _ in range(min(rate, int(passed * rate) - sent)):
                with suppress(OSError):
                    out.send(request(method, name, ours, next(numbers)))
                sent += 1
            with suppress(OSError):
                while out.recv(65536):
                    answers += 1
            time.sleep(BATCH_S)
        return Told(sent, answers, time.monotonic() - began)


def handshakes(target: tuple[str, int], seconds: float, idle: bool) -> Told:
    """Shake hands as fast as it goes, and leave; ``idle``: connect and never say a word."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    began = time.monotonic()
    counts = [(0, 0)] * CLIENTS

    def one(place: int) -> None:
        sent = done = 0
        mine: list[socket.socket] = []
        while time.monotonic() - began < seconds:
            if len(mine) >= SILENT:
                time.sleep(BATCH_S)
                mine = [plain for plain in mine if not _closed(plain)]
                continue
            sent += 1
            time.sleep(AGAIN_S)
            with suppress(OSError):
                plain = socket.create_connection(target, timeout=1)
                if idle:
                    mine.append(plain)
                    continue
                with plain, context.wrap_socket(plain):
                    done += 1
        counts[place] = (sent, done)
        for plain in mine:
            plain.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Told(sum(n for n, _ in counts), sum(n for _, n in counts), time.monotonic() - began)


def _closed(plain: socket.socket) -> bool:
    """Whether the other end has let it go."""
    plain.setblocking(False)
    try:
        return plain.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


KINDS: dict[str, Callable[[tuple[str, int], int, float], Told]] = {
    "INVITE": lambda target, rate, seconds: datagrams("INVITE", target, rate, seconds),
    "OPTIONS": lambda target, rate, seconds: datagrams("OPTIONS", target, rate, seconds),
    "SUBSCRIBE": lambda target, rate, seconds: datagrams("SUBSCRIBE", target, rate, seconds),
    "handshakes": lambda target, rate, seconds: handshakes(target, seconds, idle=False),
    "connections": lambda target, rate, seconds: handshakes(target, seconds, idle=True),
}


class Storm:
    """One kind of junk from a process of its own; a context manager. ``told`` waits for its end."""

    def __init__(self, kind: str, target: tuple[str, int], seconds: float, rate: int = 0) -> None:
        self.kind = kind
        self._seconds = seconds
        argv = [
            sys.executable,
            "-m",
            "tests.rig.storm",
            kind,
            target[0],
            str(target[1]),
            str(rate),
            str(seconds),
        ]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def __enter__(self) -> Storm:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def told(self) -> Told:
        """What it did, when it is over."""
        text, _ = self._process.communicate(timeout=self._seconds + 20)
        return Told(**json.loads(text))


def main() -> None:
    """Send what the command line says."""
    kind, host, port, rate, seconds = sys.argv[1:6]
    told = KINDS[kind]((host, int(port)), int(rate), float(seconds))
    print(json.dumps(told.__dict__))


if __name__ == "__main__":
    main()
