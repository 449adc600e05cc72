"""The network that the virtual board is plugged into: a namespace of its own, a router, and who reads along.

The whole process goes into the namespace, and so do QEMU, kamailio and baresip that it starts.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from pathlib import Path

from tests.vm.debian.packets import Packet, read
from tests.vm.debian.world import ADDRESS, ADDRESS6, CARD, World, settle

CARD_NUMBER = "52:54:00:5e:00:01"
"""The telephone's."""
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_HELD = 70_000
"""Packets that wait for a slow machine: one scan, whole."""


class Cable:
    """Made before the machine is switched on; ``begin`` after it."""

    def __init__(self, folder: Path) -> None:
        self.capture = folder / "from-power-on.pcap"
        self.world = World()
        if _libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network namespace: run as root")
        _ip("link", "set", "lo", "up")
        _ip("tuntap", "add", "dev", CARD, "mode", "tap")
        Path(f"/proc/sys/net/ipv6/conf/{CARD}/accept_dad").write_text("0")
        _ip("link", "set", CARD, "txqueuelen", str(_HELD), "up")
        _ip("address", "add", f"{ADDRESS}/24", "dev", CARD)
        _ip("address", "add", f"{ADDRESS6}/64", "dev", CARD, "nodad")
        words = ["tcpdump", "-i", CARD, "-U", "-s", "0", "-B", "32768", "-w", str(self.capture)]
        self._reader = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.capture.exists() or not self.capture.stat().st_size:
            assert self._reader.poll() is None, "tcpdump ended"
            time.sleep(0.05)

    def begin(self) -> None:
        """Serve addresses and names, once the other end is plugged in."""
        end = time.monotonic() + 20
        while "fe80:" not in _ip("-6", "address", "show", "dev", CARD, "scope", "link", "-tentative"):
            assert time.monotonic() < end, "the cable has no carrier"
            time.sleep(0.1)
        self.world.start()

    def close(self) -> None:
        self.world.ended.set()
        self._reader.terminate()
        self._reader.wait()

    def sent(self) -> list[Packet]:
        """Every packet of the telephone since power-on."""
        settle()
        return [packet for packet in read(self.capture.read_bytes()) if packet.card == CARD_NUMBER]


DEVICE = [
    *("-netdev", f"tap,id=n,ifname={CARD},script=no,downscript=no"),
    *("-device", f"virtio-net-pci,netdev=n,romfile=,mac={CARD_NUMBER}"),
]
"""For QEMU."""


def _ip(*words: str) -> str:
    environment = os.environ | {"PATH": f"/usr/sbin:/sbin:{os.environ['PATH']}"}
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True, env=environment).stdout
