"""A program of its own: reads the sources that its standard input names, and writes what they gave.

So the parsers of what strangers send run beside the telephone, not in it, end when they take too long, and
their memory goes with them. Input and output are JSON; the output names each source with its entries, or why
it gave none, and the lines that are wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.phone.book.carddav import Server, Unreachable, cards
from firmware.phone.book.entries import Entry

LARGEST_FILE = 32 * 1024 * 1024
MOST_FAULTS = 20

Read = tuple[list[Entry], list[str]]


def _file(job: dict[str, Any], country: str) -> Read:
    from firmware.phone.book import vcards

    try:
        raw = Path(job["path"]).read_bytes()
    except OSError as error:
        raise Unreachable(f"it cannot be read ({error.strerror}); look at book.files") from error
    if len(raw) > LARGEST_FILE:
        raise Unreachable(f"it is larger than {LARGEST_FILE // 1024**2} MiB; split it")
    entries, faults = vcards.read(raw.decode("utf-8-sig", errors="replace"), country)
    return entries, [f"line {fault.line}: {fault.text}" for fault in faults]


def _carddav(job: dict[str, Any], country: str) -> Read:
    from firmware.phone.book import vcards

    text = cards(Server(job["url"], job["user"], job["password"], job["ca_file"]))
    entries, faults = vcards.read(text, country)
    return entries, [f"a contact {fault.text}" for fault in faults]


def _ldap(job: dict[str, Any], country: str) -> Read:
    from firmware.phone.book.directory import Directory, people

    found = people(
        Directory(job["url"], job["base"], job["search"], job["user"], job["password"], job["ca_file"]),
        country,
    )
    return found, []


_KINDS: dict[str, Callable[[dict[str, Any], str], Read]] = {
    "file": _file,
    "carddav": _carddav,
    "ldap": _ldap,
}


def read(job: dict[str, Any], country: str) -> dict[str, Any]:
    """What one source gave."""
    try:
        entries, faults = _KINDS[job["kind"]](job, country)
    except Unreachable as error:
        return {"name": job["name"], "trouble": str(error)}
    more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return {
        "name": job["name"],
        "entries": [[one.name, list(one.targets), one.group] for one in entries],
        "faults": faults[:MOST_FAULTS] + more,
    }


def main() -> None:
    asked = json.load(sys.stdin)
    json.dump([read(job, asked["country"]) for job in asked["sources"]], sys.stdout)


if __name__ == "__main__":
    main()
