"""Updates: octets of a small one, verifying and writing beside openssl and RAUC, published to committed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from firmware.release import __main__ as tool
from firmware.updater import fetch, patch, signatures
from firmware.updater.fetch import HttpsSource
from firmware.updater.judge import Offer
from firmware.updater.slots import rauc_bundle
from firmware.updater.slots.directory import DirectorySlots, Firmware
from firmware.updater.trust import Repository
from firmware.updater.updater import Parts, Updater
from tests.bench.bed import Bench
from tests.bench.figures import Beside, Limit, Row
from tests.rig.phone import ROOT
from tests.rig.processes import RigError
from tests.update.test_whole_way import Server

BOARD = "bench-board"
MS = 1000.0
LIBRARIES = 30_000_000
"""Octets of the root that no packer makes smaller, as shared libraries and modules are to a second packer."""

_SQUASHFS = ("-noappend", "-no-progress", "-quiet", "-comp", "zstd", "-b", "128K", "-all-root")
_TIMES = ("-all-time", "1", "-mkfs-time", "1")


def measure(bench: Bench) -> list[Row]:
    folder = bench.folder / "updates"
    folder.mkdir()
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        bench.say("updates: two releases")
        _makers(folder)
        server = Server(folder / "served", bench.authority)
        try:
            turns = bench.several(6, 2)
            return [
                _small(),
                *_beside(bench, turns),
                *_whole_way(bench, server.url, bench.several(5, 2)),
            ]
        finally:
            server.stop()


def _release(*arguments: str) -> None:
    if tool.main(["--phrase-file", "phrase", *arguments]) != 0:
        raise RigError(f"sotto-release {arguments[0]} failed")


def _makers(folder: Path) -> None:
    """Keys, 1.0.0 in slot a, and 1.1.0 with one other module published."""
    Path("phrase").write_text("correct horse battery\n")
    Path("phrase").chmod(0o600)
    _release("ceremony")
    leave = shutil.ignore_patterns("*.pyc", "*.so", "*.a", "__pycache__", "test", "dist-packages")
    shutil.copytree(ROOT / "firmware", "root/firmware", ignore=leave)
    shutil.copytree(os.path.dirname(os.__file__), "root/python", ignore=leave, ignore_dangling_symlinks=True)
    Path("root/libraries.so").write_bytes(os.urandom(LIBRARIES))
    Path("boot.img").write_bytes(os.urandom(4_000_000))
    for version in ("1.0.0", "1.1.0"):
        subprocess.run(
            ["mksquashfs", "root", "root.img", *_SQUASHFS, *_TIMES], check=True, capture_output=True
        )
        images = ("root=root.img", "boot=boot.img")
        _release("bundle", f"{version}.raucb", "--board", BOARD, "--version", version, *images)
        Path("release.toml").write_text(
            f'version = "{version}"\nfloor = "1.0.0"\nsupported_until = 2031-12-31\n[notes]\nen = "New"\n'
        )
        _release("publish", "release.toml", f"{BOARD}={version}.raucb")
        with Path("root/firmware/phone/machine/step.py").open("a") as module:
            module.write("\n\ndef more() -> str:\n    return 'one more function in one module'\n")


def _patch() -> Path:
    return next(Path("served/targets").rglob("*.patch"))


def _small() -> Row:
    share = 100 * _patch().stat().st_size / Path("1.1.0.raucb").stat().st_size
    return Row(
        "update-octets",
        "one changed module: octets to fetch",
        "% of the bundle",
        f"A bundle of {Path('1.1.0.raucb').stat().st_size / 1e6:.0f} MB (our firmware, Python's library, "
        "incompressible libraries); with a Debian 13 root of 121 MB it was 0.5 % (decision 11).",
        Limit(10.0),
        (),
        [share],
    )


def _timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return (time.monotonic() - start) * MS


def _beside(bench: Bench, turns: int) -> list[Row]:
    """In turns: ours, the rival, ours, the rival, on the same file."""
    bundle, keyring = Path("1.1.0.raucb"), Path("public/bundle-keyring.pem")
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    megabytes = f"{bundle.stat().st_size / 1e6:.0f} MB"
    Path("alone").mkdir()
    rauc_bundle.unpack(Path("1.0.0.raucb"), Path("alone/a"), keyring, BOARD)
    slots = DirectorySlots(
        Path("alone"), "a", BOARD, lambda file, to: rauc_bundle.unpack(file, to, keyring, BOARD)
    )
    openssl = ["openssl", "dgst", "-sha256", str(bundle)]
    made = Path("alone/made.raucb")
    done: dict[str, list[float]] = {
        name: [] for name in ("verify", "openssl", "install", "rauc", "patch", "copy")
    }
    for turn in range(turns):
        bench.say(f"updates: verify and install, turn {turn + 1} of {turns}")
        done["verify"].append(_timed(lambda: fetch.download(_Nowhere(), "", bundle, _length(bundle), digest)))
        done["openssl"].append(_timed(lambda: subprocess.run(openssl, check=True, capture_output=True)))
        done["install"].append(_timed(lambda: slots.install(bundle, lambda per_cent, what: None)))
        done["rauc"].append(_timed(lambda: rauc_bundle.unpack(bundle, Path("alone/rauc"), keyring, BOARD)))
        shutil.rmtree("alone/rauc")
        done["patch"].append(
            _timed(lambda: patch.apply(_patch(), slots.images(), made, _length(bundle), digest))
        )
        done["copy"].append(_timed(lambda: _copied(bundle, Path("alone/copy"))))
    return [
        Row(
            "update-verify",
            f"{megabytes} against TUF's hash (rival: openssl dgst)",
            "ms",
            "What stands between the download and RAUC: the whole file read and hashed.",
            Beside(),
            (),
            done["verify"],
            done["openssl"],
        ),
        Row(
            "update-install",
            f"{megabytes} to a slot that is a folder (rival: rauc extract)",
            "ms",
            "Signature, payload and images by RAUC in both; ours clears the slot before and syncs it after.",
            Beside(),
            (),
            done["install"],
            done["rauc"],
        ),
        Row(
            "update-patch",
            f"{megabytes} made from a patch (rival: cp and sync)",
            "ms",
            "The bundle rebuilt from the running slot, hashed and synced; the rival has the bundle already.",
            None,
            (),
            done["patch"],
            done["copy"],
        ),
    ]


def _length(path: Path) -> int:
    return path.stat().st_size


def _copied(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


class _Nowhere:
    """A source that is not asked: what is there is only verified."""

    def open(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        raise RigError("what is there was fetched again")


class _Now:
    def now(self, floor: datetime) -> datetime:
        return max(floor, datetime.now(UTC))


def _whole_way(bench: Bench, url: str, turns: int) -> list[Row]:
    """From the signed timestamp on the server to the new version confirmed, small and whole in turns."""
    whole: list[float] = []
    small: list[float] = []
    restart: list[float] = []
    keyring = Path("public/bundle-keyring.pem")
    for turn in range(turns * 2):
        place = Path(f"phone-{turn}")
        place.mkdir()
        rauc_bundle.unpack(Path("1.0.0.raucb"), place / "a", keyring, BOARD)
        bench.say(f"updates: the whole way, {turn + 1} of {turns * 2}")
        start = time.monotonic()
        _updater(bench, url, place, small=turn % 2 == 0, install=True)
        stopped = time.monotonic()
        Firmware(place).boot()
        told = _updater(bench, url, place, small=False, install=False)
        end = time.monotonic()
        if told != "updated to 1.1.0":
            raise RigError(f"the update did not come to its end: {told}")
        (small if turn % 2 == 0 else whole).append(end - start)
        restart.append((end - stopped) * MS)
        shutil.rmtree(place)
    return [
        Row(
            "update-committed",
            "published → committed, small (rival: ours, whole)",
            "s",
            "Asked over TLS on this machine, judged, fetched, made, written to a folder, booted on trial, "
            "confirmed. The network, which is what a small download saves, costs nothing here.",
            None,
            ("max",),
            small,
            whole,
        ),
        Row(
            "update-interruption",
            "interruption of service by the updater: restart → confirmed",
            "ms",
            "The slot picked, re-read against its checksums, confirmed. A board's own start comes before it, "
            "the phone's start (start → ready) beside it.",
            None,
            ("max",),
            restart,
        ),
    ]


def _updater(bench: Bench, url: str, place: Path, small: bool, install: bool) -> str:
    """One run of the updater in a telephone's folder. What it told last."""
    keys = signatures.read_keys(Path("public/release-keys.json").read_bytes())
    keyring, source = Path("public/bundle-keyring.pem"), HttpsSource(Path(bench.authority.pem))
    slots = DirectorySlots(
        place,
        Firmware(place).running(),
        BOARD,
        lambda file, to: rauc_bundle.unpack(file, to, keyring, BOARD),
    )
    root = Path("public/root.json").read_bytes()
    parts = Parts(
        folder=place / "state",
        board=BOARD,
        floor="1.0.0",
        repository=Repository(place / "state", url, root, keys, source),
        source=source,
        slots=slots,
        times=_Now(),
        health=[],
        restart=lambda: None,
        images=slots.images if small else None,
    )
    updater = Updater(parts)
    updater.recover()
    if install:
        offer = updater.ask()
        if not isinstance(offer, Offer):
            raise RigError(f"the release is not offered: {offer.why}")
        updater.prepare(offer, lambda per_cent, what: None)
        updater.restart()
    return updater.journal.told
