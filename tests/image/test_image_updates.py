"""A bundle as ``make bundle`` makes it, installed by the image's own RAUC: it comes up in the other slot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.image.board import ImageBoard
from firmware.image.places import PROJECT
from tests.image.machine import KIT, Machine, kit

pytestmark = pytest.mark.timeout(2400)

TRUSTED = """
mkdir -p /run/trusted && cp -a /etc/rauc/. /run/trusted/
cp /run/kit/keyring.pem /run/trusted/keyring.pem && mount --bind /run/trusted /etc/rauc
"""
"""The image trusts nobody unless it is made with TRUST=; here it trusts the tests' keys."""


def release(*words: str | Path) -> None:
    argv = [sys.executable, "-m", "firmware.release", *words]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def machine(
    made: Path,
    board: ImageBoard,
    boot_with_shell: Path,
    new_machine: Callable[..., Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Machine:
    """With a disk that holds two bundles: one to install, and one that nobody signed for it."""
    folder = tmp_path_factory.mktemp("release")
    phrase, files, kept = folder / "phrase", folder / "kit", folder / "images"
    phrase.write_text("the tests' own pass phrase\n")
    phrase.chmod(0o600)
    files.mkdir()
    kept.mkdir()
    # The new slot has the tests' shell too; make bundle reads what make image says of its files.
    shutil.copy(made / "root.img", kept)
    shutil.copy(boot_with_shell, kept / "boot.img")
    said = json.loads((made / "image.json").read_text())
    said["sha256"]["boot.img"] = _sha256(kept / "boot.img")
    (kept / "image.json").write_text(json.dumps(said))
    for keys, name in (("keys", "good.raucb"), ("strangers", "stranger.raucb")):
        words = ("--keys", folder / keys, "--served", folder / f"{keys}-served", "--phrase-file", phrase)
        release(*words, "ceremony", "--public", folder / f"{keys}-public")
        release(*words, "bundle", files / name, "--board", board.name, kept)
    shutil.copy(folder / "keys-public/bundle-keyring.pem", files / "keyring.pem")
    network = ("-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n,romfile=")
    return new_machine(*network, *kit(files, folder / "kit.squashfs"))


def _sha256(file: Path) -> str:
    return subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]


def test_a_strangers_bundle_is_refused(machine: Machine) -> None:
    machine.boot()
    machine.settled()
    machine.run(KIT)
    machine.run(TRUSTED)
    assert "rauc.slot=a" in machine.run("cat /proc/cmdline")
    machine.run("cp /run/kit/stranger.raucb /data/update/bundle")
    said = machine.run("rauc install /data/update/bundle; echo status $?", 300)
    assert "status 1" in said
    assert "signature" in said.lower() or "verify" in said.lower()


def test_a_bundle_is_installed_and_comes_up_in_the_other_slot(machine: Machine) -> None:
    machine.run("cp /run/kit/good.raucb /data/update/bundle; echo kept >/data/phone/mark; sync", 300)
    machine.run("rauc install /data/update/bundle", 900)
    machine.run("rm /data/update/bundle; rauc status mark-active other && sync")
    machine.restart()
    assert "rauc.slot=b" in machine.run("cat /proc/cmdline")
    assert machine.run("cat /data/phone/mark") == "kept"
    machine.settled()
    machine.run("rauc status mark-good && sync")


def test_what_was_found_good_boots_from_now_on(machine: Machine) -> None:
    machine.cut()
    machine.boot()
    assert "rauc.slot=b" in machine.run("cat /proc/cmdline")
    machine.until("systemctl show -p ActiveState sottovoce-phone", "=active")
