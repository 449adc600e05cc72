"""Far ends of every kind behind one face, for what is asked of all of them alike: a call, speech, and what
they say of its keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from tests.rig import ports, speech
from tests.rig.agent import Agent
from tests.rig.cables import Cables
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.linphone import Linphone, Secured
from tests.rig.phone import Phone
from tests.rig.processes import Process, RigError, wait_until
from tests.rig.speech import Talker
from tests.rig.wavefile import Samples
from tests.rig.zrtp.cache import Cache
from tests.rig.zrtp.party import Party

CODEC = "pcma"
"""What all of them have."""


class End(Protocol):
    """A telephone that is called, calls, speaks and listens."""

    talker: Talker
    """Whose sentences it says."""

    @property
    def uri(self) -> str:
        """Where it is called directly."""

    def dial(self, target: str) -> None:
        """Call."""

    def accept(self) -> None:
        """Answer the call that comes."""

    def hangup(self) -> None:
        """End the call."""

    def secured(self) -> Secured:
        """How the media of the call are keyed, as this end says, as soon as they are."""

    @contextmanager
    def heard(self) -> Iterator[list[Samples]]:
        """What it hears while the block lasts, in the list afterwards; it speaks meanwhile."""


class LinphoneEnd:
    """Linphone with cables."""

    def __init__(self, lab: Lab, method: str, registrar: Registrar | None) -> None:
        self.talker = lab.kit.far
        user = "bob" if registrar else "dave"  # each has a folder by its name
        self._cables = lab.cables(user)
        self._phone: Linphone = lab.linphone(
            user, registrar=registrar, codecs=[CODEC], encryption=method, cables=self._cables
        )
        self._mark = 0

    @property
    def uri(self) -> str:
        return f"sip:dave@{ports.LOOPBACK}:{self._phone.sip_port};transport=tcp"

    def dial(self, target: str) -> None:
        self._mark = self._phone.mark()
        self._phone.dial(target)

    def accept(self) -> None:
        self._phone.wait_call("IncomingReceived", since=self._mark)
        self._phone.accept()

    def hangup(self) -> None:
        with suppress(RigError):  # the other end was first
            self._phone.hangup()
        self._phone.wait_call("End", since=self._mark)
        self._mark = self._phone.mark()

    def secured(self) -> Secured:
        self._phone.wait_call("StreamsRunning", since=self._mark)
        return self._phone.wait_secured()

    @contextmanager
    def heard(self) -> Iterator[list[Samples]]:
        with _by_cables(self._cables, self.talker) as found:
            yield found


class BaresipEnd:
    """baresip, which speaks and records by itself."""

    def __init__(self, lab: Lab, method: str, registrar: Registrar | None) -> None:
        self.talker = lab.kit.far
        user = "bob" if registrar else "dave"
        self._phone = lab.baresip(user, registrar=registrar, codecs=[CODEC], encryption=method)
        self._mark = self._log = 0

    @property
    def uri(self) -> str:
        return f"sip:dave@{self._phone.address}:{self._phone.sip_port + 1};transport=tls"

    def dial(self, target: str) -> None:
        self._begin()
        self._phone.dial(target)

    def accept(self) -> None:
        self._phone.wait_incoming(since=self._mark)
        self._log = len(self._phone.process.output())
        self._phone.accept()

    def hangup(self) -> None:
        with suppress(RigError):  # the other end was first
            self._phone.hangup()
        self._phone.wait_closed(since=self._mark)
        self._begin()

    def secured(self) -> Secured:
        self._phone.wait_established(since=self._mark)
        return wait_until(self._secured, 8, "baresip's keys", every=0.1)

    @contextmanager
    def heard(self) -> Iterator[list[Samples]]:
        found: list[Samples] = []
        since = len(speech.read(self._phone.recording())) if self._phone.heard() else 0
        yield found
        found.append(speech.read(self._phone.recording())[since:])

    def _begin(self) -> None:
        self._mark, self._log = self._phone.mark(), len(self._phone.process.output())

    def _secured(self) -> Secured | None:
        log = self._phone.process.output()[self._log :]
        dtls = re.findall(r"DTLS-SRTP complete \(audio/RTP\) Profile=(\w+)", log)
        sdes = re.findall(r"SRTP is Enabled \(cryptosuite=(\w+)\)", log)
        if dtls:
            return Secured("dtls", dtls[-1])
        return Secured("sdes", sdes[-1]) if sdes else None


class PhoneEnd:
    """The firmware itself; also the telephone under test."""

    def __init__(
        self, lab: Lab, talker: Talker, cables: Cables, phone: Phone, transport: str = "tls"
    ) -> None:
        """``phone`` runs, and its sound goes over these cables."""
        self.talker = talker
        self.phone = phone
        self.transport = transport
        self._cables = cables
        self._watch = lab.add(_Watching(phone))

    @property
    def uri(self) -> str:
        return f"sip:{self.phone.user}@{self.phone.address}:{self.phone.sip_port};transport={self.transport}"

    def dial(self, target: str) -> None:
        self._watch.begin()
        self.phone.hook("up")
        self.phone.keys(target)

    def accept(self) -> None:
        self._watch.begin()
        self.phone.wait_call("ringing", direction="in")
        self.phone.hook("up")

    def hangup(self) -> None:
        self.phone.hook("down")
        self.phone.wait_idle()

    def secured(self) -> Secured:
        self.phone.wait_call("active", 12)
        media = self._watch.media()
        return Secured(_METHODS[media["keying"]], media["suite"], media["code"])

    @contextmanager
    def heard(self) -> Iterator[list[Samples]]:
        with _by_cables(self._cables, self.talker) as found:
            yield found


class AgentEnd:
    """The rig's own telephone, with ZRTP."""

    def __init__(self, lab: Lab, *, direct: bool) -> None:
        self.talker = lab.kit.far
        cache = Cache()
        shown = lab.kit.authority.issue("agent", ips=[ports.LOOPBACK])
        self.agent = lab.add(
            Agent(
                lab.folder,
                lab.kit.far,
                user="dave" if direct else "bob",
                party=lambda: Party(cache),
                answers=False,
                transport="tls" if direct else "udp",
                certificate=shown,
                trusted=lab.kit.authority.pem,
            )
        )

    @property
    def uri(self) -> str:
        return self.agent.uri

    def dial(self, target: str) -> None:
        self.agent.dial(target)

    def accept(self) -> None:
        self.agent.wait_state("ringing")
        self.agent.accept()

    def hangup(self) -> None:
        if self.agent.state == "active":
            self.agent.hangup()

    def secured(self) -> Secured:
        self.agent.wait_keys()
        agreed = self.agent.zrtp.agreement
        return Secured("zrtp", self.agent.suite, agreed.sas if agreed else "")

    @contextmanager
    def heard(self) -> Iterator[list[Samples]]:
        found: list[Samples] = []
        since = len(self.agent.leg.heard)
        yield found
        found.append(self.agent.leg.samples(since))


