from pathlib import Path

import pytest

from firmware.image.packages import Package, differences, lock_text, names, read_lock
from firmware.image.shell import ImageError

ONE = Package("bash", "5.2-1", "aa" * 32)
TWO = Package("libc6:arm64", "2.41-12", "bb" * 32)


def test_a_list_has_one_name_a_line_and_comments() -> None:
    assert names("# all\nbash  # a shell\n\nlibc6:arm64\n") == ["bash", "libc6:arm64"]


def test_a_lock_is_read_as_it_was_written_in_one_order(tmp_path: Path) -> None:
    text = lock_text([TWO, ONE], "Of a test.")
    assert text == lock_text([ONE, TWO], "Of a test.")
    (tmp_path / "lock").write_text(text)
    assert read_lock(tmp_path / "lock") == [ONE, TWO]


def test_a_missing_or_broken_lock_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="make image-lock"):
        read_lock(tmp_path / "none")
    (tmp_path / "lock").write_text("bash 5.2\n")
    with pytest.raises(ImageError, match="make image-lock"):
        read_lock(tmp_path / "lock")


def test_other_packages_than_those_of_the_lock_are_named() -> None:
    newer, other = Package("bash", "5.3-1", "cc" * 32), Package("bash", "5.2-1", "dd" * 32)
    assert differences([ONE, TWO], [ONE, TWO]) == []
    assert differences([ONE, TWO], [TWO]) == ["bash is missing"]
    assert differences([TWO], [ONE, TWO]) == ["bash 5.2-1 is not in the lock"]
    assert "5.3-1 instead of 5.2-1" in differences([ONE], [newer])[0]
    assert differences([ONE], [other]), "the same version with other octets"
