"""Notices that the telephone's addresses change: a cable, another router, another network.

The kernel tells of every change by itself (rtnetlink(7)); nothing is polled, nothing is sent.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable
from typing import Any

from firmware.phone.sip.finding.order import Address

_LINK, _V4_ADDRESS, _V4_ROUTE, _V6_ADDRESS, _V6_ROUTE = 0x1, 0x10, 0x40, 0x100, 0x400
"""RTMGRP_* of linux/rtnetlink.h."""

QUIET = 0.3
"""Seconds without news after which a change is told: several come for one cable."""

_MOST = 65536


def source(towards: Address) -> str:
    """Our own address on the way there, or "" where there is none. Nothing is sent."""
    family = socket.AF_INET6 if towards.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((str(towards), 9))
            return str(trial.getsockname()[0])
    except OSError:
        return ""


class Moves:
    """``changed`` is called in a thread of its own, ``crash`` with what should not happen.

    ``start`` raises OSError where the kernel tells nobody.
    """

    def __init__(self, changed: Callable[[], None], crash: Callable[[BaseException], None]) -> None:
        self._changed = changed
        self._crash = crash
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        try:
            kernel.bind((0, _LINK | _V4_ADDRESS | _V4_ROUTE | _V6_ADDRESS | _V6_ROUTE))
        except OSError:
            kernel.close()
            raise
        kernel.setblocking(False)
        self._kernel = kernel
        self._stop_in, self._stop_out = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="moves", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is None:
            return
        os.close(self._stop_out)
        self._thread.join()
        self._thread = None
        os.close(self._stop_in)
        self._kernel.close()

    def _run(self) -> None:
        try:
            watched: list[Any] = [self._kernel, self._stop_in]
            news = False
            while True:
                ready, _, _ = select.select(watched, [], [], QUIET if news else None)
                if self._stop_in in ready:
                    return
                if ready:
                    self._drain()
                    news = True
                else:
                    news = False
                    self._changed()
        except BaseException as error:  # noqa: BLE001 - handed on: the process ends loudly
            self._crash(error)

    def _drain(self) -> None:
        try:
            while self._kernel.recv(_MOST):
                pass
        except BlockingIOError:
            pass
        except OSError:  # ENOBUFS: more came than was kept, which is a change as well
            pass
