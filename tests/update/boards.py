"""Models of boot firmware, each with our back end for it: what the firmware does at power-on, in Python."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Protocol

from firmware.phone.errors import UpdateError
from firmware.updater import disk
from firmware.updater.boot import efi, tryboot, uboot
from firmware.updater.boot.state import BootFlow
from firmware.updater.slots.sector import SIZE


class Board(Protocol):
    flow: BootFlow

    def save(self) -> tuple[bytes | None, ...]:
        """All that outlives a start; ``load`` puts it back."""
        ...

    def load(self, saved: tuple[bytes | None, ...]) -> None: ...

    def start(self, warm: bool) -> str:
        """The slot that the firmware boots; ``warm``: after a restart, not after the power was gone."""
        ...


class _Files:
    """What outlives a start are files, each as a whole."""

    files: list[Path]

    def save(self) -> tuple[bytes | None, ...]:
        return tuple(path.read_bytes() if path.exists() else None for path in self.files)

    def load(self, saved: tuple[bytes | None, ...]) -> None:
        for path, octets in zip(self.files, saved, strict=True):
            if octets is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(octets)


class UBootBoard(_Files):
    """``board/image/boot.cmd``, by the rules of ``uboot.begun``; tests/vm has the real one."""

    def __init__(self, folder: Path) -> None:
        self.sector = folder / "bootstate"
        self.sector.write_bytes(bytes(SIZE))
        self.files = [self.sector]
        self.flow: BootFlow = uboot.UBoot(self.sector)

    def start(self, warm: bool) -> str:
        try:
            now = uboot.decoded(self.sector.read_bytes())
        except UpdateError:
            now = uboot.Variables()
        slot, then = uboot.begun(now)
        self.sector.write_bytes(then.encoded())
        return slot


class TrybootBoard(_Files):
    """The flag lives in the firmware's memory from the restart to the start after it."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        fat(self.config, {"autoboot.txt": tryboot.encoded("a")}, 16)
        self.parameter = folder / "reboot-param"
        self.files = [self.parameter]
        self._at = self.config.read_bytes().index(b"[all]")
        self.flow: BootFlow = tryboot.Tryboot(self.config, self.parameter)

    def start(self, warm: bool) -> str:
        flag = warm and self.parameter.exists() and self.parameter.read_text() == tryboot.FLAG
        self.parameter.unlink(missing_ok=True)
        sections = self._autoboot().decode().split("[tryboot]")
        number = int(sections[flag].partition("boot_partition=")[2].split()[0])
        return next(slot for slot, at in tryboot.PARTITIONS.items() if at == number)

    def save(self) -> tuple[bytes | None, ...]:
        return (*super().save(), self._autoboot())

    def load(self, saved: tuple[bytes | None, ...]) -> None:
        super().load(saved[:-1])
        with self.config.open("r+b") as file:
            file.seek(self._at)
            file.write(saved[-1] or b"")

    def _autoboot(self) -> bytes:
        with self.config.open("rb") as file:
            file.seek(self._at)
            return file.read(SIZE)


class EfiBoard(_Files):
    def __init__(self, folder: Path) -> None:
        self.variables = folder / "efivars"
        self.variables.mkdir()
        for number, name in ((0, "UiApp"), (3, "sottovoce a"), (4, "sottovoce b")):
            option = struct.pack("<IIH", 7, 1, 0) + (name + "\0").encode("utf-16-le") + b"path"
            self._file(f"Boot{number:04X}").write_bytes(option)
        self._file("BootOrder").write_bytes(struct.pack("<I3H", 7, 3, 4, 0))
        self.files = [self._file("BootOrder"), self._file("BootNext")]
        self.flow: BootFlow = efi.Efi(self.variables, disk.replace)

    def start(self, warm: bool) -> str:
        order = [number for (number,) in struct.iter_unpack("<H", self._file("BootOrder").read_bytes()[4:])]
        following = self._file("BootNext")
        if following.exists():
            order = [struct.unpack_from("<H", following.read_bytes(), 4)[0], *order]
            following.unlink()
        return {3: "a", 4: "b"}[order[0]]

    def _file(self, name: str) -> Path:
        return self.variables / f"{name}-{efi.GLOBAL}"


def fat(image: Path, files: dict[str, bytes], bits: int = 16) -> None:
    """Make a FAT with ``files`` in its root folder, by the tools that make the image."""
    with image.open("wb") as file:
        file.truncate(40_000_000 if bits == 32 else 4_000_000)
    run("mkfs.vfat", "-F", str(bits), "-s", "1", str(image))
    for name, content in files.items():
        source = image.with_name(name)
        source.write_bytes(content)
        run("mcopy", "-i", str(image), str(source), f"::{name}")


def from_fat(image: Path, name: str) -> bytes:
    return subprocess.run(
        ["mtype", "-i", str(image), f"::{name}"], capture_output=True, check=True, timeout=30
    ).stdout


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=60)
