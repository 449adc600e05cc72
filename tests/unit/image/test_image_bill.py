"""The bill of materials that goes into an image, and the record of the module that was compiled for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from firmware.image import bill, root, wheels
from firmware.image.board import boards, read
from firmware.image.packages import names
from firmware.image.places import DATA
from firmware.image.shell import ImageError
from firmware.native.source import Source
from firmware.release import parts, sbom
from firmware.release.ceremony import IMAGE_FILES

TWO = "Package: zlib1g\nVersion: 1\nDescription: a\n more\n\nPackage: tar\nVersion: 2\n"


def _deb(folder: Path, name: str) -> Path:
    (folder / name / "DEBIAN").mkdir(parents=True)
    (folder / name / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1-1\nArchitecture: arm64\nMaintainer: n <n@localhost>\nDescription: x\n"
    )
    subprocess.run(
        ["dpkg-deb", "--build", folder / name, folder / f"{name}.deb"], check=True, stdout=subprocess.DEVNULL
    )
    return folder / f"{name}.deb"


def test_packages_whose_files_were_removed_are_not_in_it() -> None:
    assert bill.without(TWO, ["tar"]) == "Package: zlib1g\nVersion: 1\nDescription: a\n more\n"
    assert "tar" in bill.without(TWO, ["zlib1g", "dpkg"])


def test_what_was_unpacked_without_dpkg_is_listed(tmp_path: Path) -> None:
    """From packages to the bill in the image: those that stay, with the licences' text beside it."""
    debs = [_deb(tmp_path, name) for name in ("libfirst", "tar", "libsecond")]
    assert "tar" in names((DATA / "left-out.txt").read_text())
    (tmp_path / "status").write_text(bill.status(debs))
    tree, results = tmp_path / "tree", tmp_path / "results"
    tree.mkdir()
    results.mkdir()
    bill.write(tree, read(boards()[0]), tmp_path / "status", "0.1.0", 0, results)
    octets = (tree / bill.PLACE).read_bytes()
    assert octets == (results / bill.FILE).read_bytes()
    assert [part.name for part in sbom.debian_parts(octets)] == ["libfirst", "libsecond"]
    assert "libsecond 1-1" in (results / "licences.txt").read_text()
    assert {file.name for file in results.iterdir()} == {bill.FILE, "licences.txt"}


def test_a_root_that_names_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("")
    with pytest.raises(ImageError, match="no Debian packages"):
        bill.write(tmp_path, read(boards()[0]), tmp_path / "status", "0.1.0", 0, tmp_path)


def test_the_module_says_what_it_was_made_of(tmp_path: Path) -> None:
    """As that which is compiled on this machine does; the bill reads it."""
    with zipfile.ZipFile(tmp_path / "in.whl", "w") as archive:
        archive.writestr("pjsua2.py", "")
    source = Source("22.10", "2.17", "a.tar.xz", "6" * 64)
    record = wheels._record(source, "0123456789abcdef")
    wheels._with_record(tmp_path / "in.whl", tmp_path / "out.whl", record)
    shutil.unpack_archive(tmp_path / "out.whl", tmp_path / "site", "zip")
    (file,) = (tmp_path / "site").glob("*.json")
    assert file.name == parts.NATIVE_RECORD
    found = {part.name: part for part in parts._native(file)}
    assert found["pjproject"].version == "2.17"
    assert found["libsrtp2-dev"].version
    assert any(name.endswith(".patch") for name in found)
    assert json.loads(file.read_text())["machine"] == "aarch64"


def test_whose_updates_it_takes_is_what_the_ceremony_wrote(tmp_path: Path) -> None:
    """All three files, where the updater and RAUC look for them; with one missing no image is made."""
    board = read("virt-arm64")
    for name in IMAGE_FILES:
        with pytest.raises(ImageError, match=name):
            root._updates(tmp_path / "tree", board, tmp_path)
        (tmp_path / name).write_text(name)
    root._updates(tmp_path / "tree", board, tmp_path)
    assert (tmp_path / "tree/etc/rauc/keyring.pem").read_text() == "bundle-keyring.pem"
    for name in IMAGE_FILES:
        assert (tmp_path / "tree/usr/lib/sottovoce/trust" / name).read_text() == name
