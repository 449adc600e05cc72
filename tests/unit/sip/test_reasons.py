"""Status codes and certificate verdicts in plain words; header values made harmless."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import reasons
from firmware.phone.sip.backoff import Backoff
from firmware.phone.sip.headers import party
from firmware.phone.sip.reasons import Flaw, Trouble
from firmware.phone.sip.sdp import scrubbed
from firmware.phone.values import Direction, EndReason, Party


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, EndReason.NOT_FOUND),
        (408, EndReason.UNREACHABLE),
        (480, EndReason.UNREACHABLE),
        (486, EndReason.BUSY),
        (488, EndReason.NO_COMMON_ENCRYPTION),
        (503, EndReason.UNREACHABLE),
        (500, EndReason.SERVER_FAILED),
        (600, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (403, EndReason.NOT_ALLOWED),
        (487, EndReason.CANCELLED),
    ],
)
def test_outgoing(status: int, reason: EndReason) -> None:
    assert reasons.end_reason(Direction.OUT, status, False, False, False) is reason


def test_the_same_status_means_no_answer_when_it_rang_there() -> None:
    assert reasons.end_reason(Direction.OUT, 480, False, True, False) is EndReason.NO_ANSWER


def test_an_untrusted_server_is_said_and_not_called_unreachable() -> None:
    assert reasons.end_reason(Direction.OUT, 503, False, False, True) is EndReason.CERTIFICATE


def test_incoming() -> None:
    assert reasons.end_reason(Direction.IN, 487, False, False, False) is EndReason.MISSED
    assert reasons.end_reason(Direction.IN, 200, True, False, False) is EndReason.PEER_HUNG_UP


@given(st.sampled_from(Direction), st.integers(0, 999), st.booleans(), st.booleans(), st.booleans())
def test_every_status_has_words(direction: Direction, status: int, a: bool, b: bool, c: bool) -> None:
    words = reasons.end_reason(direction, status, a, b, c).value
    assert words
    assert not any(char.isdigit() for char in words)


def test_what_is_wrong_with_a_certificate() -> None:
    both = reasons.certificate_failure(Flaw.EXPIRED | Flaw.WRONG_NAME)
    assert both == (
        "Server not trusted: its certificate is for another name and has expired; ask the provider"
    )
    assert "unknown authority" in reasons.certificate_failure(Flaw.UNTRUSTED)
    assert "cannot be verified" in reasons.certificate_failure(Flaw.OTHER)


def test_each_flaw_of_a_certificate_has_words_of_its_own() -> None:
    said = [reasons.certificate_failure(flaw) for flaw in Flaw]
    assert len(set(said)) == len(Flaw)
    assert all(words.startswith("Server not trusted: its certificate ") for words in said)


def test_who_vouches_for_himself_is_not_called_unknown_too() -> None:
    assert "unknown authority" not in reasons.certificate_failure(Flaw.SELF_SIGNED | Flaw.UNTRUSTED)


def test_each_trouble_with_a_connection_says_what_to_do() -> None:
    for trouble in Trouble:
        what, _, remedy = trouble.value.partition("; ")
        assert what, trouble
        assert remedy, trouble
    assert len({trouble.value for trouble in Trouble}) == len(Trouble)


def test_backoff_grows_to_a_bound_and_differs_between_phones() -> None:
    backoff = Backoff(random=random.Random(1))
    delays = [backoff.next() for _ in range(12)]
    assert delays[0] <= 2
    assert 150 <= delays[-1] <= 300
    assert delays != [Backoff(random=random.Random(2)).next() for _ in range(12)]
    backoff.reset()
    assert backoff.next() <= 2
    assert Backoff(random=random.Random(1)).next(refused=True) >= 30


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Bob B." <sip:bob@phone.test>', Party("sip:bob@phone.test", "Bob B.")),
        ("Bob <sip:bob@phone.test>;tag=1", Party("sip:bob@phone.test", "Bob")),
        ("<sip:bob@phone.test>", Party("sip:bob@phone.test", "")),
        ("sip:bob@phone.test", Party("sip:bob@phone.test", "")),
        (r'"a \"b\" c" <sip:x@y>', Party("sip:x@y", 'a "b" c')),
        ('"Alice" <sip:anonymous@anonymous.invalid>', Party("sip:anonymous@anonymous.invalid", "Anonymous")),
    ],
)
def test_party(value: str, expected: Party) -> None:
    assert party(value) == expected


@given(st.text(max_size=2000))
def test_a_hostile_name_is_bounded_and_printable(text: str) -> None:
    name = party(f'"{text}" <sip:x@y>').name
    assert len(name) <= 64
    assert name.isprintable()


def test_sdp_names_no_software() -> None:
    sdp = (
        "v=0\r\no=alice 1 1 IN IP4 127.0.0.1\r\ns=pjmedia\r\na=tool:x 1\r\nt=0 0\r\nm=audio 1 RTP/SAVP 0\r\n"
    )
    assert scrubbed(sdp) == "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/SAVP 0\r\n"
