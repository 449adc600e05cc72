"""The machine: QEMU with U-Boot in its flash and one disk. Its power can go at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.vm.kit import VmError

ROOT = Path(__file__).resolve().parents[3]
UBOOT = Path("/usr/lib/u-boot/qemu-x86/u-boot.rom")
SILENCE_S = 240.0
"""Seconds in which some line that is waited for must come, on a busy machine; idle it takes 10."""


class Machine:
    """``results``: a folder that the machine sees; what it is to do is in order.json there.

    ``log``: where every write to the disk is kept from the next ``on`` (``writes``); None: nowhere.
    """

    def __init__(self, disk: Path, results: Path) -> None:
        self.disk = disk
        self.log: Path | None = None
        self.results = results
        self.boots = 0
        self._qemu: subprocess.Popen[bytes] | None = None
        self._heard = b""
        self._log = (results / "console.log").open("ab")
        (results / "where").write_text(f"{ROOT}\n{sys.executable}\n")

    def on(self, do: str = "update", rauc: str = "rauc") -> None:
        """Power on. ``do``: update, small, rest, tamper, full, or contract (of ``rauc``); it stays the order
        for all later starts.
        """
        (self.results / "order.json").write_text(json.dumps({"do": do, "rauc": rauc}))
        self._heard = b""
        self._log.write(f"\n--- power on: {do}\n".encode())
        self._qemu = subprocess.Popen(
            self._argv(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._qemu.stdout is not None
        os.set_blocking(self._qemu.stdout.fileno(), False)

    def wait(
        self, *words: str, limit_s: float = SILENCE_S, meanwhile: Callable[[], None] = lambda: None
    ) -> str:
        """The rest of the next line that begins with "sv: " and one of ``words``. ``meanwhile`` is called
        again and again until it comes.

        Raises VmError when none comes, with the end of the console. U-Boot's waiting for a key is cut short.
        """
        until = time.monotonic() + limit_s
        while True:
            while b"\n" in self._heard:
                line, _, self._heard = self._heard.partition(b"\n")
                text = line.decode(errors="replace").strip()
                if text.startswith("sv: FAILED"):
                    raise VmError(f"{text}\n{self._tail()}")
                for word in words:
                    if text.startswith(f"sv: {word}"):
                        return text.removeprefix("sv: ")
            meanwhile()
            self._hurry()
            ended = self._qemu is None or self._qemu.poll() is not None
            if not self._hear() and (ended or time.monotonic() > until):
                why = "ended" if ended else f"said nothing of {' or '.join(words)} for {limit_s:g} s"
                raise VmError(f"The machine {why}.\n{self._tail()}")
            time.sleep(0.01)

    def heard(self, text: str, limit_s: float = SILENCE_S) -> None:
        """Wait until U-Boot says ``text``. Raises VmError."""
        until = time.monotonic() + limit_s
        while text.encode() not in self._heard:
            self._hurry()
            if not self._hear() and time.monotonic() > until:
                raise VmError(f"U-Boot does not say {text!r}.\n{self._tail()}")
            time.sleep(0.01)

    def up(self, when: str = "up") -> dict[str, Any]:
        """What it says of itself when a slot has come up (``recovered``: and the updater has gone on)."""
        told: dict[str, Any] = json.loads(self.wait(f"{when} ").partition(" ")[2])
        return told

    def cut(self) -> None:
        """The power goes: nothing that the machine has not written is written."""
        if self._qemu is None:
            return
        self._qemu.kill()
        self._qemu.wait()
        self._hear()
        for pipe in (self._qemu.stdin, self._qemu.stdout):
            assert pipe is not None
            pipe.close()
        self._qemu = None

    def frozen(self, disk: Path) -> None:
        """``disk`` becomes what ``cut`` at this moment would leave; the machine then goes on."""
        assert self._qemu is not None
        self._qemu.send_signal(signal.SIGSTOP)
        try:
            subprocess.run(["cp", "--sparse=always", self.disk, disk], check=True, timeout=60)
        finally:
            self._qemu.send_signal(signal.SIGCONT)

    def off(self) -> None:
        """Wait until the slot has ended by itself (without ACPI it only halts), then take the power away."""
        self.wait("ended with")
        self.heard("System halted")
        self.cut()

    def _hear(self) -> bool:
        assert self._qemu is not None
        assert self._qemu.stdout is not None
        fresh = self._qemu.stdout.read() or b""
        self._log.write(fresh)
        self._log.flush()
        self._heard += fresh
        return bool(fresh)

    def _hurry(self) -> None:
        """A key at U-Boot's countdown, then its own boot command."""
        assert self._qemu is not None
        assert self._qemu.stdin is not None
        for seen, key in ((b"stop autoboot", b" "), (b"=> ", b"boot\n")):
            if seen in self._heard:
                self._heard = self._heard.partition(seen)[2]
                self._qemu.stdin.write(key)
                self._qemu.stdin.flush()

    def _tail(self) -> str:
        lines = (self.results / "console.log").read_text(errors="replace").splitlines()[-40:]
        return "\n".join(["--- the end of its console ---", *lines])

    def _argv(self) -> list[str]:
        argv = ["qemu-system-x86_64", "-M", "q35", "-smp", "1", "-m", "768", "-cpu", "max"]
        argv += ["-accel", "tcg,thread=single", "-bios", str(UBOOT)]  # U-Boot does not run on every KVM
        argv += ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
        file = f"driver=raw,file.driver=file,file.filename={self.disk}"
        if self.log is None:
            argv += ["-blockdev", f"node-name=disk,{file}"]
        else:
            self.log.write_bytes(b"")
            logged = "node-name=disk,driver=blklogwrites,file.driver=raw,file.file.driver=file"
            logged += f",file.file.filename={self.disk},log.driver=raw,log.file.driver=file"
            argv += ["-blockdev", f"{logged},log.file.filename={self.log},log-sector-size=512"]
        argv += ["-device", "ide-hd,drive=disk,bus=ide.0"]
        argv += ["-device", "i6300esb", "-action", "watchdog=reset"]
        for tag, path, extra in (
            ("host", "/", ",readonly=on,multidevs=remap"),
            ("results", str(self.results), ""),
        ):
            argv += ["-fsdev", f"local,id={tag},path={path},security_model=none{extra}"]
            argv += ["-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        return argv
