"""When a connection is pinged, and when its silence means that it is dead (RFC 5626 section 4.4.1)."""

from __future__ import annotations

from typing import Any

import pjsua2 as pj
import pytest

from firmware.phone.sip.pjsua.keepalive import EVERY, PONG, SOON, KeepAlive


class Connection:
    """What the library would say of the one connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pings, self.pongs, self.stands = 0, 0, True
        monkeypatch.setattr(pj, "pingFlow", self._ping)
        monkeypatch.setattr(pj, "flowPongs", lambda account: self.pongs)

    def _ping(self, account: int) -> bool:
        self.pings += self.stands
        return self.stands


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    return Connection(monkeypatch)


def lives(keeping: KeepAlive, until: float, answers: Any = None) -> float:
    """Call when due, up to a time; when it was found dead, or infinity."""
    while keeping.due is not None and keeping.due <= until:
        now = keeping.due
        before = answers.pings if answers else 0
        if not keeping.alive(0, now):
            return now
        if answers and answers.pings > before:
            answers.pongs += 1
    return float("inf")


def test_a_server_that_answers_is_pinged_forever(connection: Connection) -> None:
    keeping = KeepAlive()
    keeping.begin(0.0, 0)
    assert keeping.due == SOON
    assert lives(keeping, 3000.0, connection) == float("inf")
    assert 3000 / EVERY <= connection.pings <= 3000 / (EVERY * 0.8) + 2


def test_one_that_no_longer_answers_is_dead(connection: Connection) -> None:
    keeping = KeepAlive()
    keeping.begin(0.0, 0)
    lives(keeping, 100.0, connection)
    assert lives(keeping, 1000.0) <= 100.0 + EVERY + PONG
    assert keeping.due is None


def test_one_that_never_answers_is_not_judged(connection: Connection) -> None:
    keeping = KeepAlive()
    keeping.begin(0.0, 0)
    assert lives(keeping, 1000.0) == float("inf")


def test_what_the_server_asks_for_counts_within_bounds(connection: Connection) -> None:
    for asked, most in ((15, 15.0), (1, 10.0), (3600, EVERY)):
        keeping = KeepAlive()
        keeping.begin(0.0, asked)
        keeping.alive(0, SOON)
        keeping.alive(0, SOON + PONG)
        assert keeping.due is not None
        assert keeping.due - SOON <= most


def test_a_doubt_is_settled_at_once(connection: Connection) -> None:
    keeping = KeepAlive()
    keeping.begin(0.0, 0)
    lives(keeping, 20.0, connection)
    keeping.hurry(21.0)
    assert keeping.due == 21.0


def test_over_udp_there_is_nothing_to_ping(connection: Connection) -> None:
    connection.stands = False
    keeping = KeepAlive()
    keeping.begin(0.0, 0)
    assert keeping.alive(0, SOON)
    assert keeping.due is None
