"""A new bundle from the images that run now and a small patch: what is fetched is a fraction of the bundle.

A patch is a list of segments of the new bundle. Each is one frame of Zstandard (RFC 8878) for which a region
of the running images is the prefix, as ``zstd --patch-from`` has it; the segments keep the memory small.

::

    "sottovoce patch 1\\n"   4 octets: length of the header, big-endian   the header, JSON   the frames
    {"length": …, "sha256": …, "images": [[class, length], …], "segments": [[from, seed, made, packed], …]}

``images`` one after another are the seed; a segment takes ``seed`` octets of it at ``from``, and ``packed``
octets of the patch, and gives ``made`` octets of the bundle. Nothing here is trusted: TUF vouches for the
patch before it is opened, and whatever comes out of it is compared with TUF's word on the whole bundle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backports import zstd

from firmware.phone.errors import Untrusted
from firmware.updater import disk

MAGIC = b"sottovoce patch 1\n"
SEGMENT = 4 * 1024 * 1024
"""Octets of the bundle that one segment makes, at most."""

REGION = 8 * 1024 * 1024
"""Octets of the running images that one segment takes, at most."""

WINDOW = 24
"""Base-2 logarithm of Zstandard's window: region and segment together fit into it."""

LONGEST_HEADER = 256 * 1024
MOST_IMAGES = 8
MOST_SEGMENTS = 4096
PIECE = 256 * 1024
"""Octets unpacked at a time."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Segment:
    """``start``, ``seed``: a region of the images. ``made`` octets of the bundle, ``packed`` of the patch."""

    start: int
    seed: int
    made: int
    packed: int


@dataclass(frozen=True)
class Header:
    """What a patch makes, of what. ``images``: slot class and length, in the order of the seed."""

    length: int
    sha256: str
    images: tuple[tuple[str, int], ...]
    segments: tuple[Segment, ...]


def encoded(header: Header) -> bytes:
    value = {
        "length": header.length,
        "sha256": header.sha256,
        "images": [list(image) for image in header.images],
        "segments": [[s.start, s.seed, s.made, s.packed] for s in header.segments],
    }
    octets = json.dumps(value, separators=(",", ":")).encode()
    return MAGIC + len(octets).to_bytes(4, "big") + octets


def read_header(file: BinaryIO) -> Header:
    """The header at the start of ``file``, which then stands at the first frame. Raises Untrusted."""
    if file.read(len(MAGIC)) != MAGIC:
        raise Untrusted("the patch has another format")
    length = int.from_bytes(file.read(4), "big")
    if length > LONGEST_HEADER:
        raise Untrusted("the patch's header is too long")
    try:
        value = json.loads(file.read(length))
        header = Header(
            length=_number(value["length"]),
            sha256=str(value["sha256"]),
            images=tuple((str(name), _number(size)) for name, size in value["images"]),
            segments=tuple(Segment(*map(_number, item)) for item in value["segments"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Untrusted(f"the patch's header is not readable ({str(error)[:60]})") from None
    _bounds(header)
    return header


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        raise ValueError("no length")
    return value


def _bounds(header: Header) -> None:
    seed = sum(size for _, size in header.images)
    if len(header.images) > MOST_IMAGES or len(header.segments) > MOST_SEGMENTS:
        raise Untrusted("the patch has too many parts")
    if sum(s.made for s in header.segments) != header.length:
        raise Untrusted("the patch does not make what it says")
    for s in header.segments:
        if not (0 < s.made <= SEGMENT and s.seed <= REGION and s.start + s.seed <= seed):
            raise Untrusted("the patch has a segment out of bounds")


def apply(
    patch: Path,
    images: Mapping[str, Path],
    bundle: Path,
    length: int,
    sha256: str,
    progress: Progress = lambda done, length: None,
) -> None:
    """Make ``bundle`` (of ``length`` octets and this hash) from ``patch`` and the running ``images``, which
    may be block devices longer than the image that was written to them.

    ``bundle`` is there afterwards, whole and with this hash, or not at all. Raises Untrusted when the patch
    does not give it, OSError.
    """
    made = bundle.with_name(bundle.name + ".made")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with patch.open("rb") as file, os.fdopen(os.open(made, flags, 0o600), "wb") as out:
            header = read_header(file)
            if (header.length, header.sha256) != (length, sha256):
                raise Untrusted("the patch makes another bundle than the release names")
            digest, done = hashlib.sha256(), 0
            with _Seed(header.images, images) as seed:
                for segment in header.segments:
                    for piece in _unpacked(segment, seed, file):
                        out.write(piece)
                        digest.update(piece)
                    done += segment.made
                    progress(done, length)
            if file.read(1):
                raise Untrusted("the patch holds more than it says")
            if digest.hexdigest() != sha256:
                raise Untrusted("the patch does not fit what runs here")
            out.flush()
            os.fsync(out.fileno())
        os.replace(made, bundle)
    finally:
        made.unlink(missing_ok=True)
    disk.sync_folder(bundle.parent)


def _unpacked(segment: Segment, seed: _Seed, file: BinaryIO) -> Iterator[bytes]:
    """The octets that ``segment`` makes, in pieces; never more than it says."""
    packed = file.read(min(segment.packed, SEGMENT + SEGMENT // 128 + 1024))
    prefix = (
        zstd.ZstdDict(seed.read(segment.start, segment.seed), is_raw=True).as_prefix if segment.seed else None
    )
    unpacker = zstd.ZstdDecompressor(prefix, {zstd.DecompressionParameter.window_log_max: WINDOW})
    left, given = segment.made, packed
    try:
        while left and not unpacker.eof:
            piece = unpacker.decompress(given, max_length=min(PIECE, left))
            given = b""
            if not piece and unpacker.needs_input:
                break
            left -= len(piece)
            yield piece
        if not left and not unpacker.eof:
            unpacker.decompress(given, max_length=1)
    except zstd.ZstdError:
        raise Untrusted("the patch does not fit what runs here") from None
    if left or not unpacker.eof or unpacker.unused_data:
        raise Untrusted("the patch does not make what it says")


class _Seed:
    """The running images one after another, to be read at any place. A context manager."""

    def __init__(self, wanted: Sequence[tuple[str, int]], images: Mapping[str, Path]) -> None:
        """Raises Untrusted when an image is not here, OSError."""
        missing = [name for name, _ in wanted if name not in images]
        if missing:
            raise Untrusted(f"the patch needs the image {missing[0]!r}, which does not run here")
        self._open = contextlib.ExitStack()
        self._parts: list[tuple[int, int]] = []
        try:
            for name, size in wanted:
                handle = os.open(images[name], os.O_RDONLY | os.O_CLOEXEC)
                self._open.callback(os.close, handle)
                self._parts.append((handle, size))
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> _Seed:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def read(self, start: int, length: int) -> bytes:
        """Raises Untrusted when an image is shorter than it must be, OSError."""
        found = bytearray()
        for handle, size in self._parts:
            if start < size and length:
                part = os.pread(handle, min(length, size - start), start)
                if len(part) < min(length, size - start):
                    raise Untrusted("what runs here is shorter than the patch needs")
                found += part
                length, start = length - len(part), size
            start -= size
        return bytes(found)
