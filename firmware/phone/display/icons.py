"""Small pictures, drawn for this project: '#' is lit, '.' is dark. Pure."""

from __future__ import annotations

from functools import cache
from itertools import groupby

from PIL import Image

from firmware.phone.display.numerals import LARGE_ART, MEDIUM_ART

HANDSET = """
.##.......
####......
####......
.###......
..##......
..###.....
...###.##.
....######
.....#####
......###.
"""

HUNG_UP = """
..########..
.##########.
############
####....####
###......###
###......###
"""

BELL = """
....#....
...###...
..#####..
..#####..
..#####..
..#####..
.#######.
#########
.........
...###...
"""

BELL_CROSSED = """
#...#....
.#.###...
..#####..
..##.##..
..###.#..
..####...
.######..
########.
.......#.
...###..#
"""

LOCK_CLOSED = """
..#####..
.##...##.
.##...##.
.##...##.
#########
####.####
###...###
####.####
####.####
#########
"""

LOCK_VERIFIED = """
..#####..
.##...##.
.##...##.
.##...##.
#########
#######.#
######.##
#.###.###
##.#.####
###.#####
"""

LOCK_OPEN = """
......####.
.....##..##
.....##..##
.....##....
#########..
####.####..
###...###..
####.####..
####.####..
#########..
"""

LOCK_BROKEN = """
..#####..
.##...##.
.##......
......##.
#########
##.###.##
###.#.###
####.####
###.#.###
##.###.##
"""

HOURGLASS = """
#########
.#.....#.
.#.....#.
..##.##..
...###...
....#....
...#.#...
..#.#.#..
.#.###.#.
#########
"""

EYE = """
.............
....#####....
..##.....##..
.#...###...#.
#...##.##...#
#...#...#...#
#...##.##...#
.#...###...#.
..##.....##..
....#####....
"""

EYE_CROSSED = """
##...........
.##.#####....
..##.....##..
.#.##.##...#.
#...##.##...#
#...###.#...#
#...##.##...#
.#...##.##.#.
..##...#.##..
....###.#.##.
"""

REGISTERED = """
...#####...
.#########.
.#######.#.
#######..##
##.###..###
##..#..####
###...#####
.###.#####.
.#########.
...#####...
"""

NOT_REGISTERED = """
...#####...
.#########.
.##.###.##.
###..#..###
####...####
####...####
###..#..###
.##.###.##.
.#########.
...#####...
"""

SIGNAL = """
..#######..
.#.......#.
#..#####..#
..#.....#..
....###....
...#...#...
.....#.....
....###....
.....#.....
"""

DIRECT = """
..#.....#..
.##.....##.
###########
.##.....##.
..#.....#..
"""

WARNING = """
.....#.....
....###....
....#.#....
...##.##...
...##.##...
..###.###..
..#######..
.####.####.
.#########.
###########
"""

MICROPHONE_CLOSED = """
..###......
..###......
..###..#..#
..###...##.
#.###.#.##.
#.....##..#
.#####.....
...#.......
...#.......
.#####.....
"""


@cache
def picture(art: str) -> Image.Image:
    """``art`` as a one-bit image. The cached image is shared: do not draw on it."""
    return _image(art.split())


def _image(rows: list[str]) -> Image.Image:
    image = Image.new("1", (len(rows[0]), len(rows)))
    image.putdata([255 if dot == "#" else 0 for row in rows for dot in row])
    return image


@cache
def numerals(large: bool) -> dict[str, Image.Image]:
    """The digits, ``*``, ``#``, ``+`` and ``:`` as images 28 pixels high if ``large``, else 18."""
    found: dict[str, Image.Image] = {}
    for names, block in LARGE_ART if large else MEDIUM_ART:
        rows = block.strip().splitlines()
        spans = [len(list(run)) for dark, run in groupby(rows[0], key=" ".__eq__) if not dark]
        left = 0
        for name, span in zip(names, spans, strict=True):
            found[name] = _image([row[left : left + span] for row in rows])
            left += span + 1
    return found
