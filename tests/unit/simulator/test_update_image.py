"""What the simulated slots hold: this source, another version, and one mistake in a broken release."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from firmware.phone.errors import UpdateError
from firmware.simulator.updates import image, makers
from firmware.updater.version import parse

VERSION = parse("7.8.9")


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {entry.name: (tar.extractfile(entry) or open("/dev/null", "rb")).read() for entry in tar}


def test_the_same_source_makes_the_same_image(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        image.make(tmp_path / name, VERSION)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_broken_release_has_one_mistake_and_no_other(tmp_path: Path) -> None:
    image.make(tmp_path / "good", VERSION)
    image.make(tmp_path / "bad", VERSION, broken=True)
    good, bad = contents(tmp_path / "good"), contents(tmp_path / "bad")
    assert good.keys() == bad.keys()
    assert {name for name in good if good[name] != bad[name]} == set(image.MISTAKES)


def test_the_mounted_image_runs_as_its_version(tmp_path: Path) -> None:
    image.make(tmp_path / "image", VERSION)
    image.mount(tmp_path / "image", tmp_path / "root")
    ask = "import firmware.phone.version as v; print(v.VERSION, v.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path / "root", capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["7.8.9", str(tmp_path / "root" / image.VERSION_FILE)]
    assert not list((tmp_path / "root").rglob("*.pem"))


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside-of-the-image", "a/../../outside"])
def test_an_image_puts_nothing_elsewhere(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "image", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(tarfile.TarError, match="does not belong"):
        image.mount(tmp_path / "image", tmp_path / "root")
    assert not list(tmp_path.rglob("*outside*"))


def test_a_link_is_no_part_of_an_image(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "image", "w") as tar:
        tar.addfile(link)
    with pytest.raises(tarfile.TarError, match="does not belong"):
        image.mount(tmp_path / "image", tmp_path / "root")


def test_a_mistake_that_does_not_fit_any_more_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "MISTAKES", {image.VERSION_FILE: ("no such line", "x")})
    with pytest.raises(ValueError, match="has changed"):
        image.make(tmp_path / "bad", VERSION, broken=True)


def test_without_the_programs_it_says_which_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UpdateError, match="apt-get install rauc squashfs-tools"):
        makers.Makers(tmp_path / "makers").prepare(tmp_path / "slot", VERSION)
    assert not (tmp_path / "makers").exists()
