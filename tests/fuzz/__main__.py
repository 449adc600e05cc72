"""``python -m tests.fuzz --seconds N``: build, replay what was found before, and look for more.

The readers in Python share a fifth of the time, the media port has the rest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.native.shell import NativeError
from tests.fuzz.build import fuzzer
from tests.fuzz.readers import READERS
from tests.fuzz.running import fuzz, read_on, replay

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
    share = max(1, chosen.seconds // 5 // len(READERS))
    trouble = "".join(read_on(name, share, BUILD) for name in READERS)
    trouble = trouble or replay(program)
    trouble = trouble or fuzz(program, max(1, chosen.seconds - share * len(READERS)), BUILD, show=True)
    if trouble:
        print(trouble)
        print(
            f"fuzz: the input is in {BUILD}; mend it, and keep the input in tests/fuzz/found or readers.py",
            file=sys.stderr,
        )
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
