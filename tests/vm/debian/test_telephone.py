"""The telephone under its unit, on the devices: it registers with a password from systemd, and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.board import load_board
from tests.rig.certs import Authority
from tests.rig.kamailio import USERS, Registrar
from tests.vm.debian import guest
from tests.vm.debian.stranger import declared
from tests.vm.debian.test_from_outside import sent
from tests.vm.debian.world import ADDRESS, PHONE, World

CONFIGURATION = """
[account]
user = "alice"
domain = "phone.test"
outbound_proxy = "{proxy}"

[sip]
ca_file = "/etc/sottovoce/ca.pem"

[audio]
playback = "plughw:Handset,0"
capture = "plughw:Handset,0"
ringer = "plughw:Ringer,0"
mixer = "hw:Knobs"
"""
PHONE_UNIT = "sottovoce-phone"


def status() -> dict[str, object]:
    return guest.sotto("status") or {}


@pytest.fixture(scope="module")
def registrar(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registrar]:
    """A provider at the other end of the cable, and the telephone with an account there."""
    folder = tmp_path_factory.mktemp("provider")
    authority = Authority.create(folder / "ca")
    with Registrar(folder, authority.registrar(), address=ADDRESS) as made:
        guest.wait(lambda: PHONE in guest.run("ip", "-4", "address"), 120, "an address by DHCP")
        guest.run(
            "systemd-creds",
            "encrypt",
            "--name=account-password",
            "-",
            "/data/credentials/account-password",
            text=USERS["alice"],
        )
        guest.put("/etc/sottovoce/ca.pem", authority.pem.read_text())
        guest.put("/etc/sottovoce/phone.toml", CONFIGURATION.format(proxy=made.uri), 0o640)
        guest.run("chgrp", "sottovoce-config", "/etc/sottovoce/phone.toml")
        guest.run("systemctl", "restart", "sottovoce-network", "sottovoce-firewall", PHONE_UNIT)
        yield made


def test_it_registers_with_a_password_that_no_file_holds(registrar: Registrar) -> None:
    guest.wait(lambda: status().get("registration") == "registered", 90, "the registration")
    for folder in ("data", "etc/sottovoce", "run/sottovoce", "run/sottovoce-network"):
        for file in (guest.GUEST / folder).rglob("*"):
            if file.is_file():
                assert USERS["alice"].encode() not in file.read_bytes(), file
    (secret,) = guest.GUEST.glob("run/credentials/sottovoce-phone.service/*")
    assert secret.stat().st_mode & 0o077 == 0


def test_until_then_only_what_is_declared_left(registrar: Registrar) -> None:
    """With an account that is one address and one port more."""
    port = int(re.findall(r":(\d+)", registrar.uri)[-1])
    more = [packet for packet in sent() if not declared(packet)]
    assert more, "the registration itself"
    assert {(packet.protocol, packet.host, packet.port) for packet in more} == {("tcp", ADDRESS, port)}


def test_its_own_devices_are_there(registrar: Registrar) -> None:
    """GPIO, display and sound work from inside of the sandbox."""
    told = status()
    assert told.get("audio_trouble") == ""
    assert told.get("display_trouble") == ""
    lines = guest.run("cat", "/sys/devices/platform/gpio-wires.0/lines").splitlines()
    board = load_board("raspberry-pi-4")
    for line in (board.switches.hook, board.switches.privacy_open, *board.keypad.rows):
        claimed = lines[line].split()
        assert claimed[1] == "out" or claimed[3] != "none", (line, claimed)


def test_what_runs_has_no_privileges(registrar: Registrar) -> None:
    """Of the process itself, not of the unit's file."""
    pid = guest.show(PHONE_UNIT, "MainPID")
    facts = dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
    assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    assert int(facts["Seccomp_filters"]) > 5
    assert facts["Uid"].split()[0] == guest.run("id", "-u", "sottovoce").strip()


def test_a_telephone_that_hangs_is_killed_and_comes_back(registrar: Registrar) -> None:
    pid = guest.show(PHONE_UNIT, "MainPID")
    guest.run("kill", "-STOP", pid)
    _wait_another(pid)
    assert "atchdog" in guest.journal(lines=200)
    guest.wait(lambda: status().get("registration") == "registered", 90, "the registration")


def test_a_telephone_that_crashes_comes_back_slower_each_time(registrar: Registrar) -> None:
    waits = []
    for _ in range(3):
        guest.wait(lambda: guest.show(PHONE_UNIT, "SubState") == "running", 120, "the telephone")
        pid = guest.show(PHONE_UNIT, "MainPID")
        guest.run("kill", "-SEGV", pid)
        _wait_another(pid)
        waits.append(_next())
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]
    assert not list((guest.GUEST / "data").rglob("core*"))
    guest.wait(lambda: status().get("registration") == "registered", 120, "the registration")


def _wait_another(pid: str) -> None:
    guest.wait(lambda: guest.show(PHONE_UNIT, "MainPID") not in (pid, "0"), 120, "another process")


def _next() -> float:
    """Seconds that systemd would wait before it starts it again."""
    text = guest.show(PHONE_UNIT, "RestartUSecNext")
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(us|ms|min|s)", text))


def test_it_ends_in_order(registrar: Registrar) -> None:
    guest.run("systemctl", "stop", PHONE_UNIT)
    assert guest.show(PHONE_UNIT, "Result") == "success"
    assert guest.show(PHONE_UNIT, "ExecMainStatus") == "0"
