"""The bill of materials of an image (CycloneDX), and its licences with the offer of source.

In the image at /usr/lib/sottovoce/sbom.cdx.json; beside it, with the licences, for the release.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from firmware.image import trees
from firmware.image.board import ImageBoard
from firmware.image.packages import names
from firmware.image.places import DATA, PROJECT
from firmware.image.shell import ImageError, run
from firmware.phone.errors import UpdateError
from firmware.release import licences, parts, sbom
from firmware.updater.version import parse

FILE = "sbom.cdx.json"
PLACE = f"usr/lib/sottovoce/{FILE}"
"""In the image."""


def status(debs: Sequence[Path]) -> str:
    """What dpkg's status says of packages, out of the packages themselves: they were only unpacked."""
    return "\n".join(run(["dpkg-deb", "--field", deb], deb.name) for deb in debs)


def without(text: str, left_out: Sequence[str]) -> str:
    """``text`` less the packages whose files were removed again."""
    gone = {f"Package: {name}" for name in left_out}
    kept = [one for one in text.split("\n\n") if not gone & set(one.splitlines())]
    return "\n\n".join(kept).rstrip("\n") + "\n"


def write(tree: Path, board: ImageBoard, said: Path, version: str, epoch: int, results: Path) -> None:
    """Write both into ``results``, and the bill into ``tree``. ``said``: what ``status`` found.

    Raises ImageError when a part's origin cannot be told.
    """
    logging.getLogger("debian.copyright").setLevel(logging.ERROR)  # old forms of an address are no news
    there = results / "packages.status"
    there.write_text(without(said.read_text(), names((DATA / "left-out.txt").read_text())))
    try:
        found = parts.read(tree, [board.lock, PROJECT / "requirements/run.txt"], there)
        number = parse(version)
        bill = sbom.encoded(found, board.name, number, datetime.fromtimestamp(epoch, UTC))
    except UpdateError as error:
        raise ImageError(f"the bill of materials: {error}") from error
    finally:
        there.unlink()
    (results / FILE).write_bytes(bill)
    (results / "licences.txt").write_text(licences.text(found, board.name, number))
    trees.write(tree / PLACE, bill.decode())
