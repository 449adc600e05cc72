"""One QEMU machine with an image's disk: power on, power cut, and a shell for the tests on its serial line.

The image has no shell that anybody could reach. The tests' cards have a first root that also leaves a unit in
/run (``with_shell``); the root under test stays as it is, and its hash tree with it.
"""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from firmware.image.disk import sizes, starts
from firmware.image.initramfs import cpio
from firmware.image.places import DATA

BOOT_S = 400.0
"""Seconds, on a busy machine of two cores."""
_PROMPT = "probe-ready"
_UNIT = f"""[Unit]
Description=The tests' own shell
DefaultDependencies=no
After=sysinit.target
Conflicts=shutdown.target
[Service]
ExecStart=/bin/sh -c 'stty -echo; echo {_PROMPT}; exec /bin/sh'
Environment=PATH=/usr/sbin:/usr/bin PS1= PS2=
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyAMA0
"""
_BEFORE = "\nfor folder in proc sys dev run; do\n"
_LEAVES = f"""
busybox mkdir -p /run/systemd/system/sysinit.target.wants
busybox cat >/run/systemd/system/tests.service <<'EOF'
{_UNIT}EOF
busybox ln -s ../tests.service /run/systemd/system/sysinit.target.wants/tests.service
"""


class MachineError(Exception):
    """The machine did not do what it was to do; with the end of its console."""


class Machine:
    """``disk`` is written to; ``extra`` are more words for QEMU."""

    def __init__(self, folder: Path, disk: Path, bios: Path, *, extra: Sequence[str] = ()) -> None:
        self.folder, self.disk, self.bios = folder, disk, bios
        self._extra = [*extra]
        self.console = folder / "console.log"
        self._qemu: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._heard = b""
        self._mark = 0

    def on(self) -> None:
        """Power on."""
        path = self.folder / "serial"
        path.unlink(missing_ok=True)
        self._heard, self._mark = b"", 0
        argv = [
            "qemu-system-aarch64",
            "-M",
            "virt",
            "-cpu",
            "cortex-a72",
            "-smp",
            "2",
            "-m",
            "1024",
        ]
        argv += ["-accel", "tcg,thread=multi", "-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-bios", str(self.bios), "-device", "virtio-rng-pci"]
        argv += ["-drive", f"file={self.disk},format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d"]
        argv += ["-chardev", f"socket,id=c,path={path},server=on,wait=on", "-serial", "chardev:c"]
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                [*argv, *self._extra], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._line = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                self._line.connect(str(path))
                break
            except OSError:
                time.sleep(0.05)
        self._line.settimeout(0.5)
        self.began = time.monotonic()

    def heard(self) -> str:
        """All of the console since power-on."""
        return self._heard.decode(errors="replace")

    def wait_for(self, pattern: str, limit_s: float = BOOT_S) -> re.Match[str]:
        """Until the console has said ``pattern`` since the last wait. Raises MachineError."""
        until = time.monotonic() + limit_s
        while True:
            text = self._heard[self._mark :].decode(errors="replace")
            if found := re.search(pattern, text):
                self._mark += len(text[: found.end()].encode(errors="replace"))
                return found
            if time.monotonic() > until or not self._listen():
                raise MachineError(f"no {pattern!r} within {limit_s:g} s:\n{self.heard()[-3000:]}")

    def _listen(self) -> bool:
        assert self._line is not None
        try:
            piece = self._line.recv(65536)
        except TimeoutError:
            return self._qemu is not None and self._qemu.poll() is None
        self._heard += piece
        with self.console.open("ab") as log:
            log.write(piece)
        return bool(piece)

    def boot(self, limit_s: float = BOOT_S) -> float:
        """Power on and wait for the shell; seconds that it took."""
        self.on()
        return self.ready(limit_s)

    def ready(self, limit_s: float = BOOT_S) -> float:
        """Wait for the shell; seconds since power-on."""
        self.wait_for(rf"{_PROMPT}\r?\n", limit_s)
        return time.monotonic() - self.began

    def run(self, command: str, limit_s: float = 120.0) -> str:
        """What ``command`` prints in the machine. Raises MachineError when it fails."""
        assert self._line is not None
        self._mark = len(self._heard)
        self._line.sendall(f'{{ {command}\n}} 2>&1; echo "end-$?-"\n'.encode())
        text = ""
        start = self._mark
        found = self.wait_for(r"end-(\d+)-\r?\n", limit_s)
        text = self._heard[start : self._mark].decode(errors="replace").replace("\r", "")
        text = text[: text.rindex("end-")]
        if found.group(1) != "0":
            raise MachineError(f"{command!r} failed in the machine:\n{text}")
        return text.strip()

    def put(self, path: str, octets: bytes) -> None:
        """Write a small file: the line has room for four thousand characters."""
        self.run(f": >{path}")
        for at in range(0, len(octets), 1500):
            piece = base64.b64encode(octets[at : at + 1500]).decode()
            self.run(f"echo {piece} | base64 -d >>{path}")

    def get(self, path: str) -> bytes:
        """What is in a file."""
        return base64.b64decode(self.run(f"base64 -w 0 {path}"))

    def until(self, command: str, wanted: str, limit_s: float = 240) -> str:
        """Repeat ``command`` until it prints what has ``wanted`` in it. Raises MachineError."""
        end = time.monotonic() + limit_s
        said = ""
        while time.monotonic() < end:
            said = self.run(f"{command}; true")
            if wanted in said:
                return said
            time.sleep(2)
        raise MachineError(f"{command}: {said}, not {wanted}")

    def settled(self, limit_s: float = BOOT_S) -> None:
        """Wait until all that is started at power-on is started. Raises MachineError with what failed."""
        said = self.run("systemctl is-system-running --wait; true", limit_s)
        if said != "running":
            failed = self.run(
                "systemctl --failed --plain --no-legend; journalctl -b -p warning -n 30 --no-pager"
            )
            raise MachineError(f"the system is {said}:\n{failed}")

    def cut(self) -> None:
        """Take the power away."""
        if self._qemu is not None:
            self._qemu.kill()
            self._qemu.wait()
        if self._line is not None:
            self._line.close()

    def restart(self, limit_s: float = BOOT_S) -> None:
        """Have it start again in order, and wait for the shell."""
        assert self._line is not None
        self._mark = len(self._heard)
        self._line.sendall(b"systemctl --no-block reboot\n")
        self.wait_for(rf"{_PROMPT}\r?\n", limit_s)


