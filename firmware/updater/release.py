"""What a release says of itself: the release manifest, a file of JSON that is signed twice. Pure.

It names one bundle for each board and what a telephone and its user need to judge it. ``parse`` takes
exactly what ``encoded`` makes: an unknown or missing key, a wrong type or a value out of bounds is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from firmware.phone.errors import UpdateError
from firmware.updater.reading import Table, day, flag, listed, mapped, moment, number, text, top_of
from firmware.updater.version import Version
from firmware.updater.version import parse as parse_version

FORMAT = 1
WHAT = "the release manifest"
LONGEST = 256 * 1024
"""Octets of a manifest."""

LARGEST_BUNDLE = 2**31
"""Octets of a bundle: a format of RAUC's that we do not use had its payload unverified beyond them."""

_BOARD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TARGET = re.compile(r"(?:[a-z0-9][a-z0-9_.-]{0,63}/){1,4}[a-z0-9][a-z0-9_.-]{0,127}\.raucb")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")


@dataclass(frozen=True)
class Bundle:
    """One board's bundle. ``target``: its name in the repository; ``length`` in octets; ``sha256`` in hex."""

    target: str
    length: int
    sha256: str


@dataclass(frozen=True)
class Flaw:
    """A known flaw: telephones older than ``fixed_in`` have it. ``text`` says what it is, in plain words."""

    id: str
    fixed_in: Version
    text: str


@dataclass(frozen=True)
class Release:
    """``floor``: once this release runs, nothing older than it is ever installed.
    ``rollout_hours``: telephones take it spread over this time after ``published``.
    ``supported_until``: the last day with security updates. ``notes``: what changed, by language.
    """

    version: Version
    published: datetime
    floor: Version
    supported_until: date
    bundles: Mapping[str, Bundle]
    security: bool = False
    rollout_hours: int = 0
    flaws: tuple[Flaw, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def flaws_of(self, version: Version) -> tuple[Flaw, ...]:
        """The known flaws that ``version`` has."""
        return tuple(flaw for flaw in self.flaws if version < flaw.fixed_in)

    def notes_in(self, language: str) -> str:
        """What changed, in ``language``, else in English."""
        return self.notes.get(language, self.notes.get("en", ""))


def encoded(release: Release) -> bytes:
    """The manifest's octets; the same release always gives the same ones."""
    value = {
        "format": FORMAT,
        "version": str(release.version),
        "published": release.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "floor": str(release.floor),
        "supported_until": release.supported_until.isoformat(),
        "security": release.security,
        "rollout_hours": release.rollout_hours,
        "flaws": [{"id": f.id, "fixed_in": str(f.fixed_in), "text": f.text} for f in release.flaws],
        "notes": dict(release.notes),
        "bundles": {
            board: {"target": b.target, "length": b.length, "sha256": b.sha256}
            for board, b in release.bundles.items()
        },
    }
    octets = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"
    parse(octets)
    return octets


def parse(octets: bytes) -> Release:
    """The release that a manifest describes. Raises UpdateError, naming the key that is wrong."""
    top = top_of(octets, LONGEST, WHAT)
    if top.take("format", number(FORMAT, FORMAT)) != FORMAT:
        raise UpdateError("the release manifest has another format; this telephone is too old for it")
    release = Release(
        version=top.take("version", parse_version),
        published=top.take("published", moment),
        floor=top.take("floor", parse_version),
        supported_until=top.take("supported_until", day),
        security=top.take("security", flag),
        rollout_hours=top.take("rollout_hours", number(0, 24 * 30)),
        flaws=top.take("flaws", listed(_flaw, 100)),
        notes=top.take("notes", mapped(_LANGUAGE, text(4000), 40)),
        bundles=top.take("bundles", mapped(_BOARD, _bundle, 100)),
    )
    top.finish()
    if release.version < release.floor:
        raise UpdateError("the release manifest's floor is newer than its version")
    if not release.bundles:
        raise UpdateError("the release manifest names no bundle")
    return release


def _flaw(value: object) -> Flaw:
    table = Table(value, "flaws", WHAT)
    flaw = Flaw(
        id=table.take("id", text(60)),
        fixed_in=table.take("fixed_in", parse_version),
        text=table.take("text", text(500)),
    )
    table.finish()
    return flaw


def _bundle(value: object) -> Bundle:
    table = Table(value, "bundles", WHAT)
    bundle = Bundle(
        target=table.take("target", text(400, _TARGET)),
        length=table.take("length", number(1, LARGEST_BUNDLE)),
        sha256=table.take("sha256", text(64, _SHA256)),
    )
    table.finish()
    return bundle
