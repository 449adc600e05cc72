"""The two phones' configurations: the daemon accepts them, and each finds the other."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path

import pytest

from firmware.phone import config
from firmware.phone.machine.rules import Rules
from firmware.simulator import pair, sounds


@pytest.mark.parametrize("country", [None, *sounds.KNOWN])
def test_the_daemon_accepts_both_configurations(tmp_path: Path, country: str | None) -> None:
    for plan in pair.prepare(tmp_path, country):
        loaded = config.load(plan.config)
        assert loaded.account is None
        assert loaded.sip.transport == "tls"
        assert loaded.sip.bind == plan.address
        assert ipaddress.ip_address(loaded.sip.bind).is_loopback
        assert loaded.phone.country == (country or "")


def test_each_dials_the_other(tmp_path: Path) -> None:
    alice, bob = pair.prepare(tmp_path, None)
    for plan, other, speed_dial in ((alice, bob, 2), (bob, alice, 1)):
        (contact,) = tomllib.loads(plan.config.read_text(encoding="utf-8"))["contact"]
        assert contact == {"name": other.name, "uri": other.uri, "speed_dial": speed_dial}
        assert f":{other.port};transport=tls" in contact["uri"]


def test_nothing_is_weakened(tmp_path: Path) -> None:
    """The simulated phones are as the phone comes: the tables that could weaken them are not there."""
    for plan in pair.prepare(tmp_path, None):
        tables = tomllib.loads(plan.config.read_text(encoding="utf-8"))
        assert set(tables) == {"sip", "audio", "contact"}
        assert set(tables["sip"]) == {"bind", "port", "ca_file", "cert_file", "key_file"}


def test_folders_are_private(tmp_path: Path) -> None:
    for plan in pair.prepare(tmp_path, None):
        assert plan.folder.stat().st_mode & 0o777 == 0o700


def test_the_caller_is_known_by_the_address_alone(tmp_path: Path) -> None:
    """pjsip writes no port into From; the daemon has to find the name all the same."""
    alice, bob = pair.prepare(tmp_path, None)
    assert alice.address != bob.address
    rules = Rules.of(config.load(bob.config))
    assert rules.name_of(f"sip:{alice.address}") == "Alice"


def test_a_taken_port_is_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "_free", lambda address, port: port != pair.SIPS_PORT)
    (first, second), port = pair.free_addresses()
    assert first != second
    assert port in pair.OTHER_PORTS


def test_the_command_line(tmp_path: Path) -> None:
    plan = pair.Plan("alice", "Alice", tmp_path, "127.0.0.1", 5061, 2)
    assert plan.argv(["daemon"]) == [
        "daemon",
        *("--config", f"{tmp_path}/phone.toml"),
        *("--board", "simulator"),
        *("--state-dir", f"{tmp_path}/state"),
        *("--socket", f"{tmp_path}/control"),
    ]


@pytest.mark.parametrize("country", [None, *sounds.KNOWN])
def test_every_sound_of_every_country_is_told_to_the_page(country: str | None) -> None:
    told = sounds.for_country(country)
    assert set(told) == {"dial", "ringback", "busy", "congestion", "ring"}
    for sound in told.values():
        assert sound["frequencies"]
        assert 0 < sound["gain"] < 4
        assert all(burst["on"] > 0 and 0 < burst["gain"] <= 1 for burst in sound["bursts"])
    assert told["ring"]["turn"] > 0
    assert [(burst["on"], burst["off"]) for burst in told["ring"]["bursts"]] == [
        (burst["on"], burst["off"]) for burst in told["ringback"]["bursts"]
    ]
