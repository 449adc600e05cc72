"""Messages in plain words, and what a bad provider does to them."""

from __future__ import annotations

import re

import pytest

from firmware.simulator.letters import read
from firmware.simulator.malice import DEEDS, answer_at_once, bare, honest, own_keys

BODY = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVP 96 9\r\na=rtpmap:96 opus/48000/2\r\na=sendrecv\r\na=setup:actpass\r\n"
    f"a=zrtp-hash:1.10 {'ab' * 32}\r\na=fingerprint:sha-256 {':'.join(['0A'] * 32)}\r\n"
)


def invite(caller: str = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1') -> str:
    return (
        "INVITE sip:127.0.0.1:5061;transport=tls SIP/2.0\r\n"
        "Via: SIP/2.0/TLS 127.0.0.1:5060;branch=z9hG4bK1\r\n"
        f"From: {caller}\r\nTo: <sip:127.0.0.1:5061>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
    )


def test_an_invitation_in_plain_words() -> None:
    letter = read(invite())
    assert (letter.title, letter.words) == ("INVITE", "May I talk with you?")
    said = {line.raw.partition(":")[0]: line for line in letter.lines}
    assert said["From"].words.startswith("Who calls: not told.")
    assert not any(line.told for line in letter.lines)
    assert [line.raw for line in letter.lines if line.raw and not line.words] == []
    assert "\r\n".join(line.raw for line in letter.lines) + "\r\n" == invite(), "as it was sent, whole"


def test_who_is_told_is_marked() -> None:
    told = [line for line in read(invite('"Alice" <sip:alice@phone.test>;tag=1')).lines if line.told]
    assert [line.raw[:5] for line in told] == ["From:"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("SIP/2.0 180 Ringing\r\nCall-ID: x\r\n\r\n", "It rings."),
        ("SIP/2.0 488 Not Acceptable Here\r\n\r\n", "Not like this: I do not talk without encryption."),
        ("SIP/2.0 599 Odd\r\n\r\n", "It does not work."),
        ("BYE sip:x SIP/2.0\r\n\r\n", "I hang up."),
        ("DANCE sip:x SIP/2.0\r\n\r\n", ""),
    ],
)
def test_first_lines(message: str, words: str) -> None:
    assert read(message).words == words


def test_what_nobody_knows_has_no_words() -> None:
    assert [line.words for line in read("BYE sip:x SIP/2.0\r\nX-Odd: 1\r\n\r\n").lines] == ["I hang up.", ""]


def length_is_right(message: str) -> bool:
    head, _, body = message.partition("\r\n\r\n")
    found = re.search(r"Content-Length: (\d+)", head)
    return found is not None and int(found[1]) == len(body)


def test_without_encryption() -> None:
    changed = bare(invite())
    assert "m=audio 4000 RTP/AVP 96 9\r\n" in changed
    assert not any(key in changed for key in ("zrtp", "fingerprint", "setup", "SAVP"))
    assert length_is_right(changed)
    assert read(changed).lines[-3].words == "Speech, not encrypted."


def test_other_keys() -> None:
    changed = own_keys(invite())
    assert "ab" * 32 not in changed
    assert "0A:0A" not in changed
    assert len(changed) == len(invite())
    assert length_is_right(changed)


def test_asks_to_answer_at_once() -> None:
    changed = answer_at_once(invite())
    assert "answer-after=0" in changed
    assert changed.endswith(BODY)
    assert length_is_right(changed)


@pytest.mark.parametrize("word", DEEDS)
def test_only_invitations_are_touched(word: str) -> None:
    ack = "ACK sip:127.0.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    assert DEEDS[word].change(ack) == ack
    assert (DEEDS[word].change(invite()) == invite()) is (DEEDS[word].change is honest)
