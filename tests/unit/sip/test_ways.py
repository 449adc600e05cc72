"""What is offered to whom first, as earlier calls have shown; and two looks at answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firmware.phone.clock import FakeClock
from firmware.phone.sip import identity, sdp
from firmware.phone.sip.pjsua.zrtp import ALONE, CLEAR, EITHER, REFUSED_FOR, SDES, Known
from firmware.phone.values import Keying, Media, Security

BOB = "sip:bob@phone.test"
END, PROVIDER = Security.END_TO_END, Security.PROVIDER
BY_POLICY = (END, PROVIDER)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 23, tzinfo=UTC))


def test_end_to_end_has_one_second_try_of_its_own(clock: FakeClock) -> None:
    known = Known(clock)
    assert known.ways(BOB, (END,)) == [EITHER, ALONE]
    known.learn(BOB, ALONE, Media(keying=Keying.ZRTP), (END,))
    assert known.ways(BOB, (END,)) == [ALONE, EITHER]
    known.learn(BOB, ALONE, Media(), (END,))
    assert known.ways(BOB, (END,)) == [EITHER], "who answers that in clear is not rung by it again"


def test_who_refused_better_is_offered_sdes_first_for_an_hour(clock: FakeClock) -> None:
    known = Known(clock)
    assert known.ways(BOB, BY_POLICY) == [EITHER, (SDES,)]
    known.learn(BOB, (SDES,), Media(PROVIDER, keying=Keying.SDES), BY_POLICY)
    assert known.ways(BOB, BY_POLICY) == [(SDES,), EITHER]
    clock.advance(REFUSED_FOR - 1)
    known.learn(BOB, (SDES,), Media(PROVIDER, keying=Keying.SDES), BY_POLICY)
    clock.advance(2)
    assert known.ways(BOB, BY_POLICY) == [EITHER, (SDES,)], "then the best is tried again"


@pytest.mark.parametrize("levels", [(END,), (END, PROVIDER, Security.CLEAR)])
def test_where_the_policy_wants_end_to_end_nothing_of_the_kind(
    clock: FakeClock, levels: tuple[Security, ...]
) -> None:
    known = Known(clock)
    known.learn(BOB, (SDES,), Media(PROVIDER, keying=Keying.SDES), BY_POLICY)
    assert known.ways(BOB, levels)[0] == EITHER
    assert (CLEAR in known.ways(BOB, levels)) is (Security.CLEAR in levels)


def test_sdes_by_consent_teaches_nothing(clock: FakeClock) -> None:
    known = Known(clock)
    known.learn(BOB, (SDES,), Media(PROVIDER, keying=Keying.SDES), (PROVIDER,))
    assert known.ways(BOB, BY_POLICY)[0] == EITHER


@pytest.mark.parametrize(
    ("lines", "declined"),
    [
        ("m=audio 0 RTP/SAVP 8", True),
        ("m=audio 4000 RTP/AVP 8", False),
        ("m=audio 0 RTP/SAVP 8\r\nm=audio 4000 RTP/AVP 8", False),
        ("m=video 0 RTP/AVP 96", False),
        ("", False),
    ],
)
def test_audio_is_declined_by_port_0(lines: str, declined: bool) -> None:
    assert sdp.without_audio(f"SIP/2.0 200 OK\r\n\r\nv=0\r\n{lines}\r\n") is declined


@pytest.mark.parametrize(
    ("field", "private"),
    [("Privacy: id", True), ("privacy: header;user", True), ("Privacy: none", False), ("Subject: id", False)],
)
def test_an_answer_asks_for_privacy(field: str, private: bool) -> None:
    assert identity.private(f"SIP/2.0 200 OK\r\n{field}\r\n\r\n") is private
