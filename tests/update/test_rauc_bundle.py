"""RAUC's own lock: bundles made and taken apart by RAUC's program, as an ordinary user could."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.phone.errors import UpdateError
from firmware.release import bundle as bundles
from firmware.release.certificates import Certified, new_authority, new_leaf
from firmware.updater.slots import rauc_bundle
from firmware.updater.slots.directory import damage, version_of
from firmware.updater.version import parse

NOW = datetime.now(UTC)
BOARD = "test-board"


@pytest.fixture(scope="module")
def authority() -> Certified:
    return new_authority(NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, authority: Certified) -> Path:
    made = tmp_path_factory.mktemp("rauc")
    (made / "keyring.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (made / "root.img").write_bytes(os.urandom(300_000))
    return made


@pytest.fixture(scope="module")
def good(folder: Path, authority: Certified) -> Path:
    return make(folder, "good", new_leaf(authority, NOW), folder / "keyring.pem")


def make(folder: Path, name: str, leaf: Certified, keyring: Path) -> Path:
    path = folder / f"{name}.raucb"
    bundles.make(path, {"rootfs": folder / "root.img"}, BOARD, parse("1.2.0"), leaf, keyring)
    return path


def unpack(bundle: Path, folder: Path, to: Path) -> None:
    rauc_bundle.unpack(bundle, to, folder / "keyring.pem", BOARD)


def test_a_good_bundle(good: Path, folder: Path, tmp_path: Path) -> None:
    unpack(good, folder, tmp_path / "slot")
    assert (tmp_path / "slot/rootfs.img").read_bytes() == (folder / "root.img").read_bytes()
    assert version_of(tmp_path / "slot") == "1.2.0"
    assert not damage(tmp_path / "slot")
    (tmp_path / "slot/rootfs.img").write_bytes(b"other")
    assert damage(tmp_path / "slot") == "rootfs.img is damaged"


def test_another_authority(folder: Path, tmp_path: Path) -> None:
    other = new_authority(NOW)
    (tmp_path / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    forged = make(folder, "forged", new_leaf(other, NOW), tmp_path / "other.pem")
    with pytest.raises(UpdateError, match="RAUC refused the bundle"):
        unpack(forged, folder, tmp_path / "slot")
    assert not (tmp_path / "slot").exists()


def test_a_leaf_that_has_run_out(folder: Path, authority: Certified, tmp_path: Path) -> None:
    old = new_leaf(authority, NOW - timedelta(days=6 * 365))
    with pytest.raises(UpdateError, match=r"made no bundle.*expired"):
        make(folder, "old", old, folder / "keyring.pem")


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9, 0.995])
def test_one_octet_changed(good: Path, folder: Path, tmp_path: Path, where: float) -> None:
    octets = bytearray(good.read_bytes())
    octets[int(len(octets) * where)] ^= 1
    (tmp_path / "bad.raucb").write_bytes(octets)
    with pytest.raises(UpdateError, match="RAUC refused the bundle"):
        unpack(tmp_path / "bad.raucb", folder, tmp_path / "slot")


@pytest.mark.parametrize(
    "change", [lambda o: o[:-100], lambda o: o[: len(o) // 2], lambda o: o + b"x" * 4096]
)
def test_cut_short_or_made_longer(good: Path, folder: Path, tmp_path: Path, change: object) -> None:
    assert callable(change)
    (tmp_path / "bad.raucb").write_bytes(change(good.read_bytes()))
    with pytest.raises(UpdateError, match="RAUC refused the bundle"):
        unpack(tmp_path / "bad.raucb", folder, tmp_path / "slot")


def test_no_bundle_at_all(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.raucb").write_bytes(b"hello")
    with pytest.raises(UpdateError, match="RAUC refused the bundle"):
        unpack(tmp_path / "bad.raucb", folder, tmp_path / "slot")
