"""A hundred thousand telephones and one folder of static files: how many requests come, and when.

Each telephone follows systemd's rules for the timer that ships: OnBootSec after its start and
OnUnitInactiveSec after each run, each put off by a new random part of RandomizedDelaySec.
"""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TIMER = Path(__file__).parents[2] / "systemd/sottovoce-update.timer"
UNITS = {"min": 60.0, "h": 3600.0, "s": 1.0}
HOUR = 3600.0


@dataclass(frozen=True)
class Rhythm:
    """Seconds: from the start to the first question, between two, and the most that each is put off by."""

    first: float
    pause: float
    spread: float

    @classmethod
    def of(cls, timer: Path = TIMER) -> Rhythm:
        parser = configparser.ConfigParser()
        parser.read_string(timer.read_text())
        return cls(
            *(_seconds(parser["Timer"][k]) for k in ("OnBootSec", "OnUnitInactiveSec", "RandomizedDelaySec"))
        )


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)(min|h|s)", text)
    assert match is not None, text
    return float(match[1]) * UNITS[match[2]]


def questions(rhythm: Rhythm, starts: np.ndarray, until: float, seed: int = 1) -> np.ndarray:
    """When telephones ask, all together and unsorted. ``starts``: when each was switched on, seconds."""
    dice = np.random.default_rng(seed)
    at = starts + rhythm.first + dice.uniform(0, rhythm.spread, len(starts))
    found = [at]
    while at.min() < until:
        at = at + rhythm.pause + dice.uniform(0, rhythm.spread, len(at))
        found.append(at)
    times = np.concatenate(found)
    return times[times < until]


def busiest(times: np.ndarray, window: float) -> int:
    """The most questions in any ``window`` seconds, counted in windows side by side."""
    return int(np.bincount((times / window).astype(int)).max())


def installs(places: np.ndarray, asked: Rhythm, rollout_hours: float, seed: int = 2) -> np.ndarray:
    """When each telephone fetches a release that was published at 0: at its first question after its turn."""
    dice = np.random.default_rng(seed)
    return places * rollout_hours * HOUR + dice.uniform(0, asked.pause + asked.spread, len(places))
