"""A telephone of the rig's own: it calls and is called, agrees on keys as it is told, speaks and records.

    with Agent(lab.folder, lab.kit.far, proxy=("127.0.0.1", registrar.port)) as zed:   # ZRTP by default
        zed.dial("sip:bob@phone.test")
        zed.wait_keys()
        zed.zrtp.agreement.words

Its media are PCMA. What it cannot have as it wants it, it refuses with 488. It does not register: the
registrar knows it by ``routes``.
"""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import keying, ports
from tests.rig.certs import DOMAIN, Certificate
from tests.rig.keying import Dtls, Identity, Keying, NoKeys, Sdes, Zrtp
from tests.rig.leg import Leg
from tests.rig.processes import RigError, wait_until
from tests.rig.provider import header, response
from tests.rig.sip_socket import Reply, SipSocket, sized
from tests.rig.speech import Talker
from tests.rig.zrtp.party import Party

PROFILES = {"zrtp": "RTP/AVP", "dtls": "UDP/TLS/RTP/SAVP", "sdes": "RTP/SAVP", "none": "RTP/AVP"}


class Agent:
    """One user agent for one call at a time; a context manager."""

    def __init__(
        self,
        folder: Path,
        talker: Talker,
        *,
        user: str = "carol",
        method: str = "zrtp",
        profile: str = "",
        party: Callable[[], Party] = Party,
        hash_in_sdp: bool = True,
        answers: bool = True,
        proxy: tuple[str, int] | None = None,
        transport: str = "udp",
        certificate: Certificate | None = None,
        trusted: Path | None = None,
    ) -> None:
        """Bind, not begin.

        Args:
            talker: whose sentences it says.
            method: ``zrtp``, ``dtls``, ``sdes`` or ``none``.
            profile: what its offers say instead of ``PROFILES``.
            party: makes the ZRTP party of each call.
            hash_in_sdp: False: its SDP has no ``a=zrtp-hash``, and it does not ask for one.
            answers: True: it answers at once.
            proxy: where its calls go; None: to the address in the URI that is dialled.
            certificate, trusted: for TLS.
        """
        self.user = user
        self.method = method
        self.profile = profile or PROFILES[method]
        self.leg = Leg()
        self.keying: Keying = NoKeys()
        self.state = "idle"
        self.got: list[str] = []
        """Every message received, oldest first."""
        self.fields: dict[str, str] = {}
        """Further header fields of its INVITEs and answers."""
        self.party, self.proxy = party, proxy
        self._hash, self._answers = hash_in_sdp, answers
        self._identity = Identity()
        self._sip = SipSocket(transport, self._taken, certificate=certificate, trusted=trusted)
        raw = folder / f"agent-{user}.al"
        subprocess.run(["sox", talker.file(8000, 1), "-t", "al", raw], check=True)
        self._speech = raw.read_bytes()
        self._reply: Reply | None = None
        self._invite = ""
        self._dialog = {"target": "", "from": "", "to": "", "id": ""}
        self._routes: Sequence[str] = ()
        self._cseq = 0
        self._waiting = False

    def __enter__(self) -> Self:
        self.leg.__enter__()
        self._sip.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sip.__exit__(kind, error, trace)
        self.leg.__exit__(kind, error, trace)

    @property
    def uri(self) -> str:
        """Where it is called."""
        return f"sip:{self.user}@{self._sip.place};transport={self._sip.transport}"

    @property
    def zrtp(self) -> Party:
        """The ZRTP party of the call."""
        if not isinstance(self.keying, Zrtp):
            raise RigError(f"the call has {self.keying.method}")
        return self.keying.party

    @property
    def fingerprint(self) -> str:
        """Of its certificate (DTLS-SRTP)."""
        return self._identity.fingerprint

    @property
    def suite(self) -> str:
        """The suite of SRTP in use, empty without keys."""
        pair = self.keying.pair
        return pair[0].suite.name if pair else ""

    def heard_of_call(self) -> list[str]:
        """The responses to the latest call that it made."""
        return [text for text in self.got if text.startswith("SIP/2.0") and self._dialog["id"] in text]

    def explain(self) -> str:
        """What it was sent, for a failure."""
        lines = [text.split("\r\n", 1)[0] for text in self.got]
        party = self.keying.party if isinstance(self.keying, Zrtp) else None
        what = f", ZRTP {party.state} {party.got} {party.dropped} {party.trouble}" if party else ""
        heard = f"{len(self.leg.heard)} packets heard, {self.leg.unread} unread, {self.leg.clear} clear"
        if isinstance(self.keying, Dtls):
            what = f", DTLS with {self.keying.peer_fingerprint}, promised {self.keying.peer}"
        return f"--- agent {self.user}, {self.state}{what}, {heard} ---\n" + "\n".join(lines)

    def dial(self, target: str) -> None:
        """Call a SIP URI."""
        place = re.search(r"[@:]([\d.]+):(\d+)", target)
        if self.proxy is None and place is None:
            raise RigError(f"nobody knows the way to {target}")
        self._reply = self._sip.to(self.proxy or (place[1], int(place[2])))  # type: ignore[index]
        self._dialog = {
            "target": target,
            "from": f"<sip:{self.user}@{DOMAIN}>;tag={secrets.token_hex(4)}",
            "to": f"<{target}>",
            "id": secrets.token_hex(10),
        }
        self._routes = ()
        self.keying = self._keying("offer", "")
        self.state = "calling"
        self._request("INVITE", self._description())

    def accept(self) -> None:
        """Answer the call that waits."""
        self._answer("200 OK", self._description())

    def hangup(self) -> None:
        """End the call."""
        self.state = "over"
        self._request("BYE")

    def wait_state(self, state: str, seconds: float = 10) -> None:
        """Wait for ``ringing`` (in or out), ``active``, ``refused`` or ``over``."""
        self._wait(lambda: self.state == state, seconds, f"it to be {state}")

    def wait_answer(self, seconds: float = 10) -> None:
        """Wait until the call rings, here or there, is answered or refused."""
        self._wait(lambda: self.state not in ("idle", "calling"), seconds, "an answer of any kind")

    def wait_keys(self, seconds: float = 10) -> None:
        """Wait for the keys of the media, and begin to speak."""
        self._wait(
            lambda: self.state == "active" and (self.keying.pair or self.keying.trouble), seconds, "keys"
        )
        self.leg.wait_keys()
        self.speak()

    def speak(self) -> None:
        """Say the talker's sentences from now on."""
        self.leg.say(self._speech)

    def _wait(self, look: Callable[[], object], seconds: float, what: str) -> None:
        try:
            wait_until(lambda: look() or None, seconds, f"agent {self.user}: {what}")
        except RigError as error:
            error.add_note(self.explain())
            raise

    # What arrives

    def _taken(self, message: str, reply: Reply) -> None:
        self.got.append(message)
        first = message.split(" ", 1)[0]
        if first == "SIP/2.0":
            self._responded(message)
        elif first == "INVITE":
            self._called(message, reply)
        elif first == "ACK":
            self._acknowledged()
        else:
            reply(response(message, "200 OK"))
            if first in ("BYE", "CANCEL"):
                if first == "CANCEL":
                    self._answer("487 Request Terminated")
                self._over("over")

    def _called(self, message: str, reply: Reply) -> None:
        if self.state in ("active", "ringing"):
            reply(response(message, "486 Busy Here"))
            return
        body = message.partition("\r\n\r\n")[2]
        self._invite, self._reply = message, reply
        offered = keying.attributes(body)
        fits = {
            "zrtp": "zrtp-hash" in offered or not self._hash,
            "dtls": "fingerprint" in offered,
            "sdes": "a=crypto:" in body,
            "none": "RTP/AVP" in body,
        }
        if not fits[self.method]:
            self.state = "refused"
            reply(response(message, "488 Not Acceptable Here"))
            return
        self._dialog = {
            "target": _uri(message),
            "from": f"{header(message, 'To')};tag=far",
            "to": header(message, "From"),
            "id": header(message, "Call-ID"),
        }
        self._routes = _all(message, "Record-Route")
        self.profile = body.partition("m=audio ")[2].split()[1]
        self.keying = self._keying("answer", body)
        self._answer("180 Ringing")
        self.state = "ringing"
        if self._answers:
            self.accept()

    def _acknowledged(self) -> None:
        """The caller has our answer, and a relay between us too: now it makes sense to send."""
        body = self._invite.partition("\r\n\r\n")[2]
        if self.state == "active" and body and self._waiting:
            self._waiting = False
            self.leg.begin(media(body), self.keying)

    def _responded(self, message: str) -> None:
        status, method = int(message.split(" ")[1]), header(message, "CSeq").split()[-1]
        if method != "INVITE" or self.state not in ("calling", "ringing") or status < 180:
            return
        if status < 200:
            self.state = "ringing"
            return
        self._dialog["to"] = header(message, "To")
        if status >= 300:
            self._over("refused")
            self._request("ACK", same=True)
            return
        self._dialog["target"] = _uri(message)
        self._routes = _all(message, "Record-Route")[::-1]
        self._request("ACK", same=True)
        body = message.partition("\r\n\r\n")[2]
        self._learn(body)
        self.leg.begin(media(body), self.keying)
        self.state = "active"

    def _over(self, state: str) -> None:
        self.leg.say(b"")
        self.state = state

    # What is said

    def _keying(self, side: str, theirs: str) -> Keying:
        """For a new call, with what their SDP says if it came first."""
        if self.method == "zrtp":
            made: Keying = Zrtp(self.party())
        elif self.method == "dtls":
            made = Dtls(self._identity, active=side == "answer")
        elif self.method == "sdes":
            made = Sdes()
        else:
            made = NoKeys()
        self.keying = made
        if theirs:
            self._learn(theirs)
        return made

    def _learn(self, theirs: str) -> None:
        known = keying.attributes(theirs)
        if isinstance(self.keying, Zrtp) and self._hash:
            self.keying.party.peer_hash = known.get("zrtp-hash", "none 0")
        elif isinstance(self.keying, Dtls):
            if self.state in ("calling", "ringing") and known.get("setup") == "passive":
                self.keying = Dtls(self._identity, active=True)
            self.keying.peer = known.get("fingerprint", "sha-256 none").split()[1]
        elif isinstance(self.keying, Sdes):
            self.keying.learn(theirs)

    def _description(self) -> str:
        lines = ["v=0", f"o=- 1 1 IN IP4 {ports.LOOPBACK}", "s=-", f"c=IN IP4 {ports.LOOPBACK}", "t=0 0"]
        lines += [f"m=audio {self.leg.port} {self.profile} 8", "a=rtpmap:8 PCMA/8000"]
        if isinstance(self.keying, Zrtp) and self._hash:
            lines.append(f"a=zrtp-hash:{self.keying.party.sdp_value}")
        elif isinstance(self.keying, Dtls):
            way = "actpass" if self.state == "calling" else "active"
            lines += [f"a=fingerprint:sha-256 {self._identity.fingerprint}", f"a=setup:{way}", "a=rtcp-mux"]
        elif isinstance(self.keying, Sdes):
            theirs = re.search(rf"a=crypto:(\d+) {self.keying.line().split()[1]}", self._invite)
            lines.append(self.keying.line(theirs[1] if theirs else "1"))
        return "\r\n".join([*lines, "a=sendrecv", ""])

    def _answer(self, status: str, body: str = "") -> None:
        if self._reply is None:
            raise RigError("there is no call to answer")
        fields = {"Contact": f"<{self.uri}>", **self.fields}
        self._reply(response(self._invite, status, body=body, fields=fields))
        if status.startswith("200"):
            self.state, self._waiting = "active", True

    def _request(self, method: str, body: str = "", same: bool = False) -> None:
        """Send a request of the dialog; ``same``: with the number of the last (ACK)."""
        if self._reply is None:
            raise RigError("there is no way to the peer")
        self._cseq += 0 if same else 1
        branch = f"z9hG4bK{secrets.token_hex(6)}"
        via = f"SIP/2.0/{self._sip.transport.upper()} {self._sip.place};branch={branch};rport"
        lines = [
            f"{method} {self._dialog['target']} SIP/2.0",
            f"Via: {via}",
            *(f"Route: {route}" for route in self._routes),
            f"From: {self._dialog['from']}",
            f"To: {self._dialog['to']}",
            f"Call-ID: {self._dialog['id']}",
            f"CSeq: {self._cseq} {method}",
            f"Contact: <{self.uri}>",
            "Max-Forwards: 20",
        ]
        if method == "INVITE":
            lines += [f"{name}: {value}" for name, value in self.fields.items()]
        lines += ["Content-Type: application/sdp"] if body else []
        self._reply(sized("\r\n".join(lines) + "\r\n\r\n" + body))


def _all(message: str, name: str) -> list[str]:
    """The values of all header fields of a name, in order."""
    found = re.findall(rf"(?im)^{name}\s*:[ \t]*(.*?)\r?$", message.partition("\r\n\r\n")[0])
    return [part.strip() for value in found for part in value.split(",")]


def _uri(message: str) -> str:
    """The URI of its Contact."""
    found = re.search(r"<([^>]+)>", header(message, "Contact"))
    if found is None:
        raise RigError(f"no Contact in {message}")
    return found[1]


def media(body: str) -> tuple[str, int]:
    """Where a session description wants audio."""
    address = re.search(r"(?m)^c=IN IP4 ([\d.]+)", body)
    port = re.search(r"(?m)^m=audio (\d+)", body)
    if address is None or port is None:
        raise RigError(f"no audio in {body}")
    return address[1], int(port[1])
