"""One run of the virtual machine under QEMU, with an eye on its console."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.vm.kit import Kit, VmError

ROOT = Path(__file__).resolve().parents[2]

MEMORY_MB = 2048
CPUS = "1"
ACCELERATORS = {
    "tcg": ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-rtc", "clock=vm"],
    "tcg-waits": ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on", "-rtc", "clock=vm"],
    "kvm": ["-accel", "kvm"],
}
"""tcg: the machine's clock counts instructions, 10^9 a second, and jumps to the next event while it idles. So
it is as fast as a small board to itself, however slow or busy the build machine is (docs/adr/0008).
tcg-waits: the same, but it idles in real time: what waits for a disk does not run into its time limit.
"""
BOOT_S = 120
"""Seconds until the machine must have said that it is ready; idle it takes 5."""
SILENCE_S = 240
"""Seconds without a line on its console after which it is taken to hang; longer than any test may take."""


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    exit: int
    """pytest's exit code."""
    boot_s: float
    whole_s: float


@dataclass(frozen=True)
class Extra:
    """``words`` for the kernel, ``devices`` as QEMU's arguments."""

    words: Sequence[str] = ()
    devices: Sequence[str] = ()
    silence_s: float | None = None
    """None: ``SILENCE_S``."""


def run(
    kit: Kit,
    results: Path,
    arguments: Sequence[str],
    *,
    accelerator: str,
    limit_s: float,
    plan: str = "tests",
    extra: Extra = Extra(),
) -> Ran:
    """Boot, run pytest with ``arguments``, wait for the end.

    Args:
        results: a folder that the machine sees as ``session.RESULTS``.
        accelerator: ``tcg``, or ``kvm`` where the build machine can.
        plan: ``tests``; ``panic`` and ``hang`` show that a broken machine is noticed.
        extra: what this machine has besides.

    Raises:
        VmError: it did not boot, hung, died or took too long; with the end of its console.
    """
    (results / "session.json").write_text(json.dumps({"plan": plan, "pytest": list(arguments)}))
    (results / "where").write_text(f"{ROOT}\n{sys.executable}\n")
    console = results / "console.log"
    console.write_text("")
    began = time.monotonic()
    qemu = subprocess.Popen(_argv(kit, results, console, accelerator, extra), stdin=subprocess.DEVNULL)
    try:
        boot_s = _watch(qemu, console, began, limit_s, extra.silence_s or SILENCE_S)
    except VmError as error:
        tail = "\n".join(console.read_text(errors="replace").splitlines()[-40:])
        raise VmError(f"{error}\n--- the end of {console} ---\n{tail}") from None
    finally:
        if qemu.poll() is None:
            qemu.kill()
        qemu.wait()
    verdict = results / "exit"
    if not verdict.exists():
        tail = "\n".join(console.read_text(errors="replace").splitlines()[-40:])
        raise VmError(
            f"The virtual machine ended without a result (QEMU's exit code {qemu.returncode}).\n"
            f"--- the end of {console} ---\n{tail}"
        )
    return Ran(int(verdict.read_text()), boot_s, time.monotonic() - began)


def _watch(
    qemu: subprocess.Popen[bytes], console: Path, began: float, limit_s: float, silence_s: float
) -> float:
    """Print what the machine says until it ends; the seconds until it was ready."""
    boot_s, seen, heard, partial = 0.0, 0, began, ""
    while True:
        ended = qemu.poll() is not None
        with console.open("rb") as file:
            file.seek(seen)
            fresh = file.read()
        now = time.monotonic()
        if fresh:
            seen, heard = seen + len(fresh), now
            *lines, partial = (partial + fresh.decode(errors="replace")).split("\n")
            for line in map(str.rstrip, lines):
                print(f"[{now - began:5.1f}] {line}", flush=True)
                if line == "vm: ready":
                    boot_s = now - began
        if ended:
            return boot_s
        if not boot_s and now - began > BOOT_S:
            raise VmError(f"The virtual machine did not boot within {BOOT_S} s.")
        if now - heard > silence_s:
            raise VmError(f"The virtual machine hangs: not a word for {silence_s:g} s.")
        if now - began > limit_s:
            raise VmError(f"The virtual machine was not done within {limit_s:g} s.")
        time.sleep(0.1)


def _argv(kit: Kit, results: Path, console: Path, accelerator: str, extra: Extra) -> list[str]:
    words = ["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "oops=panic", "mitigations=off"]
    words += ["tsc=reliable", "random.trust_cpu=on", "nokaslr", *extra.words]
    argv = ["qemu-system-x86_64", "-M", "q35", "-smp", CPUS, "-m", str(MEMORY_MB)]
    argv += ["-cpu", "max", *ACCELERATORS[accelerator]]
    argv += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    argv += ["-kernel", str(kit.kernel), "-initrd", str(kit.initrd), "-append", " ".join(words)]
    for tag, path, how in (
        ("host", "/", ",readonly=on,multidevs=remap"),
        ("results", str(results), ""),
    ):
        argv += ["-fsdev", f"local,id={tag},path={path},security_model=none{how}"]
        argv += ["-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return [*argv, *extra.devices, "-device", "virtio-rng-pci", "-serial", f"file:{console}"]
