"""``python -m firmware.provisioning``: ask once for the newest configuration, by the ticket that is here.

Exit status: 0 done, or nothing to do; 1 not taken (the reason is printed, and the old one is in use);
2 the ticket is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmware.phone.errors import ProvisioningError
from firmware.provisioning import program, ticket
from firmware.updater.telephone import DOOR, Telephone

QUIET = timedelta(minutes=2)
"""So long nobody must have used the telephone before it starts anew."""

PATIENCE = 6 * 3600.0
"""Seconds for which that is waited for."""

LOOK = 20.0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.provisioning", description=__doc__)
    found.add_argument("--ticket", type=Path, default=Path("/etc/sottovoce/provision.toml"))
    found.add_argument("--folder", type=Path, required=True, help="where phone.toml goes")
    found.add_argument("--state", type=Path, required=True, help="the file of what is remembered")
    found.add_argument("--restart-file", type=Path, help="made when a new configuration waits for a start")
    found.add_argument(
        "--socket", type=Path, default=DOOR, help="where the telephone says whether it is in use"
    )
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        given = ticket.read(options.ticket)
    except ProvisioningError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        changed = program.pull(given, options.folder, options.state, datetime.now(UTC))
    except ProvisioningError as error:
        print(f"The configuration was not taken: {error}", file=sys.stderr)
        return 1
    print("a new configuration is in place" if changed else program.NOTHING_NEW)
    if changed and options.restart_file:
        _restart(options.restart_file, Telephone(options.socket))
    return 0


def _restart(file: Path, telephone: Telephone) -> None:
    """Have the machine start anew once nobody uses the telephone: firewall, names and time follow from the
    configuration as well. One that is in use for hours has it at its next start."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        quiet = telephone.quiet_for(QUIET)
        if quiet is not None and quiet >= QUIET:
            file.touch()
            return
        time.sleep(LOOK)


if __name__ == "__main__":
    sys.exit(main())
