"""One end of ZRTP in Diffie-Hellman mode: octets in, octets out, and the time as an argument (RFC 6189
section 4).

Left out: preshared mode, signatures, the trusted man in the middle; GoClear is not taken. Multistream mode is
``further``'s.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.rig import srtp
from tests.rig.zrtp import keys, messages, wire
from tests.rig.zrtp.algorithms import EXCHANGES, KINDS, MANDATORY, OFFERED, Choice, Exchange, choose
from tests.rig.zrtp.cache import Cache
from tests.rig.zrtp.messages import Commit, Confirm, DHPart, Hello

T1_S, T1_CAP_S, T1_TIMES = 0.05, 0.2, 60
"""Of a Hello (section 6; three times as often, as both telephones may start late)."""

T2_S, T2_CAP_S, T2_TIMES = 0.15, 1.2, 10
"""Of all other messages."""

WINNING_TRIES = 300
"""Of the initiator: the Commit with the higher hvi counts (section 4.2)."""

UNSUPPORTED_VERSION, BAD_PUBLIC, BAD_HVI, BAD_CONFIRM, EQUAL_ZIDS = 0x30, 0x61, 0x62, 0x70, 0x90
MALFORMED, NOTHING_IN_COMMON, TIMEOUT, NO_GOCLEAR = 0x10, 0x40, 0xB0, 0x100
"""Error codes (section 5.9)."""


class RefusedError(Exception):
    """The peer broke the protocol."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Agreement:
    """What two parties have in the end."""

    role: str
    """``initiator`` or ``responder``."""
    choice: Choice
    peer: bytes
    """The peer's ZID."""
    ours: srtp.Session
    """What we protect with."""
    theirs: srtp.Session
    base32: str
    words: str
    continuity: str
    """``first``: there was nothing to compare; ``same``: a secret of an earlier call was used; ``changed``:
    there was one, and the peer has it not."""
    verified: bool
    """The SAS was compared in an earlier call, at our end and at the peer's."""

    @property
    def sas(self) -> str:
        """As agreed."""
        return self.base32 if self.choice.sas == "B32" else self.words


@dataclass
class _Repeat:
    """A packet that is sent again until it is answered."""

    message: bytes
    wait: float
    cap: float
    left: int
    due: float


