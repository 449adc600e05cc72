"""Which octets of a display's memory differ between two pictures. Pure.

The controllers keep a picture in 8 pages of 8 rows; an octet is 8 pixels below each other, the top one in
bit 0 (SSD1306 rev 1.1 section 8.7, SH1106 v2.3 "Display Data RAM")::

             column 0   1   2  …          127
    page 0   rows 0-7   ▌   ▌
    page 1   rows 8-15      ...
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from firmware.phone.display.base import HEIGHT, WIDTH

PAGES = HEIGHT // 8

Memory = tuple[bytes, ...]
"""What a picture is in the controller: PAGES strings of WIDTH octets."""


@dataclass(frozen=True)
class Patch:
    """A rectangle of the memory: pages ``top`` to ``bottom``, columns ``left`` to ``right``, all included."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> int:
        """Octets."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def around(self, other: Patch) -> Patch:
        """The smallest patch that holds both."""
        return Patch(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def octets(self, memory: Memory) -> bytes:
        """What of ``memory`` is in the patch, page by page."""
        return b"".join(memory[page][self.left : self.right + 1] for page in range(self.top, self.bottom + 1))


def memory(image: Image.Image) -> Memory:
    """``image`` (WIDTH x HEIGHT, mode "1") as it is kept in the controller.

    Turned clockwise, a row of the image is a column of the display read upwards; its first octet is then the
    lowest page, with the lowest row in its highest bit.
    """
    columns = image.transpose(Image.Transpose.ROTATE_270).tobytes()
    return tuple(columns[PAGES - 1 - page :: PAGES] for page in range(PAGES))


WHOLE = Patch(0, PAGES - 1, 0, WIDTH - 1)


def changes(before: Memory, after: Memory, overhead: int, *, windows: bool) -> list[Patch]:
    """The patches to send, so that what was ``before`` becomes ``after``; [] when nothing differs.

    ``overhead``: octets on the wire that each patch costs besides its own. Patches are joined while that
    makes the whole shorter. ``windows``: whether a patch may be higher than a page (SSD1306, not SH1106).
    """
    patches: list[Patch] = []
    for page, (old, new) in enumerate(zip(before, after, strict=True)):
        row = _joined([Patch(page, page, first, last) for first, last in _runs(old, new)], overhead)
        patches += row
    return _joined(patches, overhead) if windows else patches


def _runs(old: bytes, new: bytes) -> list[tuple[int, int]]:
    """First and last column of each run of octets that differ."""
    runs: list[tuple[int, int]] = []
    for column in range(len(new)):
        if old[column] == new[column]:
            continue
        if runs and runs[-1][1] == column - 1:
            runs[-1] = (runs[-1][0], column)
        else:
            runs.append((column, column))
    return runs


def _joined(patches: list[Patch], overhead: int) -> list[Patch]:
    """Join the first two neighbours that are cheaper together, until there are none."""
    done: list[Patch] = []
    for patch in patches:
        index = next((n for n, other in enumerate(done) if _cheaper(other, patch, overhead)), None)
        while index is not None:
            patch = done.pop(index).around(patch)
            index = next((n for n, other in enumerate(done) if _cheaper(other, patch, overhead)), None)
        done.append(patch)
    return sorted(done, key=lambda patch: (patch.top, patch.left))


def _cheaper(one: Patch, other: Patch, overhead: int) -> bool:
    return one.around(other).size <= one.size + other.size + overhead
