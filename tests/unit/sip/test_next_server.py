"""When a call and a registration go on to the next server, and when they do not. The library does not run."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pjsua2 as pj
import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock
from firmware.phone.config import Account, Config, Secret
from firmware.phone.privacy import Exposure
from firmware.phone.sip.finding.order import Hop
from firmware.phone.sip.pjsua import outgoing as placing
from firmware.phone.sip.pjsua import registrar
from firmware.phone.sip.pjsua.outgoing import Outgoing, _Attempt
from firmware.phone.sip.pjsua.registrar import PjAccount
from firmware.phone.sip.pjsua.zrtp import EITHER
from firmware.phone.values import CallId, Media, RegistrationState, Route

HOP = Hop("phone.test", 0, "tls")
CALL = CallId(1)
COMMAND = do.PlaceCall(CALL, "sip:bob@phone.test", Exposure())


class Servers:
    """So many servers of one name; the first one is used now."""

    def __init__(self, number: int = 2) -> None:
        self.left = number
        self.known = True

    def failed(self, hop: Hop) -> bool:
        self.left = max(0, self.left - 1)
        return self.left > 0

    def others(self, hop: Hop) -> bool:
        return self.left > 1

    def ready(self, hop: Hop) -> bool:
        return self.known

    def why(self, hop: Hop) -> str:
        return "no name"

    def worked(self, hop: Hop) -> None:
        pass

    def target(self, hop: Hop) -> None:
        return None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 24, tzinfo=UTC))


def crashed(error: BaseException) -> None:
    raise error


# --- calls -------------------------------------------------------------------------------------------


class Calls:
    def __init__(self, clock: FakeClock, servers: Servers, routes: tuple[Route, ...] = ()) -> None:
        config = Config(account=Account("alice", "phone.test", Secret("x")))
        none: Any = None
        self.doubts = 0
        self.outgoing = Outgoing(
            config,
            clock,
            lambda event: None,
            crashed,
            none,
            [],
            None,
            none,
            servers,  # type: ignore[arg-type]
        )
        self.attempt = _Attempt(COMMAND, [EITHER], routes, since=clock.monotonic(), hop=HOP)
        self.outgoing._attempts[CALL] = self.attempt

    def call(self, **fields: Any) -> Any:
        plain = {
            "hung_up": False,
            "rang": False,
            "answered": False,
            "heard": False,
            "status": 0,
            "over": True,
        }
        account = SimpleNamespace(doubt=self._doubted)
        return SimpleNamespace(
            call_id=CALL, account=account, keyings=EITHER, media=Media(), **({"over": True} | plain | fields)
        )

    def _doubted(self) -> None:
        self.doubts += 1

    def next(self, **fields: Any) -> _Attempt | None:
        return self.outgoing._next_attempt(self.call(**fields))


@pytest.mark.parametrize("status", [0, 408, 502, 503])
def test_a_call_that_nobody_answered_goes_to_the_next_server(clock: FakeClock, status: int) -> None:
    calls = Calls(clock, Servers())
    following = calls.next(status=status)
    assert following is not None
    assert following.ways == [EITHER]
    assert calls.doubts == 1, "and the connection is looked at"


def test_one_that_has_no_time_is_left_too(clock: FakeClock) -> None:
    assert Calls(clock, Servers()).next(status=503, heard=True) is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 486, "heard": True},
        {"status": 408, "heard": True},
        {"status": 404, "heard": True},
        {"status": 503, "heard": True, "rang": True},
        {"status": 503, "heard": True, "answered": True},
        {"status": 0, "hung_up": True},
    ],
)
def test_an_answer_is_an_answer(clock: FakeClock, fields: dict[str, Any]) -> None:
    assert Calls(clock, Servers()).next(**fields) is None


def test_after_the_last_server_the_call_is_over_or_goes_by_the_next_way(clock: FakeClock) -> None:
    assert Calls(clock, Servers(1)).next(status=503) is None
    other = Route(0, "sip:112@phone.test", "tcp")
    following = Calls(clock, Servers(1), (other,)).next(status=503)
    assert following is not None
    assert following.transport == "tcp"


def test_help_tries_the_other_server_before_the_other_way(clock: FakeClock) -> None:
    other = Route(0, "sip:112@phone.test", "tcp")
    following = Calls(clock, Servers(), (other,)).next(status=408)
    assert following is not None
    assert following.transport == ""
    assert following.routes == (other,)


def test_silence_is_borne_for_four_seconds_where_there_is_another_server(clock: FakeClock) -> None:
    calls = Calls(clock, Servers())
    waiting = calls.call(over=False)
    assert calls.outgoing.late(waiting, clock.monotonic()) == placing.PATIENCE
    clock.advance(placing.PATIENCE)
    assert calls.outgoing.late(waiting, clock.monotonic()) == 0.0
    assert calls.outgoing.late(calls.call(over=False, heard=True), clock.monotonic()) is None
    assert Calls(clock, Servers(1)).outgoing.late(waiting, clock.monotonic()) is None


# --- registrations -----------------------------------------------------------------------------------


class Registering:
    """An account whose library only notes what it is told."""

    def __init__(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, servers: Servers) -> None:
        self.sent, self.closed, self.moved = 0, 0, 0
        self.posted: list[on.RegistrationChanged] = []
        self.clock = clock
        self.servers = servers
        monkeypatch.setattr(PjAccount, "setRegistration", lambda account, renew: self._send())
        monkeypatch.setattr(PjAccount, "getId", lambda account: 0)
        monkeypatch.setattr(pj, "closeFlow", self._close)
        monkeypatch.setattr(pj, "flowKeep", lambda account: 0)
        monkeypatch.setattr(pj, "pingFlow", lambda account: False)
        nobody: Any = lambda *_: None  # noqa: E731
        self.account = PjAccount(
            clock,
            True,
            nobody,
            self._post,
            crashed,
            0,
            "",
            servers,  # type: ignore[arg-type]
            HOP,
            self._moved,
        )

    def _send(self) -> None:
        self.sent += 1

    def _close(self, account: int) -> bool:
        self.closed += 1
        return True

    def _post(self, event: Any) -> None:
        self.posted.append(event)

    def _moved(self, account: PjAccount) -> None:
        self.moved += 1

    def state(self) -> RegistrationState:
        return self.posted[-1].registration.state

    def answer(self, code: int) -> None:
        self.account.onRegState(SimpleNamespace(code=code, expiration=600 if code == 200 else 0))

    @property
    def due(self) -> float | None:
        return self.account.due(self.clock.monotonic())


@pytest.fixture
def registering(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Registering:
    return Registering(clock, monkeypatch, Servers())


def test_the_next_server_is_tried_at_once_and_back_off_comes_after_the_last(registering: Registering) -> None:
    registering.account.register()
    registering.answer(503)
    assert registering.state() is RegistrationState.REGISTERING
    assert registering.due == pytest.approx(registrar.AT_ONCE)
    registering.clock.advance(1)
    registering.account.keep_up()
    assert registering.sent == 2
    registering.answer(408)
    assert registering.state() is RegistrationState.FAILED
    assert registering.due is not None
    assert registering.due >= 1.0


def test_two_reports_of_one_failure_cost_one_server(registering: Registering) -> None:
    registering.servers.left = 3
    registering.account.register()
    registering.account.connection_lost("refused", False)
    registering.answer(503)
    assert registering.servers.left == 2


@pytest.mark.parametrize("code", [401, 403, 404, 423, 600])
def test_a_refusal_is_the_same_everywhere(registering: Registering, code: int) -> None:
    registering.account.register()
    registering.answer(code)
    assert registering.servers.left == 2
    assert registering.state() is RegistrationState.FAILED


def test_a_silent_server_is_hung_up_on(registering: Registering) -> None:
    registering.account.register()
    assert registering.due == registrar.PATIENCE
    registering.clock.advance(registrar.PATIENCE)
    registering.account.keep_up()
    assert registering.closed == 1
    registering.servers.left = 1
    registering.clock.advance(registrar.PATIENCE)
    registering.account.keep_up()
    assert registering.closed == 1, "the only one there is is waited for"


def test_a_lost_connection_is_made_to_the_next_one(registering: Registering) -> None:
    registering.account.register()
    registering.answer(200)
    registering.account.connection_lost("", False)
    assert registering.servers.left == 1
    assert registering.due == pytest.approx(registrar.AT_ONCE)


def test_a_name_that_nobody_knows(registering: Registering) -> None:
    registering.servers.known = False
    registering.account.register()
    assert registering.sent == 0
    registering.account.found(Hop("other.test", 0, "tls"))
    assert registering.state() is RegistrationState.REGISTERING
    registering.account.found(HOP)
    assert registering.state() is RegistrationState.FAILED
    assert registering.posted[-1].registration.reason == "no name"


def test_another_address_is_told_when_it_is_registered(registering: Registering) -> None:
    registering.account.register()
    registering.answer(200)
    registering.account.move()
    assert registering.closed == 1
    assert registering.servers.left == 2, "the server has done nothing wrong"
    registering.clock.advance(1)
    registering.account.keep_up()
    assert registering.moved == 0
    registering.answer(200)
    assert registering.moved == 1
