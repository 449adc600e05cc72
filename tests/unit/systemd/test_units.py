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
PROGRAMS = ("/usr/sbin/nft", "/usr/bin/systemd-creds", "/usr/bin/systemctl")
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
            assert command.lstrip("-").split()[0] in PROGRAMS


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_its_user_is_its_own(unit: Path) -> None:
    users = re.findall(r"^u (\S+)", (FOLDER / "sottovoce.sysusers").read_text(), re.MULTILINE)
    user = settings(unit).get("User", ["root"])[0]
    capabilities = {
        "sottovoce-first-boot": "",
        "sottovoce-reconfigure": "",
        "sottovoce-guest": "CAP_NET_ADMIN",
    }
    if unit.stem in capabilities:
        assert user == "root"
        assert settings(unit)["CapabilityBoundingSet"] == [capabilities[unit.stem]]
        return
    assert user in users
    # The same program at two occasions: the updater, by its timer and after the start; nft.
    shared = ({"sottovoce-update", "sottovoce-health"}, {"sottovoce-firewall", "sottovoce-setup-gate"})
    others = [other.stem for other in SERVICES if settings(other).get("User", ["root"])[0] == user]
    assert set(others) == {unit.stem} or set(others) in shared


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
    on_a_phone = [
        FOLDER.parent / "firmware" / name
        for name in ("phone", "network", "updater", "datakey", "setup", "keep", "synchronised")
    ]
    found = [file for folder in on_a_phone for file in folder.rglob("*.py") if makes.search(file.read_text())]
    assert found == []


def test_nothing_listens_but_for_the_page_that_somebody_opened() -> None:
    """The one socket is nobody's but its service's, which only the telephone's file starts."""
    (socket,) = FOLDER.glob("*.socket")
    assert settings(socket)["StopWhenUnneeded"] == ["yes"]
    assert "[Install]" not in socket.read_text()
    assert "[Install]" not in (FOLDER / "sottovoce-setup.service").read_text()
    enabled = re.findall(r"^enable (\S+)", (FOLDER / "sottovoce.preset").read_text(), re.MULTILINE)
    assert [name for name in enabled if name.startswith("sottovoce-") and name.endswith(".socket")] == []
    wanting = [
        unit.name
        for unit in FOLDER.iterdir()
        if unit.is_file() and unit.name in (*(s.name for s in SERVICES), "sottovoce-setup.path")
        if "sottovoce-setup.socket"
        in str(settings(unit).get("Requires", []) + settings(unit).get("Wants", []))
    ]
    assert wanting == ["sottovoce-setup.service"]
    assert settings(FOLDER / "sottovoce-setup.path")["PathExists"] == ["/run/sottovoce-setup/open"]


def test_the_page_can_open_no_socket_and_read_no_configuration() -> None:
    found = settings(FOLDER / "sottovoce-setup.service")
    assert found["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert found["PrivateNetwork"] == ["yes"]
    assert "-/etc/sottovoce" in found["InaccessiblePaths"][0].split()
    assert "SupplementaryGroups" not in found
    assert "ReadWritePaths" not in found


def test_the_telephone_cannot_write_its_own_configuration() -> None:
    writers = [s.stem for s in SERVICES if "/etc/sottovoce" in settings(s).get("ReadWritePaths", [])]
    assert writers == ["sottovoce-keep"]
