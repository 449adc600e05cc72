"""Choosing versions: what Debian has today becomes the locks of the workshop and of a board."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firmware.image import debian, headers, workshop
from firmware.image.board import ImageBoard
from firmware.image.packages import lock_text, names
from firmware.image.places import DATA
from firmware.image.shell import say


def wanted(board: ImageBoard) -> list[str]:
    """The names that the board's root is made of, before apt adds what these need."""
    kernel = f"{board.kernel}/{board.suite}" if board.suite else board.kernel
    return [*names((DATA / "packages.txt").read_text()), kernel, *board.packages]


def unpack(board: ImageBoard, target: Path, archive: Path, wanted: Sequence[str], mirror: str) -> None:
    """Unpack the board's packages into ``target``."""
    suites = [debian.SUITE, *([board.suite] if board.suite else [])]
    debian.unpack(
        target,
        wanted,
        debian.sources(suites, "main non-free-firmware", mirror),
        archive,
        variant="extract",
        architectures="arm64",
    )


def renew(board: ImageBoard, cache: Path, mirror: str, *, tools: bool) -> None:
    """Write the board's lock anew, and with ``tools`` that of the workshop too."""
    with tempfile.TemporaryDirectory(dir=cache) as name:
        scratch = Path(name)
        if tools:
            say("asking Debian for today's packages of the workshop …")
            chosen = workshop.choose(scratch, mirror)
            workshop.LOCK.write_text(lock_text(chosen, "What the workshop is made of."))
            shutil.rmtree(scratch / "debs")
        say(f"asking Debian for today's packages of {board.title} …")
        unpack(board, scratch / "root", scratch / "debs", wanted(board), mirror)
        found = debian.describe(sorted((scratch / "debs").glob("*.deb")), "arm64")
        board.lock.write_text(lock_text(found.values(), f"What the image for {board.title} is made of."))
        if board.own_modules:
            (scratch / "headers").mkdir()
            headers.renew(board, scratch / "headers", mirror)
    say(f"wrote {board.lock} ({len(found)} packages)")
