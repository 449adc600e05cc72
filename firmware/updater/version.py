"""The version of a release: three numbers, compared one after the other. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from firmware.phone.errors import UpdateError

_FORM = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")


class Version(NamedTuple):
    """A version such as 1.2.0; ``<`` means older."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse(text: object) -> Version:
    """The version that ``text`` names. Raises UpdateError for anything but three plain numbers."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UpdateError(f"{str(text)[:40]!r} is no version; write three numbers, such as 1.2.0")
    return Version(*(int(part) for part in match.groups()))
