"""``python -m tests.soak --hours 8``: calls without end against baresip and kamailio; does anything grow?

Memory, descriptors and threads after each call, and the delay of long calls, stay flat. Each call is heard.
Ctrl-C ends it early and judges what there is. Exit status: 0 flat, 1 something grew or a call failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.rig.lab import Kit, Lab
from tests.soak import calls
from tests.soak.growth import Drift, Sample, faults

LONG_EVERY, LONG_S = 50, 600
"""Every 50th call lasts ten minutes."""


def main(argv: list[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Calls without end.")
    parser.add_argument("--hours", type=float, default=1.0, metavar="N", help="how long (default 1)")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), metavar="FOLDER")
    chosen = parser.parse_args(argv)
    chosen.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + chosen.hours * 3600
    samples: list[Sample] = []
    drifts: list[Drift] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as work, Lab(Path(work), Kit.create(Path(work))) as lab:
        on = calls.line(lab, LONG_S + 60)
        try:
            for told in calls.run(
                on, lambda _: time.monotonic() < end, lambda call: LONG_S * (call % LONG_EVERY == 0)
            ):
                if isinstance(told, Drift):
                    drifts.append(told)
                    print(f"call {told.call}: {told.growth_ms:+.1f} ms in {told.seconds:.0f} s", flush=True)
                else:
                    samples.append(told)
                    if told.call % 10 == 1:
                        print(_words(told), flush=True)
        except KeyboardInterrupt:
            print("ended early")
    found = faults(samples, drifts)
    result = {"samples": [asdict(s) for s in samples], "drifts": [asdict(d) for d in drifts], "faults": found}
    (chosen.out / "results.json").write_text(json.dumps(result, indent=1))
    print(f"{len(samples)} calls; " + ("; ".join(found) or "nothing grew"))
    print(chosen.out / "results.json")
    return int(bool(found))


def _words(sample: Sample) -> str:
    return (
        f"{sample.seconds / 60:6.1f} min  {sample.call:5} calls  {sample.memory_kib / 1024:6.2f} MiB  "
        f"{sample.descriptors:3.0f} descriptors  {sample.threads:3.0f} threads"
    )


if __name__ == "__main__":
    sys.exit(main())
