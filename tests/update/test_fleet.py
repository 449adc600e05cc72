"""A hundred thousand telephones ask a folder of static files: what a small server can bear."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.update.fleet import HOUR, Rhythm, busiest, installs, questions
from tests.update.makers import Makers, Served, repository

PHONES = 100_000
BUNDLE = 150_000_000
"""Octets: the budget of a bundle."""


def cost_of_a_question(tmp_path: Path) -> tuple[int, int]:
    """Requests and octets of bodies, measured, of a question to which nothing is new."""
    (tmp_path / "makers").mkdir()
    makers = Makers(tmp_path / "makers")
    makers.publish("1.1.0")
    source = Served(makers.files)
    phone = repository(makers, tmp_path / "phone", source)
    phone.newest()
    source.asked.clear()
    source.sent = 0
    phone.newest()
    return len(source.asked), source.sent


def test_a_hundred_thousand_telephones(tmp_path: Path) -> None:
    rhythm = Rhythm.of()
    requests, octets = cost_of_a_question(tmp_path)
    day = 24 * HOUR
    settled = questions(rhythm, np.random.default_rng(0).uniform(0, day, PHONES), 3 * day)
    settled = settled[(settled >= 2 * day)]
    after_cut = questions(rhythm, np.zeros(PHONES), day)
    places = np.random.default_rng(3).uniform(0, 1, PHONES)
    fetched = {hours: installs(places, rhythm, hours) for hours in (0, 18, 72)}
    figures = {
        "telephones": PHONES,
        "questions a telephone and day": round(len(settled) / PHONES, 2),
        "requests a question": requests,
        "octets a question (bodies)": octets,
        "requests a day": len(settled) * requests,
        "gigabytes a day (bodies)": round(len(settled) * octets / 1e9, 2),
        "requests a second, busiest minute": round(busiest(settled, 60) * requests / 60, 1),
        "requests a second after a power cut, busiest minute": round(
            busiest(after_cut, 60) * requests / 60, 1
        ),
        "gigabits a second of bundles, busiest hour": {
            f"rollout of {hours} h": round(busiest(times, HOUR) * BUNDLE * 8 / HOUR / 1e9, 1)
            for hours, times in fetched.items()
        },
    }
    where = Path("build/fleet.json")
    where.parent.mkdir(exist_ok=True)
    where.write_text(json.dumps(figures, indent=1))
    assert requests == 2
    assert octets < 2000
    assert busiest(settled, 60) * requests / 60 < 20
    assert busiest(after_cut, 60) * requests / 60 < 30, "a city that comes back asks all at once"
    assert busiest(fetched[72], HOUR) < 2 * PHONES / 72


def test_telephones_without_a_spread_would_ask_at_once() -> None:
    """What the test above is there for: the same timer without its random part."""
    rhythm = Rhythm(600, 4 * HOUR, 0.001)
    assert busiest(questions(rhythm, np.zeros(PHONES), 24 * HOUR), 60) == PHONES
