"""The comparison of two captures: an identifier is found wherever it lies, chance is not."""

from __future__ import annotations

import random

import pytest

from tests.rig import linked

HEAD = bytes(range(40, 70))
"""What every packet begins with."""


def packets(number: int, at: int, identifier: bytes) -> list[bytes]:
    noise = random.Random(number)
    return [HEAD + noise.randbytes(at) + identifier + noise.randbytes(40) for _ in range(50)]


def shared(identifier: bytes, at: int) -> list[bytes]:
    one, two = (linked.of_octets(packets(number, at, identifier)) for number in (1, 2))
    other = linked.of_octets(packets(3, at, b""))
    return linked.runs((one & two) - other)


@pytest.mark.parametrize("at", [0, 1, 17])
def test_ten_octets_are_found_wherever_they_lie(at: int) -> None:
    identifier = random.Random(9).randbytes(10)
    assert any(identifier in row for row in shared(identifier, at))


def test_constants_beside_noise_are_no_link() -> None:
    """Fifty packets with a constant head: some octet after it is the same in both, by chance."""
    one, two = (linked.of_octets(packets(number, 5, b"")) for number in (1, 2))
    common = linked.of_octets([HEAD])
    assert (one & two) - common, "chance is there"
    assert shared(b"", 5) == []


def test_words_of_messages_are_identifiers() -> None:
    one = linked.of_messages(["Call-ID: 5e3f0a1b@x", "o=- 39 1"])
    assert ("SIP word", "5e3f0a1b") in one
    assert linked.links(one, linked.of_messages(["tag=5e3f0a1b"])) == [("SIP word", "5e3f0a1b")]
