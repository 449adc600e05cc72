"""A public access point and a telephone's network card in it: two network namespaces with a cable between.

The telephone's end is set by the units' own files: systemd-networkd with ``systemd/network``, and between two
guest periods ``firmware.network.identity``. The other end gives addresses by DHCP and router advertisements,
and every packet on the cable is kept.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
GATEWAY = "192.0.2.1"
CARD = "p0"
LINE_S = 30.0
"""Seconds until there is an address of both kinds; duplicates are looked for first."""

_CLONE_NEWNET = 0x40000000

_PREPARE = """
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t sysfs -o ro sysfs /sys
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp /run/systemd/network
chown -R systemd-network: /run/systemd/netif
mount -t tmpfs tmpfs /etc/systemd/network && ip link set lo up
"""
_HERE = f"""[Match]
Name=w0
[Network]
ConfigureWithoutCarrier=yes
Address={GATEWAY}/24
Address=2001:db8::1/64
DHCPServer=yes
IPv6SendRA=yes
LinkLocalAddressing=ipv6
[DHCPServer]
EmitDNS=no
EmitNTP=no
[IPv6Prefix]
Prefix=2001:db8::/64
"""


class Hotspot:
    """A context manager; ``folder`` gets what is captured. Only root can make one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._line: subprocess.Popen[bytes] | None = None
        self.mark = folder / "guest"
        """The folder that is there in a guest period: the test's, or a telephone's own."""

    def __enter__(self) -> Self:
        try:
            self.phone, self.world = self._namespace("phone"), self._namespace("world")
            self.run(
                self.phone,
                f"ip link add {CARD} type veth peer name w0 netns {self.world}; ip link set {CARD} down",
            )
            wired = (ROOT / "systemd/network/80-wired.network").read_text()
            self._put(self.phone, "80-wired.network", re.sub(r"(?m)^Kind=.*\n", "", wired))
            self._put(self.world, "10-hotspot.network", _HERE)
            self._start(self.world, "/lib/systemd/systemd-networkd")
            self._wait(self.world, "w0", (GATEWAY,))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def period(self, name: str, *, guest: bool = True) -> Iterator[Path]:
        """From the change of the card's number to the end of the lease. Yields the capture."""
        file = self._folder / f"{name}.pcap"
        if guest:
            self.mark.mkdir()
        self.run(self.phone, self._command("-m", "firmware.network.identity", "--period", str(self.mark)))
        tcpdump = self._start(
            self.world,
            "tcpdump",
            "-i",
            "w0",
            "-U",
            "--immediate-mode",
            "-s",
            "0",
            "-w",
            str(file),
            "-Z",
            "root",
        )
        end = time.monotonic() + 10
        while not file.exists() or not file.stat().st_size:
            assert time.monotonic() < end, "tcpdump did not start"
            time.sleep(0.05)
        line = self._start(self.phone, "/lib/systemd/systemd-networkd")
        try:
            self._wait(self.phone, CARD, ("192.0.2.", "2001:db8:"))
            self.hello()
            yield file
        finally:
            _end(line)
            time.sleep(0.3)
            _end(tcpdump)
            if guest:
                shutil.rmtree(self.mark, ignore_errors=True)

    def number(self) -> str:
        """What number the telephone's card shows now."""
        return self.run(self.phone, f"cat /sys/class/net/{CARD}/address").strip()

    def linked(self, files: dict[str, str], card: str, wanted: Sequence[str]) -> str:
        """What networkd makes of these files at the telephone's end: all its cards, once ``card`` has what is
        wanted.
        """
        self.run(self.phone, "rm -f /etc/systemd/network/*")
        for name, text in files.items():
            here = re.sub(r"(?m)^Kind=!.*\n", "", text).replace("Type=ether", f"Name={CARD}")
            self._put(self.phone, name, here)
        line = self._start(self.phone, "/lib/systemd/systemd-networkd")
        try:
            self._wait(self.phone, card, wanted)
            return self.run(self.phone, "ip -d -o link; ip -o address; ip route")
        finally:
            _end(line)

    def hello(self) -> None:
        """A packet to the gateway by IPv4 and IPv6, for which its card has to be asked for (ARP, ND).

        Tried for 10 s: the addresses are there a moment before their routes, also after another number.
        """
        to = ((2, GATEWAY), (10, "2001:db8::1"))
        words = f"import socket as s; [s.socket(f, 2).sendto(bytes(), (a, 9)) for f, a in {to}]"
        once = f'{sys.executable} -c "{words}"'
        self.run(self.phone, f"n=0; until {once}; do n=$((n+1)); [ $n -lt 50 ]; sleep 0.2; done")

    def run(self, process: int, script: str) -> str:
        """Run a shell's script in a namespace."""
        done = subprocess.run(
            [*_enter(process), "sh", "-ec", script],
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout

    @staticmethod
    @contextmanager
    def within(process: int) -> Iterator[None]:
        """Make sockets and start programs in the network of a namespace."""
        with open("/proc/self/ns/net") as ours, open(f"/proc/{process}/ns/net") as theirs:
            _setns(theirs.fileno())
            try:
                yield
            finally:
                _setns(ours.fileno())

    @staticmethod
    def _command(*words: str) -> str:
        return " ".join([sys.executable, *words])

    def _namespace(self, name: str) -> int:
        """A process that holds a namespace open; its number."""
        process = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "600"], stdin=subprocess.DEVNULL)
        self._stack.callback(_end, process)
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{process.pid}/ns/net") == ours:
            time.sleep(0.005)
        self.run(process.pid, _PREPARE)
        return process.pid

    def _put(self, process: int, name: str, text: str) -> None:
        self.run(process, f"cat > /etc/systemd/network/{name} <<'END'\n{text}\nEND")

    def _start(self, process: int, *command: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{Path(command[0]).name}.log").open("ab")
        with log:
            made = subprocess.Popen(
                [*_enter(process), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
            )
        self._stack.callback(_end, made)
        return made

    def _wait(self, process: int, card: str, wanted: Sequence[str]) -> None:
        end = time.monotonic() + LINE_S
        while True:
            found = self.run(process, f"ip -o address show dev {card} 2>&1 || true")
            if all(one in found for one in wanted) and ("tentative" not in found or card != CARD):
                return
            log = self._folder / "systemd-networkd.log"
            assert time.monotonic() < end, f"no {wanted} in {found}{log.read_text()[-3000:]}"
            time.sleep(0.2)


_ENVIRONMENT = os.environ | {"PATH": f"/usr/sbin:/sbin:{os.environ['PATH']}", "SYSTEMD_LOG_TARGET": "console"}


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _enter(process: int) -> list[str]:
    return ["nsenter", f"--target={process}", "--net", "--mount", "--"]


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, SIGKILL after 5 s."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
