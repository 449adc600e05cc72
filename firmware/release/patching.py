"""Making a patch (``firmware.updater.patch``): for each segment of the new bundle the region of the old
images that is most like it, and what Zstandard leaves of the segment when it knows that region.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from backports import zstd

from firmware.phone.errors import UpdateError
from firmware.updater.patch import REGION, SEGMENT, WINDOW, Header, Segment, encoded

LEVEL = 9
"""Higher ones take many times as long for a per cent less."""

_PROBE = 64
_PROBES = 16
"""In each segment so many strings of ``_PROBE`` octets are looked for in the old images."""

_SEARCHED = 3
"""So many of a segment's probes are looked for in all of the old images, the others near their place."""

_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    zstd.CompressionParameter.window_log: WINDOW,
    zstd.CompressionParameter.enable_long_distance_matching: 1,
    zstd.CompressionParameter.checksum_flag: 0,
}


def make(patch: Path, images: Mapping[str, Path], bundle: Path) -> int:
    """Write ``patch``, which makes ``bundle`` of ``images`` (slot class to file). Returns its octets.

    Needs room for the images once more. Raises OSError, UpdateError when there is nothing to make it of.
    """
    names = sorted(images)
    with tempfile.TemporaryFile(dir=patch.parent) as joined:
        for name in names:
            with images[name].open("rb") as image:
                while octets := image.read(SEGMENT):
                    joined.write(octets)
        joined.flush()
        if not joined.tell():
            raise UpdateError("the old images are empty")
        with mmap.mmap(joined.fileno(), 0, access=mmap.ACCESS_READ) as seed:
            made = list(_segments(bundle, seed))
    with bundle.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    header = Header(
        length=bundle.stat().st_size,
        sha256=digest,
        images=tuple((name, images[name].stat().st_size) for name in names),
        segments=tuple(segment for segment, _ in made),
    )
    patch.write_bytes(encoded(header) + b"".join(packed for _, packed in made))
    return patch.stat().st_size


def _segments(bundle: Path, seed: mmap.mmap) -> Iterator[tuple[Segment, bytes]]:
    at, shift = 0, 0
    with bundle.open("rb") as file:
        while octets := file.read(SEGMENT):
            shift = _shift(octets, at, shift, seed)
            start = max(0, min(at + shift - (REGION - SEGMENT) // 2, len(seed) - REGION))
            region = seed[start : start + REGION]
            packed = zstd.compress(
                octets, options=_OPTIONS, zstd_dict=zstd.ZstdDict(region, is_raw=True).as_prefix
            )
            yield Segment(start, len(region), len(octets), len(packed)), packed
            at += len(octets)


def _shift(octets: bytes, at: int, before: int, seed: mmap.mmap) -> int:
    """How far from its place in the bundle the like of ``octets`` lies in ``seed``: what most probes say."""
    found: Counter[int] = Counter()
    searched = 0
    for n in range(_PROBES):
        place = (len(octets) - _PROBE) * n // _PROBES
        probe = octets[place : place + _PROBE]
        if len(set(probe)) < _PROBE // 4:
            continue  # zeros and the like are everywhere
        expected = at + before + place
        hit = seed.find(probe, max(0, expected - REGION), max(0, expected + REGION))
        if hit < 0 and not found and searched < _SEARCHED:
            searched += 1
            hit = seed.find(probe)
        if hit >= 0:
            found[(hit - at - place) // 4096] += 1
    return found.most_common(1)[0][0] * 4096 if found else before
