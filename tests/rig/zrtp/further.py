"""A further stream of a ZRTP session, in multistream mode, as the responder (RFC 6189 section 4.4.3)."""

from __future__ import annotations

from tests.rig.zrtp import keys, messages, wire
from tests.rig.zrtp.algorithms import MANDATORY, OFFERED, Choice
from tests.rig.zrtp.messages import Confirm
from tests.rig.zrtp.party import BAD_CONFIRM, Party, RefusedError

MULTISTREAM = {**OFFERED, "agreement": (*OFFERED["agreement"], "Mult")}
"""What both the first stream and a further one have to offer."""

_COMMIT = 32 + 12 + 20 + 16
"""Octets of the body of a Commit before its MAC: H2, ZID, five names, the nonce (section 5.4)."""


class Further(Party):
    """``first``: the end of the stream that has its keys already."""

    def __init__(self, first: Party, peer_hash: str) -> None:
        super().__init__(first.cache, role="responder", peer_hash=peer_hash, offers=MULTISTREAM)
        self._first = first

    def _take_commit(self, message: bytes, now: float) -> list[bytes]:
        if message == self._peer_commit:
            return self._packets(self._answers["Confirm1"])
        if self._peer_hello is None or self.state != "discovery":
            raise wire.MalformedError("a Commit out of turn")
        body = message[12:]
        if len(body) != _COMMIT + messages.MAC_OCTETS:
            raise wire.MalformedError("no Commit of multistream mode")
        h2, zid = body[:32], body[32:44]
        names = [body[at : at + 4].decode().rstrip() for at in range(44, 64, 4)]
        if keys.digest(h2) != self._peer_hello.h3 or zid != self._peer_hello.zid or names[3] != "Mult":
            raise wire.MalformedError("a Commit of somebody else, or not of multistream mode")
        if names[1] not in MULTISTREAM["cipher"] or names[2] not in MANDATORY["auth"]:
            raise wire.MalformedError("it chose what we have not")
        if not messages.sealed_by(self._peer_hello_octets, h2):
            raise wire.MalformedError("its Hello was changed on the way")
        self._quiet("Hello")
        self._peer_commit, self._choice = message, Choice(*names)
        context = zid + self.cache.zid + keys.digest(self.hello, message)
        s0 = keys.kdf(self._first.session, "ZRTP MSK", context, 256)
        self._keys = keys.derive(s0, context, self._choice)
        self._initiator, self._peer_h2 = False, h2
        self.state = "confirm1"
        self._answers["Confirm1"] = self._confirm("Confirm1", 1)
        return self._packets(self._answers["Confirm1"])

    def _check_confirm(self, message: bytes, side: int) -> None:
        if self._keys is None:
            raise RuntimeError("there are no keys")
        try:
            confirm = Confirm.decode(message, self._keys.mac[side], self._keys.zrtp[side])
        except PermissionError as error:
            raise RefusedError(BAD_CONFIRM, str(error)) from error
        h1 = keys.digest(confirm.h0)
        if keys.digest(h1) != self._peer_h2 or not messages.sealed_by(self._peer_commit, h1):
            raise RefusedError(BAD_CONFIRM, "its Commit was changed on the way")
        self._peer_flags = confirm.flags

    def _finish(self) -> None:
        """The secret that is kept is that of the first stream."""
        self._continuity = "changed"
        super()._finish()
