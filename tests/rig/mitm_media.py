"""The man in the middle of the media: he ends both legs himself, and hears what passes between them.

    spy = Interceptor()
    tap = lab.add(Tap(registrar, spy))
    …
    spy.call.near.samples()

It works with DTLS-SRTP, ZRTP, SDES and media in clear, whichever the two ends agree on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.rig import keying, ports
from tests.rig.agent import media
from tests.rig.keying import Dtls, Identity, Keying, NoKeys, Sdes, Zrtp
from tests.rig.leg import Leg
from tests.rig.mitm import body_of, with_body
from tests.rig.mitm_rewrites import without
from tests.rig.processes import RigError, wait_until
from tests.rig.provider import header
from tests.rig.zrtp.party import Party


class Side:
    """One leg of a call, and what its keying may become."""

    def __init__(self, party: Party) -> None:
        self.leg = Leg()
        self.identity = Identity()
        self.party = party
        self.sdes: dict[str, Sdes] = {}

    def description(self, body: str) -> str:
        """A description in our name: our port, our keys."""
        body = re.sub(r"(?m)^c=IN IP4 \S+", f"c=IN IP4 {ports.LOOPBACK}", body)
        body = re.sub(r"(?m)^m=audio \d+", f"m=audio {self.leg.port}", body)
        body = re.sub(
            r"(?mi)^a=fingerprint:\S+ \S+", f"a=fingerprint:sha-256 {self.identity.fingerprint}", body
        )
        body = re.sub(r"(?m)^a=zrtp-hash:.*?\r?$", f"a=zrtp-hash:{self.party.sdp_value}\r", body)
        body = re.sub(r"(?m)^a=crypto:(\d+) (\S+) .*?\r?$", self._line, body)
        return without(body, "a=rtcp:", "a=candidate:")

    def _line(self, found: re.Match[str]) -> str:
        return self.sdes.setdefault(found[2], Sdes(found[2])).line(found[1]) + "\r"

    def begin(self, theirs: str, method: str, active: bool) -> None:
        """Agree with the end whose description this is."""
        known = keying.attributes(theirs)
        made: Keying = NoKeys()
        if method == "zrtp":
            self.party.peer_hash = known.get("zrtp-hash", "")
            made = Zrtp(self.party)
        elif method == "dtls":
            made = Dtls(self.identity, active=active, peer=known["fingerprint"].split()[1])
        self.leg.begin(media(theirs), made)

    def begin_sdes(self, theirs: str, suite: str) -> None:
        """The same with keys that both descriptions hold."""
        self.sdes[suite].learn(theirs)
        self.leg.begin(media(theirs), self.sdes[suite])


class Between:
    """One call: the end that offered, and the end that answered."""

    def __init__(self, offer: str, way: str, party: Callable[[], Party]) -> None:
        self.offer = offer
        self.way = way
        """The way of the offer: ``up`` if the phone made it."""
        self.method = ""
        self.caller, self.callee = Side(party()), Side(party())
        self.caller.leg.onward = self.callee.leg.send
        self.callee.leg.onward = self.caller.leg.send

    @property
    def near(self) -> Leg:
        """The leg to the phone behind the tap: what it says is heard here."""
        return (self.caller if self.way == "up" else self.callee).leg

    @property
    def far(self) -> Leg:
        """The leg to the other end."""
        return (self.callee if self.way == "up" else self.caller).leg

    def answered(self, answer: str) -> None:
        """Both ends have said what they want."""
        self.method = keying.method_of(answer)
        if self.method == "sdes":
            suite = next(line.split()[1] for line in answer.splitlines() if line.startswith("a=crypto:"))
            self.callee.begin_sdes(answer, suite)
            self.caller.begin_sdes(self.offer, suite)
            return
        active = keying.attributes(answer).get("setup") == "active"
        self.callee.begin(answer, self.method, not active)
        self.caller.begin(self.offer, self.method, active)


class Interceptor:
    """A change for a ``Tap`` that puts itself between the ends of each call; a context manager."""

    def __init__(self, party: Callable[[], Party] = Party) -> None:
        """``party`` makes its end of ZRTP for each leg."""
        self.calls: dict[str, Between] = {}
        self._party = party

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self.calls.values():
            for side in (call.caller, call.callee):
                side.leg.__exit__(kind, error, trace)

    def explain(self) -> str:
        """What it could hear, for a failure."""
        lines = [
            f"{call.method}: {len(leg.heard)} packets heard, {leg.unread} not, {leg.keying.trouble}"
            for call in self.calls.values()
            for leg in (call.near, call.far)
        ]
        return "--- interceptor, each call's near and far leg ---\n" + "\n".join(lines)

    @property
    def call(self) -> Between:
        """The latest call."""
        if not self.calls:
            raise RigError("the interceptor has seen no call")
        return list(self.calls.values())[-1]

    def wait_keys(self, seconds: float = 8) -> Between:
        """Wait until the latest call has an answer, and both legs have keys."""
        wait_until(lambda: self.calls and self.call.method, seconds, "a call to intercept")
        for leg in (self.call.near, self.call.far):
            leg.wait_keys(seconds)
        return self.call

    def __call__(self, message: str, way: str) -> str:
        body = body_of(message)
        if not body:
            return message
        key = f"{header(message, 'Call-ID')} {header(message, 'CSeq')}"
        if message.startswith("INVITE"):
            call = self.calls[key] = Between(body, way, self._party)
            for side in (call.caller, call.callee):
                side.leg.__enter__()
            return with_body(message, call.callee.description(body))
        found = self.calls.get(key)
        if found is None or not message.startswith("SIP/2.0"):
            return message
        if not found.method:
            found.answered(body)
        return with_body(message, found.caller.description(body))
