"""A hundred thousand telephones ask for configurations: requests, octets, and no herd after a power cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.provisioning.scene import Scene, Server
from tests.update.fleet import HOUR, Rhythm, busiest, questions

PHONES = 100_000
TIMER = Path(__file__).parents[2] / "systemd/sottovoce-provision.timer"
HANDSHAKE = 5_000
"""Octets of a TLS 1.3 handshake with a chain of two certificates, both ways: a guess, on the safe side."""


def test_a_hundred_thousand_telephones(scene: Scene, server: Server) -> None:
    scene.pull()
    body = server.sent
    asked = len(server.asked)
    scene.pull()
    requests, octets = len(server.asked) - asked, server.sent - body
    rhythm = Rhythm.of(TIMER)
    day = 24 * HOUR
    settled = questions(rhythm, np.random.default_rng(0).uniform(0, day, PHONES), 3 * day)
    settled = settled[settled >= 2 * day]
    after_cut = questions(rhythm, np.zeros(PHONES), day)
    hours = len(settled) / 24
    figures = {
        "telephones": PHONES,
        "requests a question": requests,
        "octets of a body when nothing is new": octets,
        "octets of a configuration": body,
        "requests an hour": round(hours * requests),
        "megabytes an hour, nothing new (with handshakes)": round(hours * (octets + HANDSHAKE) / 1e6, 1),
        "megabytes in all when every configuration changes": round(PHONES * body / 1e6, 1),
        "requests a second, busiest minute": round(busiest(settled, 60) / 60, 1),
        "requests a second after a power cut, busiest minute": round(busiest(after_cut, 60) / 60, 1),
        "hours until all have a change": round((rhythm.pause + rhythm.spread) / HOUR, 1),
    }
    where = Path("build/provisioning.json")
    where.parent.mkdir(exist_ok=True)
    where.write_text(json.dumps(figures, indent=1))
    assert (requests, octets) == (1, 0)
    assert body < 4000
    assert busiest(settled, 60) / 60 < 20
    assert busiest(after_cut, 60) / 60 < 70, "a city that comes back asks all at once"


def test_without_a_spread_they_would_ask_at_once() -> None:
    """What the test above is there for: the same timer without its random part."""
    rhythm = Rhythm(10, 4 * HOUR, 0.001)
    assert busiest(questions(rhythm, np.zeros(PHONES), 24 * HOUR), 60) == PHONES
