"""RAUC's handler as a program, the disk that was booted, and the system.conf that names both."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.phone.errors import UpdateError
from firmware.release import bundle as bundles
from firmware.release.certificates import new_authority, new_leaf
from firmware.updater.boot import __main__ as handler
from firmware.updater.boot import partitions, uboot
from firmware.updater.slots.system_conf import KEYRING, Boot, system_conf
from firmware.updater.version import parse

ROOT = Path(__file__).parents[2]


def test_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "running_slot", lambda told: "a")
    (tmp_path / "bootstate").write_bytes(bytes(1024))
    assert handler.main(["uboot", "set-primary", "b"], tmp_path) == 0
    assert handler.main(["uboot", "get-primary"], tmp_path) == 0
    assert capsys.readouterr().out == "b\n"
    assert uboot.decoded((tmp_path / "bootstate").read_bytes()[:512]).trial == "b"
    assert handler.main(["uboot", "set-state", "b", "good"], tmp_path) == 1
    assert "slot b does not run" in capsys.readouterr().err
    assert handler.main(["tryboot", "get-primary"], tmp_path) == 1
    assert "config: No such file" in capsys.readouterr().err
    assert handler.main(["grub", "get-primary"], tmp_path) == 1


@pytest.mark.parametrize("flow", list(Boot))
def test_every_flow_has_a_back_end(flow: Boot, tmp_path: Path) -> None:
    assert handler.FLOWS[flow](tmp_path)


def test_the_slot_that_runs(tmp_path: Path) -> None:
    assert handler.running_slot("quiet rauc.slot=b root=x", tmp_path / "none") == "b"
    (tmp_path / "partition").write_bytes((3).to_bytes(4, "big"))
    assert handler.running_slot("quiet", tmp_path / "partition") == "b"
    for told, tree in (("", "none"), ("rauc.slot=c", "none")):
        with pytest.raises(UpdateError):
            handler.running_slot(told, tmp_path / tree)
    (tmp_path / "partition").write_bytes((7).to_bytes(4, "big"))
    with pytest.raises(UpdateError, match="'7' is no slot"):
        handler.running_slot("", tmp_path / "partition")


def disk(top: Path, name: str, uuid: str, names: tuple[str, ...] = partitions.NAMES) -> None:
    """A disk in ``top``/sys, as the kernel shows it, and udev's links to it."""
    folder = top / "sys/devices/pci" / name
    for number, label in enumerate(names, 1):
        partition = folder / f"{name}p{number}"
        partition.mkdir(parents=True)
        (partition / "partition").write_text(f"{number}\n")
        (partition / "uevent").write_text(f"DEVNAME={name}p{number}\nDEVTYPE=partition\nPARTNAME={label}\n")
        entry = top / f"sys/class/block/{name}p{number}"
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.symlink_to(partition)
        link = top / f"dev/disk/by-partuuid/{uuid}-0{number}"
        link.parent.mkdir(parents=True, exist_ok=True)
        (top / f"dev/{name}p{number}").touch()
        link.symlink_to(top / f"dev/{name}p{number}")
    (folder / "uevent").write_text(f"DEVNAME={name}\n")


def test_only_the_disk_that_was_booted(tmp_path: Path) -> None:
    """Another card with the same names is in a reader."""
    disk(tmp_path, "mmcblk0", "1111")
    disk(tmp_path, "mmcblk1", "2222")
    found = partitions.of_booted_disk("sottovoce.root=PARTUUID=2222-05 quiet", tmp_path, tmp_path)
    assert found["root_b"] == "mmcblk1p6"
    assert found["bootstate"] == "mmcblk1p2"
    partitions.link(found, tmp_path / "links")
    partitions.link({"root_b": "mmcblk1p6"}, tmp_path / "links")
    assert [path.name for path in (tmp_path / "links").iterdir()] == ["root_b"]


def test_the_disk_under_device_mapper(tmp_path: Path) -> None:
    """dm-verity's device is on root_a; where the root lies counts, not what the kernel was told."""
    disk(tmp_path, "mmcblk0", "1111")
    disk(tmp_path, "mmcblk1", "2222")
    number = os.stat(tmp_path).st_dev
    mapped = tmp_path / f"sys/dev/block/{os.major(number)}:{os.minor(number)}/slaves"
    mapped.mkdir(parents=True)
    (mapped / "mmcblk0p5").symlink_to(tmp_path / "sys/class/block/mmcblk0p5")
    found = partitions.of_booted_disk("sottovoce.root=PARTUUID=2222-05", tmp_path, tmp_path)
    assert found["root_a"] == "mmcblk0p5"


def test_no_disk_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="not found"):
        partitions.of_booted_disk("quiet", tmp_path, tmp_path)
    disk(tmp_path, "sda", "1111", ("config", "root_a"))
    with pytest.raises(UpdateError, match="sda lacks the partition root_b"):
        partitions.of_booted_disk("sottovoce.root=PARTUUID=1111-02", tmp_path, tmp_path)


@pytest.mark.parametrize("flow", list(Boot))
def test_rauc_reads_the_system_conf(flow: Boot, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = new_authority(now)
    keyring = tmp_path / "keyring.pem"
    keyring.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "image").write_bytes(os.urandom(50_000))
    bundle = tmp_path / "a.raucb"
    images = {"root": tmp_path / "image", "boot": tmp_path / "image"}
    bundles.make(bundle, images, "raspberry-pi-4", parse("1.2.0"), new_leaf(authority, now), keyring)
    conf = tmp_path / "system.conf"
    conf.write_text(system_conf(flow, "raspberry-pi-4").replace(KEYRING, str(keyring)))
    asked = ["rauc", "-c", str(conf), "info", str(bundle)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "Compatible: \t'raspberry-pi-4'" in done.stdout


def test_what_the_system_conf_says() -> None:
    text = system_conf(Boot.UBOOT, "orange-pi-pc")
    assert "activate-installed=false" in text
    assert "bundle-formats=verity" in text
    assert "bootloader-custom-backend=/usr/lib/sottovoce/boot-uboot" in text
    with pytest.raises(UpdateError, match="no board's name"):
        system_conf(Boot.UBOOT, "x\ny=z")


def test_the_handler_that_is_installed(tmp_path: Path) -> None:
    """Its own name says which flow it answers for."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    text = (ROOT / "board/image/boot-handler").read_text().replace("/usr/lib/sottovoce/python", str(python))
    (tmp_path / "boot-efi").write_text(text)
    (tmp_path / "boot-efi").chmod(0o755)
    done = subprocess.run([tmp_path / "boot-efi", "get-primary"], capture_output=True, text=True, check=True)
    assert done.stdout == "-I -m firmware.updater.boot efi get-primary\n"
