"""``python -m tests.vm.debian``: the units under systemd in Debian 13, in a virtual machine of its own.

Results are in build/vm-debian: junit.xml, console.log, the capture from power-on.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.vm.__main__ import compile_all, summary
from tests.vm.debian.program import first_root, program
from tests.vm.debian.root import ready_root
from tests.vm.kit import Kit, VmError
from tests.vm.machine import ROOT, Extra, run

RESULTS = ROOT / "build" / "vm-debian"
SUITE = ["tests/vm/debian"]
LIMIT_S = 1200
TALK = ("systemd.journald.forward_to_console=1", "systemd.show_status=1")
SILENCE_S = 600
"""One test of this machine may start the telephone several times, on a slow processor."""
CARDS = {"eth0": "52:54:00:5e:00:01", "eth1": "52:54:00:5e:00:02"}
"""The telephone's network card, and that of the world at the other end of the cable."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.vm.debian", description="Tests under systemd.")
    options.add_argument(
        "--accel", choices=["tcg-waits", "kvm"], default="tcg-waits", help="kvm: where it is there"
    )
    options.add_argument("--talk", action="store_true", help="the journal goes to the console too")
    options.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for the whole run")
    options.add_argument("pytest", nargs="*", default=SUITE, help="what pytest gets, after --")
    chosen = options.parse_args()
    began = time.monotonic()
    try:
        debian = ready_root()
        shutil.rmtree(RESULTS, ignore_errors=True)
        RESULTS.mkdir(parents=True)
        compile_all()
        with tempfile.TemporaryDirectory(prefix="vm-debian-") as folder:
            drives = [debian.base, program(Path(folder), debian)]
            made_s = time.monotonic() - began
            ran = run(
                Kit(debian.kernel, first_root(Path(folder), debian)),
                RESULTS,
                chosen.pytest,
                accelerator=chosen.accel,
                limit_s=chosen.limit,
                extra=Extra([*_words(), *(TALK if chosen.talk else ())], _devices(drives), SILENCE_S),
            )
    except VmError as error:
        print(f"\nmake test-vm: {error}", file=sys.stderr)
        return 1
    print(f"vm: kit {made_s:.0f} s, boot {ran.boot_s:.1f} s, all {time.monotonic() - began:.0f} s")
    print(f"vm: {summary(RESULTS / 'junit.xml')}; everything is in {RESULTS}")
    return ran.exit


def _words() -> list[str]:
    """What the image says to the kernel, but what would keep out our unsigned modules and the console."""
    lines = (ROOT / "systemd/kernel-command-line.txt").read_text().splitlines()
    words = [line for line in lines if line and not line.startswith("#")]
    here = ("lockdown", "module.sig_enforce", "quiet", "loglevel", "panic", "mitigations", "init_on_free")
    return [word for word in words if word.partition("=")[0] not in here]


def _devices(drives: list[Path]) -> list[str]:
    devices = []
    for number, drive in enumerate(drives):
        devices += ["-drive", f"file={drive},format=raw,if=none,readonly=on,id=drive{number}"]
        devices += ["-device", f"virtio-blk-pci,drive=drive{number}"]
    for name, address in CARDS.items():
        devices += [
            "-netdev",
            f"hubport,hubid=0,id={name}",
            "-device",
            f"e1000,netdev={name},mac={address}",
        ]
    return devices


if __name__ == "__main__":
    sys.exit(main())
