"""``python -m firmware.setup``: the page for setting up, for as long as the telephone says.

systemd hands it the socket that listens (sd_listen_fds(3)); ``--listen`` makes one, for the simulator.
Exit status: 0 when the page is over or was not to be open, 1 when it cannot be opened.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from firmware.setup import certificate
from firmware.setup.serving import Serving
from firmware.setup.telephone import Away, Refused, Telephone
from firmware.setup.web import application

DOOR = Path("/run/sottovoce-setup/phone.sock")
FIRST_DESCRIPTOR = 3
"""Of those that systemd hands over."""

LOOK_S = 1.0
AWAY_S = 90.0
"""Seconds that a telephone may be away, to start anew, until the page is over."""

LONGEST_S = 1000.0
"""The page ends by then, whatever the telephone says."""


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.setup", description="The page for setting up.")
    found.add_argument("--door", type=Path, default=DOOR, help="the telephone's socket for this program")
    found.add_argument("--listen", metavar="ADDRESS:PORT", help="where; without it systemd's socket")
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        return asyncio.run(run(Telephone(options.door), options.listen))
    except (Away, OSError, ValueError) as error:
        print(f"The set-up page cannot be opened: {error}", file=sys.stderr)
        return 1


async def run(
    telephone: Telephone,
    listen: str | None,
    signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT),
    look: float = LOOK_S,
) -> int:
    """From the telephone's leave to the end of it. Raises Away, OSError, ValueError.

    ``look``: seconds between two looks whether it still has that leave.
    """
    hello = await telephone.ask("hello")
    if not hello.get("open"):
        return 0
    with listener(listen) as listening:
        host, port = str(hello["host"]), int(listening.getsockname()[1])
        context, fingerprint = certificate.made(host)
        over = asyncio.Event()
        for number in signals:
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        serving = Serving(application(host, port, telephone, over.set), listening, context)
        await serving.start()
        try:
            await telephone.ask("ready", port=port, fingerprint=fingerprint)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_S):
                    await _until_over(telephone, over, look)
        except Refused:
            pass  # it was closed at once
        finally:
            await serving.stop()
    return 0


async def _until_over(telephone: Telephone, over: asyncio.Event, look: float) -> None:
    """Look whether the page is still to be open, until it is not."""
    seen = time.monotonic()
    while time.monotonic() - seen < AWAY_S:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), look)
            return
        try:
            if not (await telephone.ask("hello")).get("open"):
                return
            seen = time.monotonic()
        except Away:
            continue


def listener(listen: str | None) -> socket.socket:
    """The socket that listens. Raises OSError, ValueError."""
    if listen is None:
        if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
            raise ValueError("systemd gave no socket; say --listen ADDRESS:PORT")
        return socket.socket(fileno=FIRST_DESCRIPTOR)
    address, _, port = listen.rpartition(":")
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.strip("[]"), int(port)))
    except (OSError, ValueError):
        made.close()
        raise
    return made


if __name__ == "__main__":
    sys.exit(main())
