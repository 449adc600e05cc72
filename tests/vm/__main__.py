"""``python -m tests.vm``: the tests on kernel devices, in a virtual machine of their own.

Results are in build/vm: junit.xml, figures.json, console.log, and what the display has shown as *.png.
Words after ``--`` go to pytest instead of the whole suite.
"""

from __future__ import annotations

import argparse
import compileall
import json
import shutil
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.vm.kit import VmError, ready_kit
from tests.vm.machine import ROOT, run

RESULTS = ROOT / "build" / "vm"
NO_DEVICE = "tests/contract/test_reading_voice.py"
"""It starts a program within a time limit, and the machine's clock jumps while a file is awaited."""
SUITE = ["tests/contract", f"--ignore={NO_DEVICE}", "tests/hardware", "tests/vm"]
LIMIT_S = 600


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.vm", description="Tests on kernel devices.")
    options.add_argument("--accel", choices=["tcg", "kvm"], default="tcg", help="kvm: where it is there")
    options.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for the whole run")
    options.add_argument("--plan", choices=["tests", "panic", "hang"], default="tests", help="try the watch")
    options.add_argument("--results", type=Path, default=RESULTS, help="a folder that is made anew")
    options.add_argument("pytest", nargs="*", default=SUITE, help="what pytest gets, after --")
    chosen = options.parse_args()
    results = chosen.results.resolve()
    began = time.monotonic()
    try:
        kit = ready_kit()
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        compile_all()
        made_s = time.monotonic() - began
        ran = run(
            kit, results, chosen.pytest, accelerator=chosen.accel, limit_s=chosen.limit, plan=chosen.plan
        )
    except VmError as error:
        print(f"\nmake test-vm: {error}", file=sys.stderr)
        return 1
    _print_figures(results / "figures.json")
    print(f"vm: kit {made_s:.0f} s, boot {ran.boot_s:.1f} s, all {time.monotonic() - began:.0f} s")
    print(f"vm: {summary(results / 'junit.xml')}; everything is in {results}")
    return ran.exit


def compile_all() -> None:
    """Byte code beforehand: the machine's root is read-only and its processor slow."""
    for folder in ("firmware", "tests"):
        compileall.compile_dir(ROOT / folder, quiet=2)


def _print_figures(file: Path) -> None:
    for name, figure in json.loads(file.read_text()).items() if file.exists() else ():
        values = [f"{key} {value}" for key, value in figure.items() if key not in ("unit", "value")]
        print(f"vm: {name}: {' '.join([str(figure.get('value', '')), figure['unit'], *values]).strip()}")


def summary(junit: Path) -> str:
    suite = next(ET.parse(junit).getroot().iter("testsuite"))  # noqa: S314 - our own file
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    return ", ".join(f"{number} {name}" for name, number in count.items())


if __name__ == "__main__":
    sys.exit(main())
