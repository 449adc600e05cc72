"""Real-time text in packets: what is lost, doubled and late; RFC 4103, RFC 2198, T.140."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import t140
from firmware.phone.sip.t140 import INTERVAL, LOST, MARK, RED, RESTART, Receiver, Sender, shown

PT = 98
Sent = tuple[int, int, bytes]


def sent_of(words: list[str], *, redundancy: bool = True, start: int = 0) -> list[Sent]:
    """Sequence number, flags and payload of every packet that typing ``words``, one each interval, makes."""
    sender, now = Sender(), 10.0
    found: list[Sent] = []
    for word in [*words, *[""] * 4]:
        sender.add(word)
        packet = sender.packet(now, PT, redundancy=redundancy)
        if packet is not None:
            flags = RED * packet.redundant | MARK * packet.marked
            found.append(((start + len(found)) % 65536, flags, packet.payload))
            sender.sent(now)
        now += INTERVAL
    assert sender.due() is None
    return found


def received(packets: list[Sent]) -> str:
    receiver, text = Receiver(), ""
    for number, (sequence, flags, payload) in enumerate(packets):
        text += receiver.take(sequence, flags, payload, float(number))
    return text + receiver.late(len(packets) + 2.0)


def test_a_packet_as_rfc_4103_has_it() -> None:
    """The first has the marker and nothing before it; each later one repeats the last two, with ages."""
    first, second, third, fourth, *rest = sent_of(["h", "ø"])
    assert first == (0, RED | MARK, b"\x62h")
    assert second[2] == (1 << 31 | PT << 24 | 300 << 10 | 1).to_bytes(4, "big") + b"\x62h" + "ø".encode()
    assert third[1] == RED
    assert third[2].endswith(b"\x62h" + "ø".encode())
    assert fourth[2].endswith(b"\x62" + "ø".encode())
    assert rest == []


def test_without_redundancy_each_character_goes_once() -> None:
    assert sent_of(["a", "b"], redundancy=False) == [(0, MARK, b"a"), (1, 0, b"b")]


def test_after_silence_the_marker_is_set_again_and_nothing_old_is_sent() -> None:
    sender, packet = Sender(), None
    for now, word in ((0.0, "a"), (0.3, ""), (0.6, ""), (60.0, "b")):
        sender.add(word)
        packet = sender.packet(now, PT, redundancy=True)
        assert packet is not None
        sender.sent(now)
    assert packet is not None
    assert (packet.marked, packet.payload, packet.age) == (True, b"\x62b", 59400)


def test_nothing_leaves_before_its_time_and_what_failed_is_made_again() -> None:
    sender = Sender()
    sender.add("a")
    one = sender.packet(0.0, PT, redundancy=True)
    assert one == sender.packet(0.1, PT, redundancy=True)
    sender.sent(0.1)
    sender.add("b")
    assert sender.packet(0.3, PT, redundancy=True) is None
    assert sender.packet(0.4, PT, redundancy=True) is not None


@pytest.mark.parametrize("start", [0, 65530, 65535])
def test_two_lost_in_a_row_cost_nothing(start: int) -> None:
    """Also where the sequence numbers come round."""
    packets = sent_of(list("abcdefghijklmnopqrst"), start=start)
    kept = [one for number, one in enumerate(packets) if number % 3 == 2 or number == len(packets) - 1]
    assert received(kept) == "abcdefghijklmnopqrst"


def test_three_lost_in_a_row_leave_one_sign() -> None:
    packets = sent_of(list("abcdefgh"))
    assert received(packets[:2] + packets[5:]) == f"ab{LOST}defgh"


def test_what_comes_late_is_waited_for_a_second() -> None:
    receiver = Receiver()
    packets = sent_of(list("abc"), redundancy=False)
    assert receiver.take(*packets[0], 0.0) == "a"
    assert receiver.take(*packets[2], 0.1) == ""
    assert receiver.due() == pytest.approx(1.1)
    assert receiver.late(1.0) == ""
    assert receiver.take(*packets[1], 1.05) == "bc"
    assert receiver.due() is None


def test_after_that_second_it_is_lost_and_not_shown_when_it_comes() -> None:
    receiver = Receiver()
    packets = sent_of(list("abc"), redundancy=False)
    receiver.take(*packets[0], 0.0)
    receiver.take(*packets[2], 0.1)
    assert receiver.late(1.2) == f"{LOST}c"
    assert receiver.take(*packets[1], 1.3) == ""


def test_a_new_sequence_is_taken_up() -> None:
    receiver = Receiver()
    assert receiver.take(7, 0, b"a", 0.0) == "a"
    assert receiver.take(60000, RESTART, b"b", 1.0) == "b"
    assert receiver.take(60001, 0, b"c", 1.3) == "c"


def test_a_large_jump_forward_repeats_nothing() -> None:
    receiver, packets = Receiver(), sent_of(["b", "c"], start=9000)
    assert receiver.take(7, 0, b"a", 0.0) == "a"
    assert receiver.take(*packets[0], 1.0) == ""
    assert receiver.take(packets[1][0], RED | RESTART, packets[1][2], 1.3) == ""
    assert receiver.late(2.1) == f"{LOST}bc"


@given(st.lists(st.text("abcø€", max_size=3), max_size=30), st.integers(0, 2**32), st.integers(0, 65535))
def test_doubled_and_out_of_order_text_is_whole(words: list[str], seed: int, start: int) -> None:
    packets = sent_of(words, start=start)
    chance = random.Random(seed)
    mixed = [packet for packet in packets for _ in range(chance.choice((1, 1, 2)))]
    for at in range(len(mixed) - 1):
        if at and chance.random() < 0.3:
            mixed[at], mixed[at + 1] = mixed[at + 1], mixed[at]
    assert received(mixed) == "".join(words)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 7), st.binary(max_size=60)), max_size=40))
def test_whatever_comes_ends_in_text_and_keeps_little(packets: list[tuple[int, int, bytes]]) -> None:
    receiver = Receiver()
    for number, packet in enumerate(packets):
        assert isinstance(receiver.take(*packet, float(number)), str)
        assert len(receiver._waiting) <= 40


@pytest.mark.parametrize(
    "payload",
    [b"\xe2", b"\xe2\x00", b"\xe2\x00\x03\xff\x62short", b"\xe2\x00\x00\x05" * 3 + b"\x62"],
)
def test_what_breaks_rfc_2198_is_no_text(payload: bytes) -> None:
    receiver = Receiver()
    assert receiver.take(1, RED, payload, 0.0) == ""


@pytest.mark.parametrize(
    ("before", "more", "after"),
    [
        ("ab", "c", "abc"),
        ("ab", "\b", "a"),
        ("", "\b\b", ""),
        ("a", "\u2028b", "a\nb"),
        ("a", "\r\nb", "a\nb"),
        ("a", "\x07\ufeff\u202eb", "ab"),
        ("a", "\x9b1;31mred\x98skipped\x9c!", "ared!"),
        ("a", LOST, f"a{LOST}"),
        ("x" * 10, "yz", "x" * 3 + "yz"),
    ],
)
def test_what_stands_on_a_display(before: str, more: str, after: str) -> None:
    assert shown(before, more, 5 if len(before) > 5 else 99) == after


def test_a_long_paste_is_cut_between_characters() -> None:
    sender, text = Sender(), "ø" * 700
    sender.add(text)
    now = 0.0
    got: list[str] = []
    while sender.due() is not None and len(got) < 20:
        packet = sender.packet(now, PT, redundancy=False)
        if packet is not None:
            assert len(packet.payload) <= t140.LONGEST_BLOCK
            got.append(packet.payload.decode())
            sender.sent(now)
        now += INTERVAL
    assert "".join(got) == text
