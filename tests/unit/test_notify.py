"""What systemd is told, and that a stalled reader of it does not stop us."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from firmware.phone.notify import Notifier


def test_ready_and_alive_reach_the_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"})
        notifier.ready()
        notifier.alive()
        assert [reader.recv(64), reader.recv(64)] == [b"READY=1", b"WATCHDOG=1"]
    assert notifier.watchdog_seconds == 1


@pytest.mark.timeout(10)
def test_a_reader_that_never_reads_does_not_stop_us(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(2000):
            notifier.alive()


def test_nobody_to_tell() -> None:
    Notifier({}).ready()
