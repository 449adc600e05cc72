"""Licences and the offer of source, as a text that goes with an image and its release."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.release.parts import Kind, Part
from firmware.release.sbom import source_url
from firmware.updater.version import Version

_HEAD = """Sottovoce {version} for {board}: licences, and where the source is

Sottovoce itself is under the GNU General Public License, version 3 or later. Its source, with the patches
to pjproject and everything that is needed to build this image, is what this release was made from; whoever
gave you the telephone or the image owes you that source, for at least three years, at no more than the cost
of sending it (GPL section 6). The source of each Debian package below is at the address beside it, as Debian
built it, and in Debian's archive under the name and version of the source package.

A name in the column of licences is the one that the package itself gives; "see copyright" means that its file
of copyrights (usr/share/doc/NAME/copyright in the image that it was built from) has them in words alone.
"""

_TITLES = {
    Kind.DEBIAN: "Debian packages",
    Kind.PYTHON: "Python packages",
    Kind.SOURCE: "Source that the native module was built from",
    Kind.PATCH: "Patches to it",
}


def text(parts: Sequence[Part], board: str, version: Version) -> str:
    """Every part with its version, its licences, and where its source is."""
    blocks = [_HEAD.format(version=version, board=board)]
    for kind, title in _TITLES.items():
        members = [part for part in parts if part.kind is kind]
        if members:
            blocks.append("\n".join([f"{title} ({len(members)})", "", *map(_line, members), ""]))
    return "\n".join(blocks)


def without_licence(parts: Sequence[Part]) -> list[str]:
    """The names of parts that name no licence at all: somebody has to look."""
    return [part.name for part in parts if not part.licences and part.kind is not Kind.SOURCE]


def _line(part: Part) -> str:
    licences = ", ".join(part.licences) or "see copyright"
    where = f"\n    {source_url(part)}" if part.source else ""
    return f"{part.name} {part.version}".rstrip() + f": {licences}{where}"
