"""``python -m tests.kills --n 200``: the daemon is killed at random moments of a scripted day.

It must start again, never be open by itself, lose no record and bring none back. Exit status: 0 so it was, 1
not so; the seed is printed, ``--seed`` repeats the choices.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import tempfile
from pathlib import Path

from tests.kills.day import day, run
from tests.rig.lab import Kit, Lab


def main(argv: list[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description="kill -9, again and again.")
    parser.add_argument("--n", type=int, default=200, help="how often (default 200)")
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args(argv)
    seed = secrets.randbelow(1 << 32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as work, Lab(Path(work), Kit.create(Path(work))) as lab:
        made = day(lab, seed)
        for told, found in enumerate(run(made, chosen.n)):
            if told % 10 == 9:
                print(f"{found.kills} kills, {found.calls} calls, {len(found.faults)} faults", flush=True)
    print(
        f"{found.kills} kills, {found.calls} calls, {found.flips} flips, {found.wipes} wipes; "
        f"{found.hidden} calls hidden, {found.shown} shown; registered again after "
        f"{statistics.median(found.registered_s):.2f} s, at most {max(found.registered_s):.2f} s"
    )
    print("\n".join(found.faults) or "it started again each time, private; nothing was lost or came back")
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
