"""Garbage for a media port, ten thousand packets a second: ``garbage.c`` compiled, and what it is given."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.rig.capture import Packet

RATE = 10_000
"""Packets a second."""


def thrower(folder: Path) -> Path:
    """Compile it into ``folder`` and return it."""
    made = folder / "garbage"
    source = Path(__file__).with_name("garbage.c")
    subprocess.run(["cc", "-O2", "-o", made, source], check=True)
    return made


def throw(folder: Path, sent: Iterable[Packet], port: int, seconds: int) -> subprocess.Popen[str]:
    """Start to throw at the RTP port ``port`` and the RTCP port after it.

    Args:
        folder: where the program and its samples go.
        sent: packets that the far end has sent to that port and the next, some of them RTP: they are
            replayed, cut, and changed by a bit, and all garbage comes from their source.
    """
    samples = [packet for packet in sent if packet.target[1] in (port, port + 1)]
    first = next(packet for packet in samples if packet.target[1] == port)
    file = folder / "samples"
    file.write_bytes(
        b"".join(
            len(packet.payload).to_bytes(2) + bytes([packet.target[1] - port]) + packet.payload
            for packet in samples
        )
    )
    command = [thrower(folder), first.target[0], port, *first.source, RATE, seconds, file]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
