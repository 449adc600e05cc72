"""Security notices: what is wrong with which versions, said before there is an update. Pure.

They are one file beside the release (``stable/notices.json``), which TUF vouches for and which has the two
signatures of a release besides. Its number only grows: what is old is told from what is new without a clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from firmware.phone.errors import UpdateError
from firmware.updater.reading import Table, day, listed, number, text, top_of
from firmware.updater.version import Version
from firmware.updater.version import parse as parse_version

FORMAT = 1
WHAT = "the file of security notices"
DOMAIN = b"sottovoce security notices, format 1\n"
"""Comes before the file in what is signed: no signature of a release passes for one of it."""

LONGEST = 64 * 1024
MOST = 50


@dataclass(frozen=True)
class Notice:
    """Versions from ``first`` on are affected, until ``fixed_in``; None: there is no version without it yet.

    ``text`` says what it is and ``remedy`` what to do meanwhile, in plain words.
    """

    id: str
    published: date
    first: Version
    fixed_in: Version | None
    text: str
    remedy: str

    def affects(self, version: Version) -> bool:
        return self.first <= version and (self.fixed_in is None or version < self.fixed_in)


@dataclass(frozen=True)
class Notices:
    """All of them, the newest first; ``number`` counts the files that were published."""

    number: int
    notices: tuple[Notice, ...]


def encoded(notices: Notices) -> bytes:
    """The file's octets. Raises UpdateError for what ``parse`` would not take."""
    value = {
        "format": FORMAT,
        "number": notices.number,
        "notices": [
            {
                "id": one.id,
                "published": one.published.isoformat(),
                "first": str(one.first),
                "fixed_in": str(one.fixed_in or ""),
                "text": one.text,
                "remedy": one.remedy,
            }
            for one in notices.notices
        ],
    }
    octets = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"
    parse(octets)
    return octets


def parse(octets: bytes) -> Notices:
    """What a file says. Raises UpdateError, naming the key that is wrong."""
    top = top_of(octets, LONGEST, WHAT)
    top.take("format", number(FORMAT, FORMAT))
    found = Notices(top.take("number", number(1, 2**31)), top.take("notices", listed(_notice, MOST)))
    top.finish()
    if len({one.id for one in found.notices}) != len(found.notices):
        raise UpdateError(f"{WHAT}: two notices have the same id")
    return Notices(found.number, tuple(sorted(found.notices, key=lambda one: one.published, reverse=True)))


def _notice(value: object) -> Notice:
    table = Table(value, "notices", WHAT)
    notice = Notice(
        id=table.take("id", text(60)),
        published=table.take("published", day),
        first=table.take("first", parse_version),
        fixed_in=table.take("fixed_in", _version_or_none),
        text=table.take("text", text(300)),
        remedy=table.take("remedy", text(300)),
    )
    table.finish()
    if not (notice.id and notice.text and notice.remedy):
        raise ValueError("id, text and remedy must say something")
    return notice


def _version_or_none(value: Any) -> Version | None:
    return None if value == "" else parse_version(value)
