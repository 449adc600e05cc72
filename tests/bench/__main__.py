"""``python -m tests.bench [--quick] [--only NAME] [--json FILE] [--page FILE]``: measure, print, write."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

from tests.bench import (
    contacts,
    hook,
    loop,
    loss,
    picture,
    report,
    running,
    senses,
    setup,
    simulator,
    start,
    updates,
)
from tests.bench.bed import Bench
from tests.bench.figures import Row
from tests.rig.certs import Authority
from tests.rig.phone import ROOT
from tests.rig.processes import RigError

SECTIONS: dict[str, Callable[[Bench], list[Row]]] = {
    "dtls": setup.measure_dtls,
    "sdes": setup.measure_sdes,
    "zrtp": setup.measure_zrtp,
    "start": start.measure,
    "idle": running.idle,
    "opus": running.call_opus,
    "pcma": running.call_pcma,
    "opus-linphone": running.beside_opus,
    "pcma-linphone": running.beside_pcma,
    "loss": loss.measure,
    "loop": loop.measure,
    "hook": hook.measure,
    "contacts": contacts.measure,
    "senses": senses.measure,
    "simulator": simulator.measure,
    "updates": updates.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples, a minute and a half in all")
    parser.add_argument("--only", choices=[*SECTIONS], action="append", help="this group alone (repeatable)")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "build" / "bench" / "results.json", metavar="FILE"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the documentation's page too")
    parser.add_argument("--keep", action="store_true", help="keep logs and captures")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _terminated)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    authority = Authority.create(folder / "ca")
    bench = Bench(folder, authority, authority.registrar(), chosen.quick, _say)
    troubles: list[str] = []
    load, began = os.getloadavg()[0], time.monotonic()
    try:
        rows = _measure(bench, chosen.only or [*SECTIONS], troubles)
    finally:
        if chosen.keep or troubles:
            _say(f"logs and captures are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    where = report.Circumstances(
        date.today().isoformat(),
        machine(),
        system(),
        rival(),
        load,
        os.getloadavg()[0],
        time.monotonic() - began,
        chosen.quick,
    )
    print(f"\n{report.table(rows)}\n\n{where.words()}\n{report.verdict(rows)}")
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(report.as_json(rows, where, troubles), indent=1, ensure_ascii=False))
    drawn = picture.svg(rows)
    (chosen.json.parent / "picture.svg").write_text(drawn)
    if chosen.page and not troubles:
        chosen.page.write_text(report.page(rows, where))
        (chosen.page.parent / "pictures").mkdir(exist_ok=True)
        (chosen.page.parent / "pictures" / "figures.svg").write_text(drawn)
    for trouble in troubles:
        print(f"NOT MEASURED: {trouble}", file=sys.stderr)
    return 1 if troubles else 0


def _measure(bench: Bench, names: list[str], troubles: list[str]) -> list[Row]:
    """All groups; one that cannot be measured does not keep the others from it."""
    rows: list[Row] = []
    for name in names:
        try:
            rows += SECTIONS[name](bench)
        except (RigError, OSError, subprocess.SubprocessError) as error:
            troubles.append("\n".join([f"{name}: {error}", *getattr(error, "__notes__", [])]))
    return rows


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _terminated(*_: object) -> NoReturn:
    """Unwind, so that every child is ended."""
    sys.exit(128 + signal.SIGTERM)


def machine() -> str:
    """Its kind, never its name."""
    flags = Path("/proc/cpuinfo").read_text()
    kind = "virtual machine" if " hypervisor" in flags else "machine"
    return f"{os.cpu_count()}-core {platform.machine().replace('_', '-')} {kind}"


def system() -> str:
    release = platform.freedesktop_os_release()
    return f"{release.get('NAME', 'Linux').split()[0]} {release.get('VERSION_ID', '')}".strip()


def rival() -> str:
    found = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "baresip-core"], capture_output=True, text=True, check=False
    )
    return f"baresip {found.stdout.partition('-')[0]}".strip()


if __name__ == "__main__":
    sys.exit(main())
