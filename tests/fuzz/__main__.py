"""``python -m tests.fuzz --seconds N``: build, replay what was found before, and look for more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.native.shell import NativeError
from tests.fuzz.build import fuzzer
from tests.fuzz.running import fuzz, replay

BUILD = Path(__file__).resolve().parents[2] / "build" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    chosen = parser.parse_args()
    try:
        program = fuzzer()
    except NativeError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    trouble = replay(program) or fuzz(program, chosen.seconds, BUILD, show=True)
    if trouble:
        print(trouble)
        print(
            f"fuzz: the input is in {BUILD}; mend it, and keep the input in tests/fuzz/found", file=sys.stderr
        )
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
