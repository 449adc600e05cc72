"""What a release says of itself: the release manifest, a file of JSON that is signed twice. Pure.

It names one bundle for each board and what a telephone and its user need to judge it. ``parse`` takes
exactly what ``encoded`` makes: an unknown or missing key, a wrong type or a value out of bounds is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from firmware.phone.errors import UpdateError
from firmware.updater.version import Version
from firmware.updater.version import parse as parse_version

FORMAT = 1
LONGEST = 256 * 1024
"""Octets of a manifest."""

LARGEST_BUNDLE = 2**31
"""Octets of a bundle: a format of RAUC's that we do not use had its payload unverified beyond them."""

_BOARD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TARGET = re.compile(r"(?:[a-z0-9][a-z0-9_.-]{0,63}/){1,4}[a-z0-9][a-z0-9_.-]{0,127}\.raucb")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
_T = TypeVar("_T")


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
    if len(octets) > LONGEST:
        raise UpdateError(f"the release manifest is longer than {LONGEST} octets")
    try:
        value = json.loads(octets, parse_constant=_no_constant, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise UpdateError(f"the release manifest is not readable: {str(error)[:80]}") from None
    top = _Table(value, "")
    if top.take("format", _number(FORMAT, FORMAT)) != FORMAT:
        raise UpdateError("the release manifest has another format; this telephone is too old for it")
    release = Release(
        version=top.take("version", parse_version),
        published=top.take("published", _moment),
        floor=top.take("floor", parse_version),
        supported_until=top.take("supported_until", _day),
        security=top.take("security", _flag),
        rollout_hours=top.take("rollout_hours", _number(0, 24 * 30)),
        flaws=top.take("flaws", _listed(_flaw, 100)),
        notes=top.take("notes", _mapped(_LANGUAGE, _text(4000), 40)),
        bundles=top.take("bundles", _mapped(_BOARD, _bundle, 100)),
    )
    top.finish()
    if release.version < release.floor:
        raise UpdateError("the release manifest's floor is newer than its version")
    if not release.bundles:
        raise UpdateError("the release manifest names no bundle")
    return release


class _Table:
    """One JSON object, from which each key is taken once."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise UpdateError(f"the release manifest: {name or 'the top'} is no table")
        self._left = dict(value)
        self._name = name

    def take(self, key: str, read: Callable[[object], _T]) -> _T:
        name = f"{self._name}.{key}".lstrip(".")
        if key not in self._left:
            raise UpdateError(f"the release manifest: {name} is missing")
        try:
            return read(self._left.pop(key))
        except (UpdateError, ValueError) as error:
            raise UpdateError(f"the release manifest: {name}: {error}") from None

    def finish(self) -> None:
        if self._left:
            raise UpdateError(f"the release manifest: unknown key {str(min(self._left))[:40]!r}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def _number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"is no whole number from {low} to {high}")
        return value

    return read


def _text(longest: int, form: re.Pattern[str] | None = None) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest or (form and not form.fullmatch(value)):
            raise ValueError("has not the form that it must have")
        if any(not (char.isprintable() or char == "\n") for char in value):
            raise ValueError("has characters that cannot be shown")
        return value

    return read


def _moment(value: object) -> datetime:
    text = _text(20, re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII))(value)
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _day(value: object) -> date:
    return date.fromisoformat(_text(10, re.compile(r"\d{4}-\d\d-\d\d", re.ASCII))(value))


def _listed(read: Callable[[object], _T], most: int) -> Callable[[object], tuple[_T, ...]]:
    def all_of(value: object) -> tuple[_T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"is no list of at most {most}")
        return tuple(read(item) for item in value)

    return all_of


def _mapped(
    key: re.Pattern[str], read: Callable[[object], _T], most: int
) -> Callable[[object], dict[str, _T]]:
    def all_of(value: object) -> dict[str, _T]:
        if not isinstance(value, dict) or len(value) > most or not all(map(key.fullmatch, value)):
            raise ValueError(f"is no table of at most {most} names")
        return {name: read(item) for name, item in value.items()}

    return all_of


def _flaw(value: object) -> Flaw:
    table = _Table(value, "flaws")
    flaw = Flaw(
        id=table.take("id", _text(60)),
        fixed_in=table.take("fixed_in", parse_version),
        text=table.take("text", _text(500)),
    )
    table.finish()
    return flaw


def _bundle(value: object) -> Bundle:
    table = _Table(value, "bundles")
    bundle = Bundle(
        target=table.take("target", _text(400, _TARGET)),
        length=table.take("length", _number(1, LARGEST_BUNDLE)),
        sha256=table.take("sha256", _text(64, _SHA256)),
    )
    table.finish()
    return bundle
