"""``python -m tests.vm.slots``: updates of a board with two slots, in a virtual machine.

Without words: an update, the power going at many of its writes, a new version that panics, and QEMU killed in
its first boot and while it is kept. ``--all``: every scenario; ``--cuts 20``: the power goes at 20 moments of
each phase, and what it leaves is started; ``--kills 20``: QEMU is killed 20 times in each phase. Results:
build/slots/figures.json and results/console.log.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.vm.kit import VmError
from tests.vm.slots import cuts, scenarios
from tests.vm.slots.machine import ROOT
from tests.vm.slots.scenarios import PHASES, Place

RESULTS = ROOT / "build" / "slots"
MOMENTS = 20


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.vm.slots", description="Updates of two slots.")
    options.add_argument("--all", action="store_true", help="every scenario, 10 minutes and more")
    options.add_argument("--cuts", type=int, default=0, help="power cuts in each phase, each of them booted")
    options.add_argument("--kills", type=int, default=0, help="kill the machine so often in each phase")
    options.add_argument("--phases", nargs="*", default=PHASES, metavar="PHASE", help="of --kills")
    options.add_argument("--seed", type=int, default=int(time.time()), help="for the moments of power cuts")
    options.add_argument("--results", type=Path, default=RESULTS, help="a folder that is made anew")
    options.add_argument("scenarios", nargs="*", help="only these, by name")
    chosen = options.parse_args()
    known: dict[str, Callable[[Place], None]] = dict(scenarios.SHORT)
    known["moments"] = functools.partial(cuts.moments, count=MOMENTS)
    known["kills"] = functools.partial(cuts.kills, count=1, phases=cuts.LATE)
    if chosen.all or chosen.scenarios:
        known |= scenarios.LONG
    if chosen.cuts:
        known["cuts"] = functools.partial(cuts.cuts, count=chosen.cuts)
    if chosen.kills:
        known["kills"] = functools.partial(cuts.kills, count=chosen.kills, phases=chosen.phases)
    names = chosen.scenarios or list(known)
    results = chosen.results.resolve()
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    failed = 0
    try:
        place = Place(results, chosen.seed)
    except VmError as error:
        print(f"\nmake test-vm: {error}", file=sys.stderr)
        return 1
    for name in names:
        began = time.monotonic()
        try:
            known[name](place)
            wrong = ""
        except (VmError, AssertionError) as error:
            wrong = str(error) or "an assertion"
            failed += 1
        finally:
            place.machine.cut()
            place.machine.log = None
        place.figures[f"{name}_s"] = round(time.monotonic() - began, 1)
        (results / "figures.json").write_text(json.dumps(place.figures, indent=1) + "\n")
        print(f"slots: {name}: {'FAILED' if wrong else 'ok'}, {time.monotonic() - began:.0f} s", flush=True)
        if wrong:
            print(wrong, flush=True)
    for image in results.glob("*.img"):
        image.unlink()
    print(f"slots: {len(names) - failed} passed, {failed} failed; everything is in {results}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
