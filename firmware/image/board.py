"""What a board needs of an image: ``board/NAME/image.toml``. Strict: an unknown key is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from firmware.image.places import BOARDS
from firmware.image.shell import ImageError


@dataclass(frozen=True)
class ImageBoard:
    """One board.

    Attributes:
        name: of its folder; the bundle's ``compatible`` follows from it.
        title: for people.
        phone: which board.toml the telephone starts with.
        kernel: Debian's package.
        suite: where kernel and firmware come from when not from trixie itself, such as trixie-backports.
        packages: what it needs besides board/image/packages.txt.
        modules: what the kernel may load besides board/image/modules.txt.
        firmware: files below /usr/lib/firmware that stay, as patterns; all else there is left out.
        first_modules: what the first root loads to reach the disk, in this order.
        own_modules: folders of board/image with a module of ours, which the first root loads (``headers``).
        arguments: what the kernel is told besides what all boards are.
        config: files on the config partition: name there to a pattern in the unpacked packages, or in the
            board's own folder when it begins with ``./``.
        slot: files on each boot partition besides kernel, first root and arguments, in the same form.
        boot: ``uboot``, or ``tryboot`` where Raspberry Pi's own firmware loads the slot; the back end of
            firmware.updater.boot.
        hybrid_mbr: whether the boot ROM wants the config partition in an MBR.
    """

    name: str
    title: str
    phone: str
    kernel: str
    suite: str = ""
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    first_modules: tuple[str, ...] = ()
    own_modules: tuple[str, ...] = ()
    arguments: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    slot: Mapping[str, str] = field(default_factory=dict)
    boot: str = "uboot"
    hybrid_mbr: bool = False

    @property
    def folder(self) -> Path:
        return BOARDS / self.name

    @property
    def lock(self) -> Path:
        return self.folder / "packages.lock"

    @property
    def compatible(self) -> str:
        return self.name


def boards() -> list[str]:
    """The names of the boards for which an image can be made."""
    return sorted(file.parent.name for file in BOARDS.glob("*/image.toml"))


def read(name: str) -> ImageBoard:
    """Raises ImageError for an unknown board or a fault in its file."""
    if name not in boards():
        raise ImageError(f"there is no image for {name!r}; BOARD= is one of {', '.join(boards())}")
    file = BOARDS / name / "image.toml"
    said: dict[str, Any] = tomllib.loads(file.read_text())
    known = {one.name for one in fields(ImageBoard)} - {"name"}
    if unknown := said.keys() - known:
        raise ImageError(
            f"{file}: unknown: {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
        )
    for key in ("packages", "modules", "firmware", "first_modules", "own_modules"):
        said[key] = tuple(said.get(key, ()))
    return ImageBoard(name=name, **said)
