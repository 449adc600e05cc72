"""Where the source comes from, and what is believed about it."""

import json
from pathlib import Path

import pytest

from firmware.native.shell import NativeError
from firmware.native.source import cached, dsc_sha256, oldest_enough, pick_mirror, sha256_of

DSC = """Format: 3.0 (quilt)
Checksums-Sha1:
 fab723ada342f11d062f1d17e0cbbe05ce67b3b8 11276 a_1.orig-Xp.tar.xz
Checksums-Sha256:
 33cdfabac457e18580c63bb4707e16a991ea3d772229d0dd37e134f494d8d70f 11276 a_1.orig-Xp.tar.xz
Files:
 fdccb2ab4cc1291b171ab4bff308252b 11276 a_1.orig-Xp.tar.xz
"""


def test_the_mirror_is_the_one_of_the_machine() -> None:
    lines = (
        "http://security.example/debian-security/|Debian|Debian-Security\n"
        "http://other.example/debian/|Raspberry Pi Foundation|Raspberry Pi Foundation\n"
        "http://mirror.example/debian/|Debian|Debian\n"
    )
    assert pick_mirror(lines) == "http://mirror.example/debian"


def test_a_mirror_whose_lists_were_never_fetched_will_do() -> None:
    assert pick_mirror("http://mirror.example/debian/||\n") == "http://mirror.example/debian"


def test_a_machine_without_a_debian_mirror_is_told_what_to_do() -> None:
    with pytest.raises(NativeError, match=r"sources\.list"):
        pick_mirror("http://mirror.example/ubuntu/|Ubuntu|Ubuntu\n")


def test_the_hash_is_taken_from_the_sha256_block() -> None:
    expected = "33cdfabac457e18580c63bb4707e16a991ea3d772229d0dd37e134f494d8d70f"
    assert dsc_sha256(DSC, "a_1.orig-Xp.tar.xz") == expected
    assert dsc_sha256(DSC, "a_1.orig-Xq.tar.xz") is None


@pytest.mark.parametrize(
    ("version", "good"), [("2.17", True), ("2.15.1", True), ("2.15", False), ("2.9", False)]
)
def test_old_versions_are_refused(version: str, good: bool) -> None:
    assert oldest_enough(version) is good


def test_a_cached_archive_counts_only_while_it_is_whole(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.xz"
    archive.write_bytes(b"source")
    record = {
        "package_version": "1",
        "pjproject_version": "2.17",
        "archive": archive.name,
        "sha256": sha256_of(archive),
    }
    assert cached(tmp_path) is None
    (tmp_path / "source.json").write_text(json.dumps(record))
    found = cached(tmp_path)
    assert found is not None
    assert found.pjproject_version == "2.17"
    archive.write_bytes(b"changed")
    assert cached(tmp_path) is None
    (tmp_path / "source.json").write_text("{")
    assert cached(tmp_path) is None
