"""The two phones' configurations: the daemon accepts them, and each finds the other."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from firmware.phone import config
from firmware.phone.audio.melodies import MELODIES, SIGNALS
from firmware.phone.machine.rules import Rules
from firmware.phone.values import Tone
from firmware.simulator import pair, sounds


@pytest.mark.parametrize("country", [None, *sounds.KNOWN])
def test_the_daemon_accepts_both_configurations(tmp_path: Path, country: str | None) -> None:
    for plan in pair.prepare(tmp_path, country):
        loaded = config.load(plan.config)
        assert loaded.account is None
        assert loaded.sip.transport == "tls"
        assert loaded.sip.bind == "127.0.0.1"
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
        assert set(tables) == {"sip", "audio", "privacy", "contact"}
        assert tables["privacy"] == {"anonymous_callers": "ring"}
        assert set(tables["sip"]) == {"bind", "port", "ca_file", "cert_file", "key_file"}


def test_folders_are_private(tmp_path: Path) -> None:
    for plan in pair.prepare(tmp_path, None):
        assert plan.folder.stat().st_mode & 0o777 == 0o700


def test_the_caller_is_known_though_a_from_has_no_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair, "_free", lambda port: True)
    for plan, other in itertools.permutations(pair.prepare(tmp_path, None)):
        assert Rules.of(config.load(plan.config)).name_of("sip:127.0.0.1") == other.name


def test_taken_ports_are_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "_free", lambda port: port not in pair.USUAL_PORTS)
    first, second = pair.free_ports()
    assert first != second
    assert first in pair.OTHER_PORTS
    assert second in pair.OTHER_PORTS


def test_no_free_port_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "_free", lambda port: False)
    with pytest.raises(OSError, match="no two free ports"):
        pair.free_ports()


def test_the_command_line(tmp_path: Path) -> None:
    plan = pair.Plan("alice", "Alice", tmp_path, 5061, 2)
    assert plan.argv(["daemon"]) == [
        "daemon",
        *("--config", f"{tmp_path}/phone.toml"),
        *("--board", "simulator"),
        *("--state-dir", f"{tmp_path}/state"),
        *("--socket", f"{tmp_path}/control"),
        *("--updates", f"{tmp_path}/updates"),
        *("--setup", f"{tmp_path}/setup"),
    ]


@pytest.mark.parametrize("country", [None, *sounds.KNOWN])
def test_every_sound_of_every_country_is_told_to_the_page(country: str | None) -> None:
    told = sounds.for_country(country)
    tones, rings = {tone.value for tone in Tone}, {f"ring-{name}" for name in (*MELODIES, *SIGNALS)}
    assert set(told) == tones | rings | {"ring-country"}
    for name in told.keys() - rings:
        sound = told[name]
        assert sound["frequencies"]
        assert 0 < sound["gain"] < 4
        assert all(burst["off"] > 0 and 0 < burst["gain"] <= 1 for burst in sound["bursts"] + sound["lead"])
        assert name == "confirmation" or all(burst["on"] > 0 for burst in sound["bursts"])
    for name in rings:
        assert told[name]["strokes"][-1]["at"] + told[name]["tail"] < told[name]["length"]
        assert all(partial["fades"] > 0 for partial in told[name]["partials"])
    assert told["ring-country"]["turn"] > 0
    assert [(burst["on"], burst["off"]) for burst in told["ring-country"]["bursts"]] == [
        (burst["on"], burst["off"]) for burst in told["ringback"]["bursts"]
    ]
