"""A machine for the contract of slot engines in which RAUC is RAUC: its service, dm-verity, loop devices for
partitions, our handler. The start alone is a model (``uboot.begun``); ``scenarios.script`` holds that against
U-Boot.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from firmware.phone.errors import UpdateError
from firmware.release import bundle as bundles
from firmware.release.certificates import Certified, new_authority, new_leaf
from firmware.updater.slots.base import SlotEngine
from firmware.updater.slots.rauc import RaucSlots
from firmware.updater.slots.rauc_bus import RaucBus
from firmware.updater.slots.system_conf import DATA, KEYRING, Boot, system_conf
from firmware.updater.version import parse
from tests.update.boards import UBootBoard
from tests.update.makers import BOARD
from tests.vm.slots import RAUC

SIZES = {"root_a": 2, "root_b": 2, "boot_a": 1, "boot_b": 1}
"""MB."""
_MB = 1024 * 1024


class RealRaucRig:
    """``SlotEngine`` over RAUC itself; slot a holds 1.1.0 as the factory wrote it: RAUC has no note of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._disk = folder / "disk"
        self._disk.mkdir()
        self._loops: dict[str, str] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        self._keyring = folder / "keyring.pem"
        self._leaf = _signer(self._keyring)
        self._board = UBootBoard(self._disk)
        for name, size in SIZES.items():
            file = folder / f"{name}.img"
            file.write_bytes(bytes(size * _MB))
            self._loops[name] = _run("losetup", "--find", "--show", file).strip()
            (self._disk / name).symlink_to(self._loops[name])
        for name, image in self._images("1.1.0").items():
            Path(self._loops[f"{name}_a"]).write_bytes(image.read_bytes())
        self._address = f"unix:path={folder}/bus"
        bus = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self._address}"]
        self._start(bus)
        self._configure()
        self.start()

    def engine(self) -> SlotEngine:
        return RaucSlots(RaucBus(self._address), self._folder / "os-release")

    def bundle(self, version: str, board: str = BOARD) -> Path:
        path = self._folder / f"{version}-{board}.raucb"
        bundles.make(path, self._images(version), board, parse(version), self._leaf, self._keyring)
        return path

    def forged(self) -> Path:
        """Signed, by another authority."""
        keyring, path = self._folder / "other.pem", self._folder / "forged.raucb"
        leaf = _signer(keyring)
        bundles.make(path, self._images("6.6.6"), BOARD, parse("6.6.6"), leaf, keyring)
        return path

    def start(self, warm: bool = True) -> None:
        for process in self._running[1:]:
            process.terminate()
            process.wait(10)
        del self._running[1:]
        slot = self._board.start(warm)
        (self._folder / "slot").write_text(slot)
        root = self._loops[f"root_{slot}"]
        release = _run("unsquashfs", "-cat", root, "usr/lib/os-release")
        (self._folder / "os-release").write_text(release)
        conf = self._folder / "system.conf"
        self._start(
            [*shlex.split(os.environ[RAUC]), "-c", str(conf), "service", f"--override-boot-slot={slot}"]
        )
        self._wait()

    def damage(self) -> None:
        device = Path(self._loops[f"root_{(self._folder / 'slot').read_text()}"])
        with device.open("r+b") as file:
            file.seek(1000)
            octet = file.read(1)[0]
            file.seek(1000)
            file.write(bytes([octet ^ 1]))
            os.fsync(file.fileno())

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(10)
        for loop in self._loops.values():
            _run("losetup", "--detach", loop)

    def _images(self, version: str) -> dict[str, Path]:
        made = {name: self._folder / f"{version}.{name}" for name in ("root", "boot")}
        if not made["root"].exists():
            tree = self._folder / f"{version}.tree"
            (tree / "usr/lib").mkdir(parents=True)
            (tree / "usr/lib/os-release").write_text(f"ID=sottovoce\nIMAGE_VERSION={version}\n")
            (tree / "content").write_bytes(os.urandom(200_000))
            _run("mksquashfs", tree, made["root"], "-noappend", "-quiet", "-no-progress", "-all-root")
            made["boot"].write_bytes(os.urandom(100_000))
        return made

    def _configure(self) -> None:
        """The system.conf of a board, and its handler, which asks the model which slot runs."""
        handler = self._folder / "boot-uboot"
        code = (
            "import sys; from pathlib import Path; import firmware.updater.boot.__main__ as handler; "
            f"handler.running_slot = lambda told: Path({str(self._folder / 'slot')!r}).read_text(); "
            f"sys.exit(handler.main(sys.argv[1:], Path({str(self._disk)!r})))"
        )
        handler.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" uboot "$@"\n')
        handler.chmod(0o755)
        conf = system_conf(Boot.UBOOT, BOARD, disk=str(self._disk), handler=str(self._folder / "boot-{flow}"))
        data = self._folder / "rauc"
        data.mkdir()
        conf = conf.replace(KEYRING, str(self._keyring)).replace(f"={DATA}\n", f"={data}\n")
        (self._folder / "system.conf").write_text(conf.replace("/run/rauc", f"{self._folder}/mount"))
        (self._folder / "mount").mkdir()

    def _start(self, words: list[str]) -> None:
        with (self._folder / "services.log").open("ab") as log:
            environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self._address}
            self._running.append(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
            )

    def _wait(self) -> None:
        """Until the service answers. Raises UpdateError with the end of its log."""
        for _ in range(200):
            try:
                RaucBus(self._address).slots()
            except UpdateError:
                time.sleep(0.05)
            else:
                return
        raise UpdateError((self._folder / "services.log").read_text()[-1000:])


def _signer(keyring: Path) -> Certified:
    """Who signs bundles; ``keyring`` gets the authority."""
    authority = new_authority(datetime.now(UTC))
    keyring.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return new_leaf(authority, datetime.now(UTC))


def _run(*words: str | Path) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{words[0]}: {done.stderr}"
    return done.stdout
