"""``python -m firmware.image --board NAME``: one file to flash, in build/image/NAME.

``--lock`` writes down the versions that Debian has today; ``--twice`` makes it two times from nothing but the
fetched packages and compares every octet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.image import assemble, locks
from firmware.image.board import boards, read
from firmware.image.places import RESULTS, cache_folder, locked
from firmware.image.shell import ImageError, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 and the reason when it cannot be done."""
    parser = argparse.ArgumentParser(prog="make image", description="Make what is flashed.")
    parser.add_argument("--board", required=True, help=", ".join(boards()))
    parser.add_argument("--mirror", default="", help="of Debian; else the one that this machine uses")
    parser.add_argument(
        "--trust", type=Path, help="what sotto-release ceremony --public wrote: whose updates it takes"
    )
    parser.add_argument(
        "--sign", type=Path, help="an RSA key in PEM: Raspberry Pi's firmware then loads what it signed"
    )
    parser.add_argument("--lock", action="store_true", help="write the board's lock anew and stop")
    parser.add_argument("--lock-tools", action="store_true", help="with --lock: that of the workshop too")
    parser.add_argument("--twice", action="store_true", help="make it twice and compare")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        return _as_root_of_a_namespace(arguments)
    try:
        board = read(options.board)
        with locked(cache_folder()):
            if options.lock:
                locks.renew(board, cache_folder(), options.mirror, tools=options.lock_tools)
                return 0
            words = (options.mirror, options.trust, options.sign)
            made = assemble.image(board, cache_folder(), RESULTS / board.name, *words)
            if options.twice:
                again = assemble.image(board, cache_folder(), RESULTS / f"{board.name}-again", *words)
                return _compare(made.parent, again.parent)
    except ImageError as error:
        print(f"make image: {error}", file=sys.stderr)
        return 1
    return 0


def _as_root_of_a_namespace(arguments: Sequence[str] | None) -> int:
    """Owners and mounts need root; that of a user namespace is enough, and harms nobody."""
    argv = ["unshare", "--map-root-user", "--map-auto", "--mount", sys.executable, "-m", "firmware.image"]
    given = sys.argv[1:] if arguments is None else arguments
    return subprocess.run([*argv, *given], check=False).returncode


def _compare(one: Path, other: Path) -> int:
    """Say of every file whether it is the same; 1 when one is not."""
    wrong = 0
    for file in sorted(one.iterdir()):
        same = subprocess.run(["cmp", "--silent", file, other / file.name], check=False).returncode == 0
        say(f"{file.name}: {'the same octets' if same else 'DIFFERENT'}")
        wrong += not same
    if not wrong:
        shutil.rmtree(other)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
