"""The units and settings as files: what is named is there, and what is there is installed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
HERE_ALONE = {"README.md", "files.toml", "masked.txt", "install", "kernel-command-line.txt"}


def settings(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_every_file_is_installed_and_every_installed_file_is_there(tmp_path: Path) -> None:
    listed = tomllib.loads((FOLDER / "files.toml").read_text())
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert there - HERE_ALONE == set(listed)
    subprocess.run([sys.executable, FOLDER / "install", tmp_path], check=True)
    for name in listed:
        content = (FOLDER / name).read_bytes()
        assert any(path.read_bytes() == content for path in tmp_path.rglob("*") if path.is_file()), name
    assert (tmp_path / "usr/lib/systemd/system/sottovoce-phone.service").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "etc/systemd/system/getty@.service").readlink() == Path("/dev/null")
    assert not (tmp_path / "etc/systemd/system/sottovoce-phone.service").exists()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_its_program_is_there(unit: Path) -> None:
    for command in settings(unit)["ExecStart"]:
        module = re.search(r" -m (\S+)", command)
        if module:
            assert importlib.util.find_spec(f"{module[1]}.__main__"), command
        else:
            programs = ("/usr/sbin/nft", "/usr/bin/systemd-creds", "/usr/bin/systemctl")
            assert command.lstrip("-").split()[0] in programs


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_its_user_is_its_own(unit: Path) -> None:
    users = re.findall(r"^u (\S+)", (FOLDER / "sottovoce.sysusers").read_text(), re.MULTILINE)
    user = settings(unit).get("User", ["root"])[0]
    capabilities = {"sottovoce-first-boot": "", "sottovoce-guest": "CAP_NET_ADMIN"}
    if unit.stem in capabilities:
        assert user == "root"
        assert settings(unit)["CapabilityBoundingSet"] == [capabilities[unit.stem]]
        return
    assert user in users
    # The same program at two occasions: the updater, by its timer and after the start.
    shared = {"sottovoce-update", "sottovoce-health"}
    others = [other.stem for other in SERVICES if settings(other).get("User", ["root"])[0] == user]
    assert set(others) == {unit.stem} or set(others) == shared


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_it_has_the_whole_sandbox(unit: Path) -> None:
    """What no unit may lack. What it is worth is tried in the machine (tests/vm/debian)."""
    found = settings(unit)
    for key, value in (
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "disconnected"),
        ("ProtectProc", "invisible"),
        ("ProtectControlGroups", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictNamespaces", "yes"),
        ("DevicePolicy", "closed"),
        ("LimitCORE", "0"),
    ):
        assert found[key] == [value], key
    written = {f"/var/lib/{name}" for name in found.get("StateDirectory", ())}
    written |= {f"/run/{name}" for name in found.get("RuntimeDirectory", ())}
    written |= {path for paths in found.get("ReadWritePaths", ()) for path in paths.split()}
    assert {"/", "/tmp", "/var/tmp", "/dev/shm", "/run", *written} == set(found["NoExecPaths"][0].split())
    assert "~io_uring_setup io_uring_enter io_uring_register memfd_create" in found["SystemCallFilter"]
    assert found["TasksMax"]
    assert found["MemoryMax"]


def test_nobody_masks_what_is_switched_on() -> None:
    masked = (FOLDER / "masked.txt").read_text().split()
    enabled = re.findall(r"^enable (\S+)", (FOLDER / "sottovoce.preset").read_text(), re.MULTILINE)
    assert enabled
    assert not set(masked) & set(enabled)
    assert all((FOLDER / name).exists() for name in enabled if name.startswith("sottovoce-"))


def test_no_program_of_ours_makes_code_while_it_runs() -> None:
    """A function in Python that C calls is code made at run time: MemoryDenyWriteExecute ends the program."""
    makes = re.compile(r"\b(CFUNCTYPE|PYFUNCTYPE)\b|\.callback\(\"")
    assert makes.search("x = ctypes.CFUNCTYPE(None)")
    on_a_phone = [FOLDER.parent / "firmware" / name for name in ("phone", "network", "updater", "datakey")]
    found = [file for folder in on_a_phone for file in folder.rglob("*.py") if makes.search(file.read_text())]
    assert found == []
