"""The read-only root with its hash tree (dm-verity), and FAT images. The same tree gives the same octets."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.image.shell import ImageError
from firmware.image.workshop import Workshop

BLOCK = 4096
_NAMESPACE = uuid.UUID("7e4bd5b2-6f4b-5a6c-9d5e-1c6a6f0d8b11")
_SQUASHFS = ("-comp", "zstd", "-Xcompression-level", "15", "-b", "131072", "-no-xattrs")
"""docs/adr/0011 says why these."""
_SALT = hashlib.sha256(b"sottovoce").hexdigest()
"""The same in every version: another one would change the whole tree, which an update would have to carry."""


@dataclass(frozen=True)
class Verity:
    """A file system followed by its hash tree in one file, and what the kernel must know to check it."""

    file: Path
    blocks: int
    """Of data, 4096 octets each; the tree begins after them."""
    root_hash: str
    salt: str

    @property
    def argument(self) -> str:
        """For the kernel's command line; ``board/image/init`` reads it."""
        return f"sottovoce.verity={self.blocks},{self.root_hash},{self.salt}"


def name_uuid(name: str) -> uuid.UUID:
    """An identifier that follows from a name (RFC 9562 section 5.5): images of one content are one."""
    return uuid.uuid5(_NAMESPACE, name)


def root(shop: Workshop, tree: Path, folder: Path, last: Sequence[str] = ()) -> Verity:
    """Pack ``tree`` as ``folder``/root.img, with the hash tree behind it.

    ``last``: what changes with every version lies behind all else, so that nothing else moves (ADR 11).
    """
    places = {"/in/root": tree, "/out": folder}
    order = folder / "order"
    order.write_text("".join(f"{name} -1\n" for name in last))
    image = folder / "root.img"
    image.unlink(missing_ok=True)
    pack = ["mksquashfs", "/in/root", "/out/root.img", *_SQUASHFS, "-noappend", "-quiet", "-no-progress"]
    pack += ["-sort", "/out/order"]
    shop.run(pack, "packing the root", places=places)  # its dates are SOURCE_DATE_EPOCH
    order.unlink()
    size = image.stat().st_size
    if size % BLOCK:
        raise ImageError("mksquashfs made a file system that does not end with a whole block")
    said = shop.run(
        [
            "veritysetup",
            "format",
            "--no-superblock",
            f"--salt={_SALT}",
            f"--data-blocks={size // BLOCK}",
            f"--hash-offset={size}",
            "/out/root.img",
            "/out/root.img",
        ],
        "hashing the root",
        places=places,
    )
    found = re.search(r"Root hash:\s*([0-9a-f]{64})", said)
    if not found:
        raise ImageError("veritysetup did not say the root's hash")
    return Verity(image, size // BLOCK, found.group(1), _SALT)


def fat(shop: Workshop, target: Path, label: str, size: int, files: Mapping[str, Path]) -> None:
    """A FAT image of ``size`` octets with ``files`` (name in it, with / for folders, to file).

    Raises ImageError when they do not fit.
    """
    needed = sum(file.stat().st_size for file in files.values())
    if needed > size * 98 // 100:
        raise ImageError(
            f"{label}: {needed >> 20} MB do not fit into its {size >> 20} MB: see board/image/sizes.toml"
        )
    target.unlink(missing_ok=True)
    with target.open("wb") as image:
        image.truncate(size)
    staged = target.with_name(f"{target.name}.files")
    staged.mkdir()
    folders = sorted({str(parent) for name in files for parent in Path(name).parents} - {"."})
    serial = name_uuid(label).hex[:8]
    kind = "32" if size >= 40 << 20 else "16"
    steps = [f"mkfs.vfat --invariant -F {kind} -i {serial} -n {label.upper()} /out/{target.name} >/dev/null"]
    steps += [f"mmd -i /out/{target.name} '::{folder}'" for folder in folders]
    for number, (name, file) in enumerate(sorted(files.items())):
        (staged / str(number)).write_bytes(file.read_bytes())
        steps.append(f"touch -d @{shop.epoch} /out/{staged.name}/{number}")
        steps.append(f"mcopy -m -i /out/{target.name} /out/{staged.name}/{number} '::{name}'")
    shop.run(["sh", "-ec", "\n".join(steps)], f"writing {label}", places={"/out": target.parent})
    for file in staged.iterdir():
        file.unlink()
    staged.rmdir()
