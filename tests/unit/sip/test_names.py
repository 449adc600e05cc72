"""The resolver's thread, and dnspython against a name server on this machine."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

from firmware.phone.sip.finding import names as finding
from firmware.phone.sip.finding.finder import Finder
from firmware.phone.sip.finding.names import Names
from firmware.phone.sip.finding.order import SILENT, UNKNOWN, Found, Hop
from tests.rig.name_server import NameServer

TLS = Hop("phone.test", 0, "tls", (5071,))


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        made.says("phone.test", "NAPTR", '10 10 "s" "SIPS+D2T" "" _sips._tcp.phone.test.')
        made.serves("phone.test", ("a.phone.test", 5061, 10), ("b.phone.test", 5071, 20))
        yield made


def find(server: NameServer, hop: Hop = TLS) -> Found:
    return Names(server.resolver, loopback=True).find(hop)


def test_what_a_real_name_server_says(server: NameServer) -> None:
    server.says("b.phone.test", "AAAA", "::1")
    found = find(server)
    assert str(found.targets[0]) == "127.0.0.1:5061"
    assert {str(one) for one in found.targets[1:]} == {"[::1]:5071", "127.0.0.1:5071"}
    assert found.seconds == 30.0


def test_loopback_is_no_server_on_a_telephone(server: NameServer) -> None:
    assert Names(server.resolver).find(TLS).targets == ()


def test_a_short_life_is_made_longer(server: NameServer) -> None:
    server.ttl = 0
    assert find(server).seconds == finding.SHORTEST


def test_a_name_that_is_not_there(server: NameServer) -> None:
    assert find(server, Hop("nobody.test", 0, "tls")).why == UNKNOWN


def test_silence(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PATIENCE", 0.3)
    server.silent = True
    began = time.monotonic()
    assert find(server) == Found((), finding.SHORTEST, SILENT, silent=True)
    assert time.monotonic() - began < 2


def test_noise_raises_nothing(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PATIENCE", 0.05)
    server.noise = random.Random(7)
    for _ in range(60):
        found = find(server)
        assert found.targets or found.why


def test_one_question_at_a_time_and_an_answer_for_each() -> None:
    going, told = threading.Event(), threading.Event()
    crashed: list[BaseException] = []
    asked: list[Hop] = []
    answers: list[Hop] = []

    def look(hop: Hop) -> Found:
        asked.append(hop)
        going.wait(5)
        return Found((), 1.0)

    def tell(hop: Hop, found: Found) -> None:
        answers.append(hop)
        told.set()

    finder = Finder(look, tell, crashed.append)
    for _ in range(3):
        finder.ask(TLS)
    going.set()
    assert told.wait(5)
    finder.close()
    assert asked == answers == [TLS]
    assert not crashed


def test_what_should_not_happen_is_told() -> None:
    crashed: list[BaseException] = []
    over = threading.Event()

    def crash(error: BaseException) -> None:
        crashed.append(error)
        over.set()

    finder = Finder(lambda hop: 1 / 0, lambda hop, found: None, crash)  # type: ignore[arg-type,return-value]
    finder.ask(TLS)
    assert over.wait(5)
    assert isinstance(crashed[0], ZeroDivisionError)
