"""The cache, the recipe and the wheel, without compiling anything."""

import re
import zipfile
from pathlib import Path

import pytest

from firmware.native import build_pjsua2 as build
from firmware.native import wheel
from firmware.native.pjproject import Interpreter, failing_hunk, patches
from firmware.native.shell import RECIPE, NativeError

DPKG = """swig installed 4.1.0
libssl-dev:arm64 installed 3.0.22
xz-utils installed 5.4
libopus-dev config-files 1.3
"""
PYTHON = Interpreter(Path("/usr/bin/python3"), Path("/usr/include"), ".so", "cp311", "linux_aarch64")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"SOTTOVOCE_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a/native"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/sottovoce/native"),
        ({"HOME": "/c"}, "/c/.cache/sottovoce/native"),
    ],
)
def test_the_cache_is_where_the_user_wants_it(environment: dict[str, str], folder: str) -> None:
    assert build.cache_folder(environment) == Path(folder)


def test_each_part_of_the_recipe_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "patches").mkdir()
    hashes = {build.recipe_hash(tmp_path)}
    for name in ("source.py", "patches/0001-x.patch", "sottovoce.cpp", "config_site.h", "packages.txt"):
        (tmp_path / name).write_text("one")
        hashes.add(build.recipe_hash(tmp_path))
        (tmp_path / name).write_text("two")
        hashes.add(build.recipe_hash(tmp_path))
    assert len(hashes) == 11


def test_the_readme_is_no_part_of_the_recipe(tmp_path: Path) -> None:
    before = build.recipe_hash(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert build.recipe_hash(tmp_path) == before


def test_each_ingredient_changes_the_key() -> None:
    ingredients = {"recipe": "r", "python": "cp311", "machine": "aarch64", "packages": {"libssl-dev": "3.0"}}
    keys = {build.cache_key(ingredients)}
    for name in ingredients:
        keys.add(build.cache_key({**ingredients, name: "other"}))
    assert len(keys) == 5
    assert build.cache_key(dict(reversed(ingredients.items()))) == build.cache_key(ingredients)


def test_missing_packages_are_named() -> None:
    assert build.missing_packages(["swig", "libssl-dev", "libopus-dev", "patch"], DPKG) == [
        "libopus-dev",
        "patch",
    ]


def test_versions_that_do_not_reach_the_wheel_are_left_out() -> None:
    assert build.package_versions(["swig", "libssl-dev", "xz-utils"], DPKG) == {
        "swig": "4.1.0",
        "libssl-dev": "3.0.22",
    }


def test_a_folder_that_is_no_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NativeError, match="python3 -m venv"):
        build.find_python(tmp_path / "nothing")


def test_patches_are_numbered_and_say_why() -> None:
    found = patches()
    numbers = [path.name[:4] for path in found]
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch("[0-9]{4}", number) for number in numbers)
    for path in found:
        header = path.read_text().partition("\n--- a/")[0]
        assert len(header.split()) > 15, f"{path.name} does not say why"


def test_a_hunk_that_fails_is_named() -> None:
    said = "checking file a.c\nHunk #2 FAILED at 40.\n1 out of 2 hunks FAILED\n"
    assert failing_hunk(said) == "Hunk #2 FAILED at 40, a.c"
    assert failing_hunk("nonsense") == "it is malformed"


def test_no_registry_is_named_in_the_recipe() -> None:
    for path in RECIPE.rglob("*"):
        if path.suffix in {".py", ".md", ".txt", ".patch", ".cpp", ".hpp"}:
            assert not re.search(r"\w\.debian\.(org|net)", path.read_text()), path


def test_a_wheel_holds_the_module_its_record_and_its_licence(tmp_path: Path) -> None:
    module = tmp_path / "module"
    module.mkdir()
    for name in ("_pjsua2.so", "pjsua2.py", "pjsua2_build.json", "COPYING"):
        (module / name).write_text(name)
    first, second = tmp_path / "a.whl", tmp_path / "b.whl"
    for target in (first, second):
        wheel.pack(module, target, "2.17+sottovoce.g1", PYTHON)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        info = "pjsua2-2.17+sottovoce.g1.dist-info"
        names = set(archive.namelist())
        assert {"_pjsua2.so", "pjsua2.py", "pjsua2_build.json", f"{info}/licenses/COPYING"} <= names
        assert "License: GPL-3.0-or-later" in archive.read(f"{info}/METADATA").decode()
        assert "Tag: cp311-cp311-linux_aarch64" in archive.read(f"{info}/WHEEL").decode()
        recorded = {line.split(",")[0] for line in archive.read(f"{info}/RECORD").decode().splitlines()}
        assert recorded == names


def test_the_installed_version_is_seen(tmp_path: Path) -> None:
    assert wheel.installed_version(tmp_path) is None
    (tmp_path / "pjsua2-2.17+sottovoce.g1.dist-info").mkdir()
    assert wheel.installed_version(tmp_path) == "2.17+sottovoce.g1"
