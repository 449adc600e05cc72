"""``python -m firmware.simulator``: two desk phones that call each other, on a page in the browser."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from firmware.simulator import sounds
from firmware.simulator.app import Settings, run
from firmware.simulator.keeper import StartError


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m firmware.simulator", description=__doc__)
    parser.add_argument("--port", type=_port, default=8080, help="of the page, on 127.0.0.1 (8080)")
    parser.add_argument("--country", type=_country, help="two letters: whose call-progress tones are heard")
    given = parser.parse_args(argv)
    try:
        asyncio.run(run(Settings(given.port, given.country)))
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535 (0: any free one)")
    return int(text)


def _country(text: str) -> str:
    if text.upper() not in sounds.KNOWN:
        known = ", ".join(sounds.KNOWN)
        raise argparse.ArgumentTypeError(f"no tones are known for {text!r}; choose one of {known}")
    return text.upper()


if __name__ == "__main__":
    sys.exit(main())
