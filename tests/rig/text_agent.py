"""The rig's telephone with real-time text beside the speech: it takes text that is offered within a call, or
offers it itself, keyed as its speech is.

    zed = lab.add(TextAgent(lab.folder, lab.kit.far, method="sdes"))
    zed.wait_text_keys(); zed.type("Hello"); zed.typed()
"""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig import keying, t140
from tests.rig.agent import Agent
from tests.rig.keying import Dtls, Identity, Keying, NoKeys, Sdes, Zrtp
from tests.rig.leg import Leg
from tests.rig.processes import wait_until
from tests.rig.provider import header, response
from tests.rig.sip_socket import Reply
from tests.rig.speech import Talker
from tests.rig.zrtp.further import Further


class TextAgent(Agent):
    """An ``Agent`` with a second leg."""

    def __init__(
        self,
        folder: Path,
        talker: Talker,
        *,
        takes: bool = True,
        other: str = "",
        quiet: bool = False,
        **how: Any,
    ) -> None:
        """As an ``Agent``, and:

        Args:
            takes: False: it declines text.
            other: "certificate": its text shows another one than its speech.
            quiet: what it is offered within the call is answered with 491, so that it offers itself.
        """
        super().__init__(folder, talker, **how)
        self.text = Leg()
        self.takes = takes
        self.offers: list[str] = []
        """The m=text parts that it was offered."""
        self.red = t140.RED
        self._quiet = quiet
        self._text_identity = Identity() if other == "certificate" else self._identity
        self._text_keying: Keying = NoKeys()
        self._typist: t140.Typist | None = None
        self._place: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self.text.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.text.__exit__(kind, error, trace)
        super().__exit__(kind, error, trace)

    def wait_text_keys(self, seconds: float = 8) -> None:
        """Wait until text was offered, taken and keyed."""
        self._wait(lambda: self._place is not None, seconds, "text")
        self.text.wait_keys(seconds)

    def type(self, typed: str) -> bytes:
        """One packet of text; it is sent."""
        packet = self.next(typed)
        self.text.send(packet)
        return packet

    def next(self, typed: str) -> bytes:
        """One packet of text; it is not sent."""
        assert self._typist is not None
        return self._typist.packet(typed)

    def typed(self) -> str:
        """What the other end typed."""
        return t140.text(self.text.heard, self.red)

    def wait_typed(self, wanted: str, seconds: float = 8) -> None:
        """Wait until the other end has typed this."""
        wait_until(lambda: self.typed() == wanted or None, seconds, f"{wanted!r}, there is {self.typed()!r}")

    def _called(self, message: str, reply: Reply) -> None:
        if self.state != "active" or header(message, "Call-ID") != self._dialog["id"]:
            super()._called(message, reply)
            return
        body = message.partition("\r\n\r\n")[2]
        if self._quiet and self._place is None:
            reply(response(message, "491 Request Pending"))
            return
        self._invite, self._reply = message, reply
        lines = [self._description().rstrip("\r\n")]
        parts = re.split(r"(?m)^m=", body)[1:]
        for part in parts[1:]:
            lines.append(self._answer_part(part))
        fields = {"Contact": f"<{self.uri}>"}
        reply(response(message, "200 OK", body="\r\n".join([*lines, ""]), fields=fields))

    def offer_text(self, *, clear: bool = False) -> str:
        """Offer text within the call, keyed by SDES or not at all; their answer, acknowledged."""
        self._text_keying = made = Sdes()
        profile = "RTP/AVP" if clear else "RTP/SAVP"
        lines = [self._description().rstrip("\r\n")]
        lines += [f"m=text {self.text.port} {profile} {t140.RED} {t140.T140}"]
        lines += [f"a=rtpmap:{t140.RED} red/1000", f"a=rtpmap:{t140.T140} t140/1000"]
        lines += [f"a=fmtp:{t140.RED} {'/'.join([str(t140.T140)] * 3)}", "a=sendrecv"]
        lines += [] if clear else [made.line()]
        since = len(self.got)
        self._request("INVITE", "\r\n".join([*lines, ""]))

        def final() -> str | None:
            return next((text for text in self.got[since:] if re.match(r"SIP/2.0 [2-6]", text)), None)

        self._wait(final, 8, "an answer to its offer of text")
        answer = final() or ""
        self._request("ACK", same=True)
        part = answer.partition("m=text ")[2]
        if part and not part.startswith("0 "):
            made.learn(part)
            address = re.search(r"c=IN IP4 ([\d.]+)", part) or re.search(r"c=IN IP4 ([\d.]+)", answer)
            assert address is not None
            self._typist = t140.Typist(t140.T140, t140.RED)
            self._place = (address[1], int(part.split()[0]))
            self.text.begin(self._place, made)
        return answer

    def _answer_part(self, part: str) -> str:
        kind, port, profile = part.split()[:3]
        if kind != "text" or port == "0":
            return f"m={kind} 0 {profile} 98"
        self.offers.append(part)
        if not self.takes:
            return f"m=text 0 {profile} 98"
        types = dict(re.findall(r"a=rtpmap:(\d+) (red|t140)/1000", part))
        named = {name: int(number) for number, name in types.items()}
        address = re.search(r"c=IN IP4 ([\d.]+)", part) or re.search(r"c=IN IP4 ([\d.]+)", self._invite)
        assert address is not None
        made = self._text_keyed(part)
        lines = [f"m=text {self.text.port} {profile} {named['red']} {named['t140']}"]
        lines += [f"a=rtpmap:{named['red']} red/1000", f"a=rtpmap:{named['t140']} t140/1000"]
        lines += [f"a=fmtp:{named['red']} {'/'.join([str(named['t140'])] * 3)}", *made, "a=sendrecv"]
        self.red = named["red"]
        if self._place is None:
            self._typist = t140.Typist(named["t140"], named["red"])
            self._place = (address[1], int(port))
            self.text.begin(self._place, self._text_keying)
        return "\r\n".join(lines)

    def _text_keyed(self, part: str) -> list[str]:
        """The keying of our text, and its lines."""
        if self._place is not None:
            return self._lines(part)
        if isinstance(self.keying, Dtls):
            self._text_keying = Dtls(self._text_identity, active=True)
            self._text_keying.peer = keying.attributes(part).get("fingerprint", "sha-256 none").split()[1]
        elif isinstance(self.keying, Sdes):
            self._text_keying = Sdes()
            self._text_keying.learn(part)
        elif isinstance(self.keying, Zrtp):
            found = keying.attributes(part).get("zrtp-hash", "none 0")
            self._text_keying = Zrtp(Further(self.keying.party, found))
        return self._lines(part)

    def _lines(self, part: str) -> list[str]:
        made = self._text_keying
        if isinstance(made, Dtls):
            return [
                f"a=fingerprint:sha-256 {self._text_identity.fingerprint}",
                "a=setup:active",
                "a=rtcp-mux",
            ]
        if isinstance(made, Sdes):
            theirs = re.search(rf"a=crypto:(\d+) {made.line().split()[1]}", part)
            return [made.line(theirs[1] if theirs else "1")]
        if isinstance(made, Zrtp):
            return [f"a=zrtp-hash:{made.party.sdp_value}"]
        return []
