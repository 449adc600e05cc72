"""What ``sotto-release`` says about where an image comes from: its two commands, and the bills of a release.

The libraries that they need are asked for when they are: everything else works without them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater.release import Release
from firmware.updater.version import Version, parse

RELEASE = "trixie"
"""Debian's release that images are made of."""

VEX = Path(__file__).with_name("vex.openvex.json")


def bill_name(board: str, version: Version) -> str:
    """Of a bill of materials in the repository."""
    return f"stable/{board}/phone-{version}.cdx.json"


def bills(files: Mapping[str, str], release: Release) -> dict[str, Path]:
    """Name in the repository to file. Raises UpdateError when one is of another image."""
    found = {}
    for board, file in files.items():
        if board not in release.bundles:
            raise UpdateError(f"{file}: there is no bundle for the board {board}")
        from firmware.release import sbom

        said = sbom.said_of(sbom.read_file(Path(file)))
        if said != (board, str(release.version)):
            raise UpdateError(f"{file} is the bill of {said[1]} for {said[0]}, not of this release")
        found[bill_name(board, release.version)] = Path(file)
    return found


def write_sbom(args: argparse.Namespace, now: datetime) -> None:
    """Raises UpdateError, OSError."""
    from firmware.release import licences, parts, sbom

    version = parse(args.version)
    found = parts.read(args.root, args.lock, args.status)
    args.out.write_bytes(sbom.encoded(found, args.board, version, _built(now)))
    print(f"{args.out}: {len(found)} parts")
    silent = licences.without_licence(found)
    if silent:
        print(f"these name no licence, so look at them: {', '.join(silent)}")
    if args.licences is not None:
        args.licences.write_text(licences.text(found, args.board, version))


def check(args: argparse.Namespace) -> None:
    """Raises UpdateError when a vulnerability needs somebody, OSError."""
    from firmware.release import sbom, vulnerabilities

    findings = vulnerabilities.find(
        sbom.debian_parts(sbom.read_file(args.sbom)),
        vulnerabilities.read_tracker(sbom.read_file(args.tracker)),
        vulnerabilities.read_statements(sbom.read_file(args.vex)),
        args.release,
    )
    if args.json is not None:
        args.json.write_bytes(vulnerabilities.as_json(findings))
    print(vulnerabilities.report(findings))
    todo = sum(not finding.settled for finding in findings)
    if todo:
        raise UpdateError(f"{todo} known vulnerabilities: build the image anew, or say in {args.vex} why not")


def _built(now: datetime) -> datetime:
    """SOURCE_DATE_EPOCH where it is set, so that the same image has the same bill. Raises UpdateError."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return now
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError) as error:
        raise UpdateError("SOURCE_DATE_EPOCH is no number of seconds") from error
