"""The board's watchdog: what systemd is told to ask of it."""

from __future__ import annotations

import configparser
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "systemd"
SHORTEST = 15
"""Seconds that every watchdog of our boards can count: bcm2835_wdt 15, sunxi_wdt 16."""


def read(name: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string((FOLDER / name).read_text())
    return found


def test_the_watchdog_is_on_and_within_what_the_hardware_counts() -> None:
    manager = read("watchdog.conf")["Manager"]
    assert 0 < int(manager["RuntimeWatchdogSec"]) <= SHORTEST
    assert 0 < int(manager["RebootWatchdogSec"]) <= SHORTEST
    assert set(manager) == {"RuntimeWatchdogSec", "RebootWatchdogSec"}


def test_the_telephone_itself_is_watched_too() -> None:
    service = read("sottovoce-phone.service")["Service"]
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "always"
