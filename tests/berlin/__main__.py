"""``python -m tests.berlin``: carry out the experiments, write the report, print what came of it.

Exit status: 0 when no row failed ("not yet" is no failure), 1 when one did.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.berlin import report, rows
from tests.berlin.model import Row, Verdict
from tests.berlin.plants import PLANTS
from tests.berlin.run import run
from tests.berlin.stage import Stage

MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.NOT_YET: "○"}


def main(argv: list[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.berlin", description="The conformance report.")
    parser.add_argument("--out", type=Path, default=Path("build/berlin"), metavar="FOLDER")
    parser.add_argument(
        "--only", nargs="+", default=[], choices=list(rows.rows()), metavar="ROW", help="such as P2"
    )
    parser.add_argument("--plant", choices=PLANTS, help="plant a leak, to see the report find it")
    chosen = parser.parse_args(argv)
    shutil.rmtree(chosen.out / "evidence", ignore_errors=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    plant = PLANTS[chosen.plant] if chosen.plant else None
    with tempfile.TemporaryDirectory(prefix="berlin-") as work:
        found = run(
            Stage(chosen.out.resolve(), Path(work), plant), chosen.only, lambda line: print(line, flush=True)
        )
    report.write(found, chosen.out, planted=chosen.plant or "")
    print("\n" + summary(found))
    print(f"\n{chosen.out / 'report.html'} and {chosen.out / 'report.json'}")
    return int(any(row.verdict is Verdict.FAIL for row in found))


def summary(found: list[Row]) -> str:
    """One line for each row."""
    lines = [f"{MARK[row.verdict]} {row.id:<4}{row.verdict:<9}{row.recommendation}" for row in found]
    counts = [f"{sum(row.verdict is verdict for row in found)} {verdict}" for verdict in Verdict]
    return "\n".join([*lines, ", ".join(counts)])


if __name__ == "__main__":
    sys.exit(main())