_METHODS = {"ZRTP": "zrtp", "DTLS-SRTP": "dtls", "SDES": "sdes", "none": "none"}
"""What the phone calls them."""


class _Watching:
    """``sotto watch`` of one phone, for as long as the test lasts."""

    def __init__(self, phone: Phone) -> None:
        self._process: Process = phone.watch()
        self._since = 0

    def __enter__(self) -> _Watching:
        self._process.__enter__()
        self._process.wait_for("status", 8)
        return self

    def __exit__(self, *why: Any) -> None:
        self._process.__exit__(*why)

    def explain(self) -> str:
        """Its last media with keys."""
        return f"--- watch ---\n{self._media()}"

    def begin(self) -> None:
        """Of what comes from now on."""
        self._since = len(self._process.output())

    def media(self) -> dict[str, Any]:
        """The latest media with keys, as soon as there are some."""
        return wait_until(self._media, 12, "media with keys", every=0.1)

    def _media(self) -> dict[str, Any] | None:
        found = None
        for line in self._process.output()[self._since :].splitlines():
            if '"media-changed"' not in line or not line.endswith("}"):
                continue
            media = json.loads(line)["media"]
            found = media if media["suite"] else None
        return found


@contextmanager
def _by_cables(cables: Cables, talker: Talker) -> Iterator[list[Samples]]:
    found: list[Samples] = []
    with cables.speak(talker.file()), cables.listen() as recording:
        yield found
        found.append(recording.samples())
