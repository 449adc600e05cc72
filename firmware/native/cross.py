"""Build pjsua2 for another kind of machine: python3 -m firmware.native.cross --triplet aarch64-linux-gnu …

It runs where a cross compiler, that machine's libraries (multiarch) and this very version of Python are
installed. What it makes is not imported here: who starts it does that on the other
machine, or an emulated one.
"""

import argparse
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from firmware.native import pjproject, wheel
from firmware.native.pjproject import Interpreter
from firmware.native.shell import NativeError


def interpreter(triplet: str) -> Interpreter:
    """A Python like this one, on the other machine."""
    abi = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    suffix = f".cpython-{abi[2:]}-{triplet}.so"
    include = Path(sysconfig.get_paths()["include"])
    return Interpreter(Path(sys.executable), include, suffix, abi, f"linux_{triplet.split('-')[0]}", triplet)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the wheel. Exit status 1 and one line if it cannot be done."""
    parser = argparse.ArgumentParser(prog="cross", description="Build pjsua2 for another kind of machine.")
    parser.add_argument("--triplet", required=True, help="of that machine, such as aarch64-linux-gnu")
    parser.add_argument("--archive", required=True, type=Path, help="pjproject's source")
    parser.add_argument("--version", required=True, help="of the wheel")
    parser.add_argument("--folder", required=True, type=Path, help="an empty one; the wheel is left there")
    options = parser.parse_args(arguments)
    python = interpreter(options.triplet)
    log = options.folder / "log"
    try:
        module = pjproject.compile_module(options.archive, options.folder, python, options.version, log)
        wheel.pack(
            module,
            options.folder / f"pjsua2-{options.version}-{wheel.tag(python)}.whl",
            options.version,
            python,
        )
    except NativeError as error:
        print(f"native: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