class Party:
    """One end. ``agreement`` is set when it is secure, ``trouble`` when it gave up."""

    def __init__(
        self,
        cache: Cache | None = None,
        *,
        role: str = "either",
        peer_hash: str = "",
        offers: Mapping[str, Sequence[str]] = OFFERED,
        ssrc: int = 0,
    ) -> None:
        """Not yet begun.

        Args:
            cache: default: a new one, that knows nobody.
            role: ``initiator`` and ``either`` send a Commit as soon as they may, ``responder`` waits for one;
                when both ends have sent one, ``initiator`` wins (but once in some hundred calls).
            peer_hash: the value of the peer's ``a=zrtp-hash``; empty: its Hello is taken as it comes.
        """
        self.cache = cache or Cache()
        self.role = role
        self.peer_hash = peer_hash
        self.ssrc = ssrc or secrets.randbits(32)
        self.agreement: Agreement | None = None
        self.trouble = ""
        self.dropped: list[str] = []
        """Why packets were not heeded."""
        self.got: list[str] = []
        """The types of the messages taken, oldest first."""
        self.state = "discovery"
        self._h = [os.urandom(32)]
        for _ in range(3):
            self._h.append(keys.digest(self._h[-1]))
        self._offers = {kind: tuple(offers[kind]) for kind in KINDS}
        self._sequence = secrets.randbits(15)
        self.hello = self._sealed(Hello(self._h[3], self.cache.zid, self._offers).encode(), self._h[2])
        self._repeats: list[_Repeat] = []
        self._peer_hello: Hello | None = None
        self._peer_hello_octets = b""
        self._acknowledged = False
        self._commit = b""
        self._peer_commit = b""
        self._choice: Choice | None = None
        self._part = b""
        self._exchange: Exchange | None = None
        self._keys: keys.Keys | None = None
        self._peer_h1 = b""
        self._continuity = "first"
        self._peer_part = b""
        self._answers: dict[str, bytes] = {}

    @property
    def session(self) -> bytes:
        """What the keys of further streams are made of."""
        if self._keys is None:
            raise RuntimeError("nothing was agreed")
        return self._keys.session

    @property
    def sdp_value(self) -> str:
        """What follows ``a=zrtp-hash:`` (section 8)."""
        return f"{messages.VERSION.decode()} {hashlib.sha256(self.hello).hexdigest()}"

    def start(self, now: float) -> list[bytes]:
        """Begin to look for the peer."""
        return self._say(self.hello, now, T1_S, T1_CAP_S, T1_TIMES)

    def tick(self, now: float) -> list[bytes]:
        """What must be said again."""
        out: list[bytes] = []
        for repeat in list(self._repeats):
            if now < repeat.due:
                continue
            if repeat.left == 0:
                self._give_up(f"no answer to {wire.kind(repeat.message)}")
                return out
            repeat.left -= 1
            repeat.wait = min(2 * repeat.wait, repeat.cap)
            repeat.due = now + repeat.wait
            out += self._packets(repeat.message)
        return out

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        """A packet came; what is said to it."""
        if self.trouble:
            return []
        try:
            message = wire.message(octets)
            kind = wire.kind(message)
            take = getattr(self, f"_take_{kind.lower()}", None)
            if take is None:
                self.dropped.append(f"unknown {kind}")
                return []
            out: list[bytes] = take(message, now)
            self.got.append(kind)
        except wire.MalformedError as error:
            self.dropped.append(str(error))
            return []
        except RefusedError as error:
            self._give_up(str(error))
            return self._packets(messages.error(error.code))
        return out

    def compared(self, same: bool) -> None:
        """People have compared the SAS; a secret that did not fit is replaced only now (section 4.3.2)."""
        if self.agreement is None or self._keys is None:
            raise RuntimeError("nothing was agreed")
        if self._continuity == "changed" and same:
            self.cache.retain(self.agreement.peer, self._keys.retained)
        self.cache.verify(self.agreement.peer, same)

    # What arrives

    def _take_hello(self, message: bytes, now: float) -> list[bytes]:
        hello = Hello.decode(message)
        if hello.zid == self.cache.zid:
            raise RefusedError(EQUAL_ZIDS, "its ZID is ours")
        if hello.version[:3] != messages.VERSION[:3]:
            raise RefusedError(UNSUPPORTED_VERSION, "another version of ZRTP")
        if self._peer_hello is not None and message != self._peer_hello_octets:
            raise wire.MalformedError("another Hello")
        if self.peer_hash and hashlib.sha256(message).hexdigest() != self.peer_hash.split()[-1].lower():
            raise RefusedError(MALFORMED, "its Hello is not the one of a=zrtp-hash")
        self._peer_hello, self._peer_hello_octets = hello, message
        return self._packets(messages.simple("HelloACK")) + self._maybe_commit(now)

    def _take_helloack(self, message: bytes, now: float) -> list[bytes]:
        self._acknowledged = True
        self._quiet("Hello")
        return self._maybe_commit(now)

    def _take_commit(self, message: bytes, now: float) -> list[bytes]:
        if message == self._peer_commit:
            return self._packets(self._answers["DHPart1"])
        if self._peer_hello is None or self.state not in ("discovery", "committed"):
            raise wire.MalformedError("a Commit out of turn")
        commit = Commit.decode(message)
        if keys.digest(commit.h2) != self._peer_hello.h3 or commit.zid != self._peer_hello.zid:
            raise wire.MalformedError("a Commit of somebody else")
        if not messages.sealed_by(self._peer_hello_octets, commit.h2):
            raise wire.MalformedError("its Hello was changed on the way")
        if self.state == "committed" and commit.hvi < Commit.decode(self._commit).hvi:
            return []  # ours counts (section 4.2)
        for kind in KINDS:
            if getattr(commit.choice, kind) not in (*self._offers[kind], *MANDATORY[kind]):
                raise RefusedError(NOTHING_IN_COMMON, f"it chose a {kind} that we have not")
        self._quiet("Hello", "Commit")
        self.state, self._peer_commit, self._choice = "answered", message, commit.choice
        self._part = self._make_part("DHPart1", "Responder")
        self._answers["DHPart1"] = self._part
        return self._packets(self._part)

    def _take_dhpart1(self, message: bytes, now: float) -> list[bytes]:
        if self.state != "committed" or self._choice is None or self._peer_hello is None:
            raise wire.MalformedError("a DHPart1 out of turn")
        part = DHPart.decode(message, self._choice.agreement)
        h2 = keys.digest(part.h1)
        if keys.digest(h2) != self._peer_hello.h3:
            raise wire.MalformedError("a DHPart1 of somebody else")
        if not messages.sealed_by(self._peer_hello_octets, h2):
            raise wire.MalformedError("its Hello was changed on the way")
        self._quiet("Commit")
        total = keys.digest(self._peer_hello_octets, self._commit, message, self._part)
        self._agree(part, message, total, initiator=True)
        self.state = "sent-part"
        return self._say(self._part, now)

    def _take_dhpart2(self, message: bytes, now: float) -> list[bytes]:
        if message == self._peer_part:
            return self._packets(self._answers["Confirm1"])
        if self.state != "answered" or self._choice is None:
            raise wire.MalformedError("a DHPart2 out of turn")
        part = DHPart.decode(message, self._choice.agreement)
        commit = Commit.decode(self._peer_commit)
        if keys.digest(part.h1) != commit.h2 or not messages.sealed_by(self._peer_commit, part.h1):
            raise wire.MalformedError("a DHPart2 of somebody else")
        if keys.digest(message, self.hello) != commit.hvi:
            raise RefusedError(BAD_HVI, "its DHPart2 is not the one that it committed to")
        total = keys.digest(self.hello, self._peer_commit, self._part, message)
        self._agree(part, message, total, initiator=False)
        self.state = "confirm1"
        self._answers["Confirm1"] = self._confirm("Confirm1", 1)
        return self._packets(self._answers["Confirm1"])

    def _take_confirm1(self, message: bytes, now: float) -> list[bytes]:
        if self.state == "confirm2":
            return []
        if self.state != "sent-part":
            raise wire.MalformedError("a Confirm1 out of turn")
        self._check_confirm(message, 1)
        self._quiet("DHPart2")
        self.state = "confirm2"
        return self._say(self._confirm("Confirm2", 0), now)

    def _take_confirm2(self, message: bytes, now: float) -> list[bytes]:
        if self.state == "confirm1":
            self._check_confirm(message, 0)
            self._finish()
        elif self.state != "secure" or "Conf2ACK" not in self._answers:
            raise wire.MalformedError("a Confirm2 out of turn")
        self._answers["Conf2ACK"] = messages.simple("Conf2ACK")
        return self._packets(self._answers["Conf2ACK"])

    def _take_conf2ack(self, message: bytes, now: float) -> list[bytes]:
        if self.state == "confirm2":
            self._finish()
        return []

    def _take_error(self, message: bytes, now: float) -> list[bytes]:
        self._give_up(f"the peer says error {int.from_bytes(message[12:16]):#x}")
        return self._packets(messages.simple("ErrorACK"))

    def _take_errorack(self, message: bytes, now: float) -> list[bytes]:
        return []

    def _take_goclear(self, message: bytes, now: float) -> list[bytes]:
        return self._packets(messages.error(NO_GOCLEAR))

    def _take_ping(self, message: bytes, now: float) -> list[bytes]:
        return self._packets(messages.ping_ack(message, self._h[3][:8], self.ssrc))

    # What is made

    def _maybe_commit(self, now: float) -> list[bytes]:
        if self.role == "responder" or self.state != "discovery" or not self._acknowledged:
            return []
        if self._peer_hello is None:
            return []
        try:
            self._choice = choose(self._offers, self._peer_hello.offers)
        except LookupError as error:
            raise RefusedError(NOTHING_IN_COMMON, str(error)) from error
        tries = WINNING_TRIES if self.role == "initiator" else 1
        parts = [self._make_part("DHPart2", "Initiator") for _ in range(tries)]
        hvi, self._part = max((keys.digest(part, self._peer_hello_octets), part) for part in parts)
        commit = Commit(self._h[2], self.cache.zid, self._choice, self._hvi(hvi)).encode()
        self._commit = self._sealed(commit, self._h[1])
        self.state = "committed"
        return self._say(self._commit, now)

    def _hvi(self, right: bytes) -> bytes:
        return right

    def _make_exchange(self, agreement: str) -> Exchange:
        return EXCHANGES[agreement]()

    def _make_part(self, kind: str, side: str) -> bytes:
        if self._choice is None or self._peer_hello is None:
            raise RuntimeError("nothing is chosen")
        known = self.cache.known(self._peer_hello.zid)
        if self._exchange is None or kind == "DHPart1":
            self._exchange = self._make_exchange(self._choice.agreement)
        ids = [_identifier(secret, side) for secret in (known.rs1, known.rs2)]
        others = (os.urandom(8), os.urandom(8))
        part = DHPart(kind, self._h[1], (ids[0], ids[1], *others), self._exchange.public)
        return self._sealed(part.encode(), self._h[0])

    def _agree(self, part: DHPart, message: bytes, total: bytes, *, initiator: bool) -> None:
        """Section 4.4.1.4."""
        if self._exchange is None or self._peer_hello is None or self._choice is None:
            raise RuntimeError("nothing is chosen")
        try:
            result = self._exchange.shared(part.public)
        except wire.MalformedError as error:
            raise RefusedError(BAD_PUBLIC, str(error)) from error
        known = self.cache.known(self._peer_hello.zid)
        side = "Responder" if initiator else "Initiator"
        kept = [secret for secret in (known.rs1, known.rs2) if secret]
        fitting = [secret for secret in kept if _identifier(secret, side) in part.secrets[:2]]
        if kept:
            self._continuity = "same" if fitting else "changed"
        zids = [self._peer_hello.zid, self.cache.zid]
        if initiator:
            zids.reverse()
        s0 = keys.shared_secret(result, zids, total, [fitting[0] if fitting else b"", b"", b""])
        self._keys = keys.derive(s0, b"".join(zids) + total, self._choice)
        self._initiator = initiator
        self._peer_part, self._peer_h1 = message, part.h1

    def _confirm(self, kind: str, side: int) -> bytes:
        if self._keys is None or self._peer_hello is None:
            raise RuntimeError("there are no keys")
        flags = messages.VERIFIED if self._verified else 0
        made = Confirm(kind, self._h[0], flags)
        return made.encode(self._keys.mac[side], self._keys.zrtp[side], os.urandom(16))

    @property
    def _verified(self) -> bool:
        """What we say of the SAS: compared before, and nothing has changed since."""
        peer = self._peer_hello
        return peer is not None and self._continuity == "same" and self.cache.known(peer.zid).verified

    def _check_confirm(self, message: bytes, side: int) -> None:
        if self._keys is None:
            raise RuntimeError("there are no keys")
        try:
            confirm = Confirm.decode(message, self._keys.mac[side], self._keys.zrtp[side])
        except PermissionError as error:
            raise RefusedError(BAD_CONFIRM, str(error)) from error
        if keys.digest(confirm.h0) != self._peer_h1 or not messages.sealed_by(self._peer_part, confirm.h0):
            raise RefusedError(BAD_CONFIRM, "its DHPart was changed on the way")
        self._peer_flags = confirm.flags

    def _finish(self) -> None:
        if self._keys is None or self._peer_hello is None or self._choice is None:
            raise RuntimeError("there are no keys")
        self._quiet("Hello", "Commit", "DHPart2", "Confirm2")
        self.state = "secure"
        ours, theirs = self._keys.srtp if self._initiator else self._keys.srtp[::-1]
        self.agreement = Agreement(
            "initiator" if self._initiator else "responder",
            self._choice,
            self._peer_hello.zid,
            ours,
            theirs,
            self._keys.base32,
            self._keys.words,
            self._continuity,
            self._verified and bool(self._peer_flags & messages.VERIFIED),
        )
        self._answers["Conf2ACK"] = messages.simple("Conf2ACK")
        if self._continuity != "changed":
            self.cache.retain(self._peer_hello.zid, self._keys.retained)

    # How it is said

    def _sealed(self, message: bytes, key: bytes) -> bytes:
        return messages.seal(message, key)

    def _say(
        self, message: bytes, now: float, wait: float = T2_S, cap: float = T2_CAP_S, times: int = T2_TIMES
    ) -> list[bytes]:
        self._repeats.append(_Repeat(message, wait, cap, times, now + wait))
        return self._packets(message)

    def _packets(self, message: bytes) -> list[bytes]:
        self._sequence += 1
        return [wire.packet(message, self._sequence, self.ssrc)]

    def _quiet(self, *kinds: str) -> None:
        self._repeats = [repeat for repeat in self._repeats if wire.kind(repeat.message) not in kinds]

    def _give_up(self, why: str) -> None:
        self.trouble = why
        self.state = "failed"
        self._repeats = []


def _identifier(secret: bytes, side: str) -> bytes:
    """What names a secret in a DHPart; drawn by lot if there is none (section 4.3.1)."""
    return keys.mac(secret, side.encode())[:8] if secret else os.urandom(8)
