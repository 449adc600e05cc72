"""Patches: they give the bundle or nothing, whatever stands in them, in bounded memory."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from firmware.phone.errors import Untrusted, UpdateError
from firmware.release import patching
from firmware.updater import patch
from firmware.updater.patch import REGION, SEGMENT, Header, Segment

ROOT = Path(__file__).parents[2]


@dataclass
class Case:
    """What runs (``images``), what is wanted (``content``), and the patch between them."""

    folder: Path
    images: dict[str, Path]
    content: bytes
    patch: Path

    def apply(self, patch_file: bytes | None = None, **others: Any) -> bytes:
        if patch_file is not None:
            self.patch.write_bytes(patch_file)
        digest = hashlib.sha256(self.content).hexdigest()
        words: dict[str, Any] = {
            "images": self.images,
            "length": len(self.content),
            "sha256": digest,
        } | others
        patch.apply(self.patch, bundle=self.folder / "bundle", **words)
        return (self.folder / "bundle").read_bytes()

    def refused(self, patch_file: bytes | None = None, match: str | None = None, **others: Any) -> None:
        """Nothing is left of it but the patch."""
        before = sorted(self.folder.iterdir())
        with pytest.raises(Untrusted, match=match):
            self.apply(patch_file, **others)
        assert sorted(self.folder.iterdir()) == before

    def header(self) -> tuple[Header, bytes]:
        with self.patch.open("rb") as file:
            return patch.read_header(file), file.read()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    chance = random.Random(7)
    boot, root = chance.randbytes(300_000), chance.randbytes(5_000_000)
    (folder / "boot.img").write_bytes(boot)
    (folder / "root.img").write_bytes(root)
    new_root = root[:2_000_000] + b"a new module" * 100 + root[2_000_700:]
    (folder / "new").write_bytes(
        b"head" * 24 + boot[:100_000] + b"cmdline" + boot[100_020:] + new_root + chance.randbytes(5000)
    )
    images = {"boot": folder / "boot.img", "root": folder / "root.img"}
    patching.make(folder / "patch", images, folder / "new")
    return folder


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Case:
    for path in made.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    images = {"boot": tmp_path / "boot.img", "root": tmp_path / "root.img"}
    return Case(tmp_path, images, (tmp_path / "new").read_bytes(), tmp_path / "patch")


def test_it_gives_the_bundle(case: Case) -> None:
    assert case.patch.stat().st_size < 10_000
    done: list[tuple[int, int]] = []
    assert case.apply(progress=lambda have, length: done.append((have, length))) == case.content
    assert done[-1] == (len(case.content), len(case.content))
    assert (case.folder / "bundle").stat().st_mode & 0o777 == 0o600
    assert not (case.folder / "bundle.made").exists()


def test_a_slot_is_longer_than_its_image(case: Case) -> None:
    """A partition goes on behind the image that was written to it."""
    with case.images["root"].open("ab") as device:
        device.write(os.urandom(100_000))
    assert case.apply() == case.content


def test_what_moved_far_is_found(tmp_path: Path) -> None:
    """A package that went shifts what follows by megabytes, in both directions."""
    chance = random.Random(8)
    front, back = chance.randbytes(12_000_000), chance.randbytes(12_000_000)
    (tmp_path / "root.img").write_bytes(front + back)
    (tmp_path / "new").write_bytes(back + chance.randbytes(1000) + front)
    octets = patching.make(tmp_path / "patch", {"root": tmp_path / "root.img"}, tmp_path / "new")
    assert octets < 5_000_000  # the seam's segment does not find both of its halves


def test_nothing_in_common(tmp_path: Path) -> None:
    chance = random.Random(9)
    (tmp_path / "root.img").write_bytes(chance.randbytes(3_000_000))
    (tmp_path / "new").write_bytes(chance.randbytes(3_000_000))
    case = Case(
        tmp_path, {"root": tmp_path / "root.img"}, (tmp_path / "new").read_bytes(), tmp_path / "patch"
    )
    patching.make(case.patch, case.images, tmp_path / "new")
    assert case.apply() == case.content


def test_the_same_gives_the_same_patch(case: Case) -> None:
    before = case.patch.read_bytes()
    patching.make(case.patch, case.images, case.folder / "new")
    assert case.patch.read_bytes() == before


def test_no_images_to_make_it_of(tmp_path: Path) -> None:
    for name in ("root.img", "new"):
        (tmp_path / name).touch()
    with pytest.raises(UpdateError, match="empty"):
        patching.make(tmp_path / "patch", {"root": tmp_path / "root.img"}, tmp_path / "new")


# --- attacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 3_000_000, 4_999_999])
def test_what_runs_is_not_what_the_patch_is_for(case: Case, at: int) -> None:
    image = bytearray(case.images["root"].read_bytes())
    image[at] ^= 1
    case.images["root"].write_bytes(image)
    case.refused(match="does not fit what runs here")


def test_what_runs_is_too_short(case: Case) -> None:
    os.truncate(case.images["root"], 4_000_000)
    case.refused(match="shorter")


def test_an_image_is_missing(case: Case) -> None:
    case.refused(images={"root": case.images["root"]}, match="'boot'")


def test_another_bundle(case: Case) -> None:
    case.refused(sha256="0" * 64, match="another bundle")
    case.refused(length=len(case.content) + 1, match="another bundle")


@pytest.mark.parametrize("seed", range(40))
def test_any_octet_changed(case: Case, seed: int) -> None:
    octets = bytearray(case.patch.read_bytes())
    octets[random.Random(seed).randrange(len(octets))] ^= 1 << seed % 8
    before = sorted(case.folder.iterdir())
    try:
        assert case.apply(bytes(octets)) == case.content  # a bit of Zstandard's that says nothing
    except Untrusted:
        assert sorted(case.folder.iterdir()) == before


@pytest.mark.parametrize("kept", [0, 3, 18, 20, 40, 200, -1])
def test_cut_off(case: Case, kept: int) -> None:
    case.refused(case.patch.read_bytes()[:kept])


def test_something_behind_it(case: Case) -> None:
    case.refused(case.patch.read_bytes() + b"x", match="more than it says")


CHANGES: dict[str, Callable[[Header], Header]] = {
    "length": lambda h: replace(h, length=h.length + 1),
    "negative": lambda h: replace(h, segments=(replace(h.segments[0], start=-1), *h.segments[1:])),
    "behind the images": lambda h: replace(
        h, segments=(replace(h.segments[0], start=2**39), *h.segments[1:])
    ),
    "large region": lambda h: replace(h, segments=(replace(h.segments[0], seed=REGION + 1), *h.segments[1:])),
    "large segment": lambda h: replace(h, segments=(Segment(0, 0, SEGMENT + 1, 9),), length=SEGMENT + 1),
    "empty segment": lambda h: replace(h, segments=(*h.segments, Segment(0, 0, 0, 9))),
    "no segment": lambda h: replace(h, segments=()),
    "many segments": lambda h: replace(h, segments=(Segment(0, 0, 1, 0),) * 5000, length=5000),
    "many images": lambda h: replace(h, images=(("root", 1),) * 9),
    "other region": lambda h: replace(h, segments=(replace(h.segments[0], start=64), *h.segments[1:])),
    "frame too long": lambda h: replace(
        h, segments=(replace(h.segments[0], packed=h.segments[0].packed + 1), *h.segments[1:])
    ),
    "frame too short": lambda h: replace(
        h, segments=(replace(h.segments[0], packed=h.segments[0].packed - 1), *h.segments[1:])
    ),
    "less than the frame": lambda h: replace(
        h, segments=(replace(h.segments[0], made=SEGMENT - 1), Segment(0, 0, 1, 0), *h.segments[1:])
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_header_that_lies(case: Case, change: str) -> None:
    header, frames = case.header()
    lying = CHANGES[change](header)
    case.refused(patch.encoded(lying) + frames, length=lying.length)


@pytest.mark.parametrize(
    "text", [b"[]", b"{}", b'"x"', b"[" * 9999, b'{"length":1e9}', b"\xff", b'{"length":NaN}']
)
def test_a_header_of_garbage(case: Case, text: bytes) -> None:
    case.refused(patch.MAGIC + len(text).to_bytes(4, "big") + text, match="not readable")


def test_a_header_without_end(case: Case) -> None:
    case.refused(patch.MAGIC + b"\xff\xff\xff\xff" + b" " * 10**6, match="too long")


def bomb(packed: bytes, made: int, images: dict[str, Path]) -> bytes:
    header = Header(made, "0" * 64, (), (Segment(0, 0, made, len(packed)),))
    return patch.encoded(header) + packed


def test_a_bomb(case: Case) -> None:
    """256 MB of zeros in a few octets: not an octet more than the segment's is unpacked."""
    packed = zstd.compress(bytes(2**28))
    assert len(packed) < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    case.refused(bomb(packed, SEGMENT, {}), length=SEGMENT, sha256="0" * 64)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_a_window_of_a_gigabyte(case: Case) -> None:
    """A frame that asks for more memory than any of ours is refused before it gets it."""
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 30}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(bytes(SEGMENT - 1)) + packer.compress(b"\0") + packer.flush()
    case.refused(bomb(packed, SEGMENT, {}), length=SEGMENT, sha256="0" * 64, match="does not fit")


def test_a_link_in_the_place_of_the_bundle(case: Case) -> None:
    (case.folder / "victim").write_bytes(b"precious")
    (case.folder / "bundle.made").symlink_to(case.folder / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        case.apply()
    assert (case.folder / "victim").read_bytes() == b"precious"


def test_memory_of_a_small_board(tmp_path: Path) -> None:
    """Applying a patch to 30 MB of images takes less than 48 MB, in a process of its own."""
    chance = random.Random(10)
    image = chance.randbytes(30_000_000)
    (tmp_path / "root.img").write_bytes(image)
    (tmp_path / "new").write_bytes(image[1000:])
    patching.make(tmp_path / "patch", {"root": tmp_path / "root.img"}, tmp_path / "new")
    digest = hashlib.sha256(image[1000:]).hexdigest()
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom firmware.updater import patch\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nhere = Path(sys.argv[1])\n"
        "images = {'root': here / 'root.img'}\n"
        "patch.apply(here / 'patch', images, here / 'out', int(sys.argv[2]), sys.argv[3])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(len(image) - 1000), digest],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=ROOT,
    )
    assert int(done.stdout) < 48 * 1024
