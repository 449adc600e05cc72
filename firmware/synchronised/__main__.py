"""``python -m firmware.synchronised``: keep the file that tells whether the clock is right."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from firmware.synchronised import FILE, kernel_says

LOOK_S = 10.0
"""Between two looks at the kernel's clock."""


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m firmware.synchronised", description=__doc__)
    options.add_argument("--file", type=Path, default=FILE)
    file: Path = options.parse_args(argv).file
    try:
        while True:
            look(file)
            time.sleep(LOOK_S)
    except OSError as error:
        print(f"cannot tell that the clock is right: {error}", file=sys.stderr)
        return 1


def look(file: Path, says: Callable[[], bool] = kernel_says) -> None:
    """Raises OSError."""
    if says():
        file.touch(mode=0o644)
    else:
        file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