def with_shell(boot: Path, folder: Path, epoch: int = 0) -> Path:
    """A copy of the boot image ``boot`` whose first root also leaves the tests' shell; the same size."""
    made = folder / "boot-with-shell.img"
    shutil.copyfile(boot, made)
    tree = folder / "more"
    tree.mkdir()
    text = (DATA / "init").read_text()
    assert _BEFORE in text
    (tree / "init").write_text(text.replace(_BEFORE, _LEAVES + _BEFORE))
    (tree / "init").chmod(0o755)
    initrd = folder / "initrd"
    subprocess.run(["mcopy", "-n", "-i", made, "::initrd", initrd], check=True)
    octets = initrd.read_bytes()
    # The kernel unpacks one archive after the other; the later file counts.
    initrd.write_bytes(octets + b"\0" * (-len(octets) % 4) + cpio(tree, epoch))
    subprocess.run(["mcopy", "-o", "-i", made, initrd, "::initrd"], check=True)
    shutil.rmtree(tree)
    initrd.unlink()
    return made


def put(target: Path, partition: str, file: Path) -> None:
    """Write ``file`` to a partition of a card."""
    with target.open("r+b") as disk:
        disk.seek(starts(sizes().partitions)[partition])
        disk.write(file.read_bytes())


def kit(folder: Path, target: Path) -> list[str]:
    """A disk with the files of ``folder``, as words for QEMU; ``KIT`` mounts it in the machine."""
    subprocess.run(
        ["mksquashfs", folder, target, "-noappend", "-quiet", "-no-progress", "-noI", "-noD", "-noF", "-noX"],
        check=True,
        capture_output=True,
    )
    drive = ["-drive", f"file={target},format=raw,if=none,readonly=on,id=kit"]
    return [*drive, "-device", "virtio-blk-pci,drive=kit"]


KIT = "mkdir -p /run/kit && mount -t squashfs -o ro,nodev,nosuid /dev/vdb /run/kit"


def card(image: Path, target: Path, size: int) -> Path:
    """A card of ``size`` octets with the image on it; holes stay holes."""
    subprocess.run(["cp", "--sparse=always", image, target], check=True)
    with target.open("r+b") as disk:
        disk.truncate(size)
    return target
