"""Parties that break the protocol in one way each: none of them may ever be agreed with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tests.rig.zrtp import keys, messages, wire
from tests.rig.zrtp.algorithms import EXCHANGES, PRIME, PUBLIC_OCTETS, Exchange
from tests.rig.zrtp.messages import Confirm, DHPart
from tests.rig.zrtp.party import Party

EVERY_S = 0.1
"""Seconds between two wishes of ``Clearing``."""


class ForeignChain(Party):
    """What it discloses is not what its Hello promised (section 9)."""

    def _sealed(self, message: bytes, key: bytes) -> bytes:
        if wire.kind(message) != "Hello":
            message = message[:12] + os.urandom(32) + message[44:]
        return super()._sealed(message, key)


class WrongCommitment(Party):
    """Its DHPart2 is not the one that it committed to, as of one who chose it after seeing the other's."""

    def _hvi(self, right: bytes) -> bytes:
        return b"\xff" * 31 + right[-1:]


class WrongConfirm(Party):
    """It cannot prove that it has the keys."""

    def _confirm(self, kind: str, side: int) -> bytes:
        right = super()._confirm(kind, side)
        return right[:-1] + bytes([right[-1] ^ 1])


class WrongCrc(Party):
    """All its packets are damaged."""

    def _packets(self, message: bytes) -> list[bytes]:
        return [packet[:-1] + bytes([packet[-1] ^ 1]) for packet in super()._packets(message)]


class Shortened(Party):
    """Its DHPart ends in the middle, and the length and the CRC say so too."""

    def _packets(self, message: bytes) -> list[bytes]:
        if wire.kind(message).startswith("DHPart"):
            message = wire.head(wire.kind(message), 40) + message[12:52]
        return super()._packets(message)


class WeakPublic(Party):
    """Its public value makes the shared secret known to everybody (section 4.4.1.1): DH3k with 0, 1 or p-1.

    It tries what a careless other end may have come to: 0, 1 and p-1.
    """

    VALUE = 1

    def _make_exchange(self, agreement: str) -> Exchange:
        made = EXCHANGES[agreement]()
        made.public = self.VALUE.to_bytes(PUBLIC_OCTETS[agreement])
        return made

    def _agree(self, part: DHPart, message: bytes, total: bytes, *, initiator: bool) -> None:
        super()._agree(part, message, total, initiator=initiator)
        if self._choice is None or self._peer_hello is None:
            raise RuntimeError("nothing is chosen")
        zids = [self.cache.zid, self._peer_hello.zid][:: 1 if initiator else -1]
        octets = PUBLIC_OCTETS[self._choice.agreement]
        self._guesses = [
            keys.derive(
                keys.shared_secret(guess.to_bytes(octets), zids, total, [b""] * 3),
                b"".join(zids) + total,
                self._choice,
            )
            for guess in (1, 0, PRIME - 1)
        ]
        self._keys = self._guesses[0]

    def _check_confirm(self, message: bytes, side: int) -> None:
        for guess in self._guesses:
            try:
                Confirm.decode(message, guess.mac[side], guess.zrtp[side])
                self._keys = guess
            except PermissionError:
                pass
        super()._check_confirm(message, side)


class ZeroPublic(WeakPublic):
    """0"""

    VALUE = 0


class LastPublic(WeakPublic):
    """p-1"""

    VALUE = PRIME - 1


class FalseHello(Party):
    """Its Hello is not sealed by its own H2: somebody changed it on the way."""

    def _sealed(self, message: bytes, key: bytes) -> bytes:
        return super()._sealed(message, os.urandom(32) if wire.kind(message) == "Hello" else key)


class Mute(Party):
    """It says Hello, and nothing more."""

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        answers = super().receive(octets, now)
        return [answer for answer in answers if wire.kind(wire.message(answer)).startswith("Hello")]

    def tick(self, now: float) -> list[bytes]:
        return [packet for packet in super().tick(now) if wire.kind(wire.message(packet)) == "Hello"]


class Clearing(Party):
    """It agrees on keys as it should, and then asks again and again to go on in clear (section 4.7.2)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked = 0
        self.agreed_to_clear = False
        self._due = 0.0

    def tick(self, now: float) -> list[bytes]:
        out = super().tick(now)
        if self.state != "secure" or self._keys is None or now < self._due:
            return out
        self._due, self.asked = now + EVERY_S, self.asked + 1
        return out + self._packets(messages.go_clear(self._keys.mac[0 if self._initiator else 1]))

    def _take_clearack(self, message: bytes, now: float) -> list[bytes]:
        self.agreed_to_clear = True
        return []

    def _take_error(self, message: bytes, now: float) -> list[bytes]:
        return self._packets(messages.simple("ErrorACK"))


class Parrot(Party):
    """It says what another said in an earlier call, octet by octet."""

    def __init__(self, said: list[bytes], **options: Any) -> None:
        super().__init__(**options)
        self._said = said

    def start(self, now: float) -> list[bytes]:
        return list(self._said)

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        return list(self._said)

    def tick(self, now: float) -> list[bytes]:
        return []


KINDS: Mapping[str, Callable[..., Party]] = {
    made.__name__: made
    for made in (
        ForeignChain,
        WrongCommitment,
        WrongConfirm,
        WrongCrc,
        Shortened,
        WeakPublic,
        ZeroPublic,
        LastPublic,
        FalseHello,
        Mute,
    )
}
"""All that need nothing but to be made."""
