"""The SIP engine's thread and whoever starts it: nothing that goes wrong there leaves the other waiting."""

from __future__ import annotations

import pytest

from firmware.phone.clock import SystemClock
from firmware.phone.config import Config
from firmware.phone.errors import SipError
from firmware.phone.sip.pjsua.engine import PjsuaEngine


class Unforeseen(Exception):
    """No exception that the engine expects."""


def engine(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> PjsuaEngine:
    """One whose library does not open."""

    def fail(_: PjsuaEngine) -> None:
        raise error

    monkeypatch.setattr(PjsuaEngine, "_open", fail)
    return PjsuaEngine(Config(), SystemClock(), lambda error: None)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("error", [Unforeseen("words"), SystemExit(3), SipError("words")], ids=type)
def test_whatever_keeps_it_from_starting_is_handed_on(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with pytest.raises(type(error)) as raised:
        engine(monkeypatch, error).start(lambda event: None)
    assert raised.value is error


@pytest.mark.timeout(10)
def test_what_the_system_refuses_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SipError, match="No such file"):
        engine(monkeypatch, FileNotFoundError(2, "No such file")).start(lambda event: None)
