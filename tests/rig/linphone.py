"""A second independent telephone: Debian's linphone-daemon, driven over its control socket, sound on cables.

    with Linphone(tmp_path, "bob", registrar=registrar, authority=authority, cables=cables) as bob:
        bob.wait_registered()
        bob.wait_call("IncomingReceived"); bob.accept(); bob.wait_call("StreamsRunning")

What linphone 5.1 does that matters here:

- Media are keyed by SDES, DTLS-SRTP or ZRTP, whichever it is set to; it offers AVPF with the first two, and
  ZRTP in RTP/AVP with ``a=zrtp-hash``.
- What keys it has agreed on is in its log alone: ``secured``.
- Its TLS library compares no iPAddress of a certificate, so that it looks at the chain of the server alone.
- Its sound goes to PulseAudio: a ``Cables`` of its own, and without one nowhere.
- Its control socket answers one command at a time; what happened is asked for with ``pop-event``.
- Hold is a re-INVITE, first ``inactive`` or ``sendonly``, then ``sendrecv``; a blind transfer is a REFER.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.cables import Cables
from tests.rig.certs import DOMAIN, Authority
from tests.rig.kamailio import Registrar
from tests.rig.processes import Process, RigError, wait_until

_ENCRYPTION = {"dtls": "dtls", "sdes": "srtp", "zrtp": "zrtp", "none": "none"}

_PROFILES = {"1": "AES_CM_128_HMAC_SHA1_80", "2": "AES_CM_128_HMAC_SHA1_32"}
"""Its own numbers of the suites that it offers with DTLS-SRTP."""

_CODECS = {
    "opus": ("opus", 48000, 2),
    "g722": ("G722", 8000, 1),
    "pcma": ("PCMA", 8000, 1),
    "pcmu": ("PCMU", 8000, 1),
    "speex": ("speex", 16000, 1),
}


@dataclass(frozen=True)
class Happened:
    """One event: its kind (``call-state-changed``, ``receiving-tone``) and its fields."""

    kind: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Secured:
    """How the media of a call are keyed."""

    method: str
    """``zrtp``, ``dtls``, ``sdes`` or ``none``."""
    suite: str
    """Of SRTP, empty where it does not say."""
    sas: str = ""
    """The short authentication string (ZRTP)."""
    verified: bool = False
    """Whether it holds the SAS for compared (ZRTP)."""


class Linphone:
    """One linphone-daemon with one account; a context manager."""

    def __init__(
        self,
        folder: Path,
        user: str,
        *,
        registrar: Registrar | None,
        authority: Authority,
        codecs: Sequence[str] = ("opus",),
        encryption: str = "dtls",
        cables: Cables | None = None,
        answers: bool = False,
        sip: str = "",
        extra: str = "",
    ) -> None:
        """Prepare, not start.

        Args:
            folder: its own folder is made in here.
            user: of phone.test, with the registrar's password for it.
            registrar: where it registers and sends its calls; None: direct calls only, over TCP.
            authority: whom it trusts.
            codecs: best first.
            encryption: ``dtls``, ``sdes``, ``zrtp`` or ``none``; all but the last are mandatory for it.
            cables: where its sound goes; None: it has no sound device.
            answers: True: it answers at once.
            sip: further lines of its [sip] section.
            extra: further sections.
        """
        self.user = user
        self.registrar = registrar
        self.sip_port = ports.one()
        self.rtp_ports = (ports.block(2), 2)
        self.folder = folder / f"linphone-{user}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.events: list[Happened] = []
        (self.folder / ".local/share/linphone").mkdir(parents=True, exist_ok=True)  # it makes its file there
        config = self.folder / "config"
        config.write_text(self._config(authority.pem, codecs, encryption, sip) + extra)
        self._name = f"rig-{secrets.token_hex(6)}"
        self._path = Path("/tmp") / self._name  # linphone's own choice
        self._run = Path(tempfile.mkdtemp(prefix="rig-"))
        self._socket: socket.socket | None = None
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)}
        env |= {"XDG_RUNTIME_DIR": str(self._run), "PULSE_SERVER": f"unix:{self._run}/none"}
        if cables is not None:
            env |= {"PULSE_SERVER": cables.server_address, "PULSE_SINK": "ear", "PULSE_SOURCE": "mic.monitor"}
        argv = ["linphone-daemon", "--config", str(config), "--pipe", self._name, "--disable-stats-events"]
        argv += ["--log", str(self.folder / "linphone.log")] + (["--auto-answer"] if answers else [])
        self.process = Process(f"linphone {user}", argv, self.folder / "output", env, self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self.explain())
        self.stop()
        shutil.rmtree(self._run, ignore_errors=True)

    def explain(self) -> str:
        """Its latest events and its output, for a failure."""
        lines = [f"{event.kind} {event.fields}" for event in self.events[-25:]]
        return f"--- events of linphone {self.user} ---\n" + "\n".join(lines) + "\n" + self.process.tail()

    def start(self) -> None:
        """Start it and connect to its control socket."""
        self.process.start()
        self._socket = wait_until(self._connect, 10, f"linphone {self.user}'s control socket")

    def stop(self) -> None:
        """End it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.process.stop()
        self._path.unlink(missing_ok=True)

    def command(self, line: str) -> dict[str, str]:
        """Carry out one of linphone-daemon's commands; the fields of its answer.

        Raises:
            RigError: it refused or did not answer.
        """
        if self._socket is None:
            raise RigError(f"linphone {self.user} does not run")
        self._socket.sendall(f"{line}\n".encode())
        try:
            answer = self._socket.recv(65536).decode("utf-8", "replace")
        except TimeoutError:
            raise RigError(f"linphone {self.user} did not answer {line}") from None
        fields = _fields(answer)
        if fields.get("Status") != "Ok":
            raise RigError(f"linphone {self.user} refused {line}: {answer}")
        return fields

    def dial(self, target: str) -> None:
        """Call a SIP URI, or a user of phone.test."""
        self.command(f"call {target if ':' in target else f'sip:{target}@{DOMAIN}'}")

    def accept(self) -> None:
        """Answer the waiting call."""
        self.command("answer")

    def hangup(self) -> None:
        """Hang up, give up or decline."""
        self.command("terminate")

    def pause(self) -> None:
        """Put the call on hold."""
        self.command("call-pause")

    def resume(self) -> None:
        """Take it off hold."""
        self.command(f"call-resume {self.call_id}")

    def transfer(self, target: str) -> None:
        """Ask the far end to call ``target`` (REFER)."""
        self.command(f"call-transfer {self.call_id} sip:{target}@{DOMAIN}")

    def say(self, file: Path) -> None:
        """Play a wave file into the call, once it is up."""
        self.command(f"incall-player-start {file}")

    def send_dtmf(self, digits: str) -> None:
        """Send telephone-events (RFC 4733) in the call."""
        for digit in digits:
            self.command(f"dtmf {digit}")

    @property
    def call_id(self) -> str:
        """Linphone's number of its latest call."""
        found = [event for event in self.events if event.kind == "call-state-changed"]
        if not found:
            raise RigError(f"linphone {self.user} has had no call")
        return found[-1].fields["Id"]

    def mark(self) -> int:
        """The number of events up to now, to be given as ``since`` later."""
        self._pop()
        return len(self.events)

    def wait_registered(self, seconds: float = 10) -> None:
        """Wait until it says that it is registered."""
        wait_until(
            lambda: "Ok" in self.command("register-status ALL").get("State", ""),
            seconds,
            f"linphone {self.user} to be registered",
            every=0.1,
        )

    def wait_call(self, state: str, seconds: float = 10, since: int = 0) -> Happened:
        """Wait until its call was in a state such as ``IncomingReceived``, ``StreamsRunning`` or ``End``."""
        return self._wait(
            lambda event: (
                event.kind == "call-state-changed" and event.fields.get("Event", "") == f"LinphoneCall{state}"
            ),
            seconds,
            since,
            f"its call to be {state}",
        )

    def wait_digits(self, wanted: str, seconds: float = 8, since: int = 0) -> None:
        """Wait until exactly these DTMF digits came."""
        wait_until(lambda: self.digits(since) == wanted, seconds, f"the digits {wanted}", every=0.05)

    def digits(self, since: int = 0) -> str:
        """The DTMF digits received."""
        self._pop()
        found = [event for event in self.events[since:] if event.kind == "receiving-tone"]
        return "".join(event.fields.get("Tone", "") for event in found)

    def secured(self) -> Secured | None:
        """How its latest call is keyed, None as long as it is not: read off its log."""
        log = (self.folder / "linphone.log").read_text(errors="replace")
        log = log[max(log.rfind("moving from state LinphoneCallIdle"), 0) :]
        method = re.findall(r"Negotiated media encryption is LinphoneMediaEncryption(\w+)", log)
        if not method:
            return None
        if method[-1] == "DTLS":
            profile = re.findall(r"DTLS Handshake on RTP channel .*protection profile (\d+)", log)
            return Secured("dtls", _PROFILES[profile[-1]]) if profile else None
        if method[-1] == "SRTP":
            lines = re.findall(r"(?m)^a=crypto:\d+ (\S+)", log[: log.find("Negotiated media encryption")])
            return Secured("sdes", lines[-1]) if lines else None
        if method[-1] != "ZRTP":
            return Secured("none", "")
        sas = re.findall(r"SAS is (.+?) previously verified (\w+) on", log)
        algorithms = re.findall(r"Cipher: AES-(\d+) .*AuthTag: HMAC-SHA1-(\d+)", log)
        if not sas or not algorithms:
            return None
        size, tag = algorithms[-1]
        suite = f"AES_{'256_CM' if size == '256' else 'CM_128'}_HMAC_SHA1_{tag}"
        return Secured("zrtp", suite, sas[-1][0].replace(":", " "), sas[-1][1] == "yes")

    def wait_secured(self, seconds: float = 8) -> Secured:
        """Wait until it says so."""
        return wait_until(self.secured, seconds, f"linphone {self.user}'s keys", every=0.1)

    def _wait(self, fits: Callable[[Happened], bool], seconds: float, since: int, what: str) -> Happened:
        def look() -> Happened | None:
            self._pop()
            return next(filter(fits, self.events[since:]), None)

        return wait_until(look, seconds, f"linphone {self.user}: {what}", every=0.05)

    def _pop(self) -> None:
        """Take what has happened since the last look."""
        while True:
            fields = self.command("pop-event")
            if "Event-type" not in fields:
                return
            self.events.append(Happened(fields["Event-type"], fields))

    def _connect(self) -> socket.socket | None:
        if not self.process.alive:
            raise RigError(f"linphone {self.user} ended at start\n{self.process.tail()}")
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(5)
        try:
            made.connect(str(self._path))
        except OSError:
            made.close()
            return None
        return made

    def _config(self, trusted: Path, codecs: Sequence[str], encryption: str, sip: str) -> str:
        wanted = [(*_CODECS[name], 1) for name in codecs]
        codec_list = wanted + [(*codec, 0) for name, codec in _CODECS.items() if name not in codecs]
        text = f"""[sip]
sip_port=0
sip_tcp_port={0 if self.registrar else self.sip_port}
sip_tls_port={self.sip_port if self.registrar else 0}
bind_address={ports.LOOPBACK}
use_ipv6=0
auto_net_state_mon=0
register_only_when_network_is_up=0
guess_hostname=1
media_encryption={_ENCRYPTION[encryption]}
media_encryption_mandatory={int(encryption != "none")}
verify_server_certs=1
verify_server_cn=0
root_ca={trusted}
default_proxy={0 if self.registrar else -1}
contact=sip:{self.user}@{ports.LOOPBACK}
{sip}
[net]
dns_srv_enabled=0
firewall_policy=no_firewall
[rtp]
bind_address={ports.LOOPBACK}
audio_rtp_port={self.rtp_ports[0]}
[sound]
echocancellation=0
playback_dev_id=PulseAudio Unknown: ear
"""
        if self.registrar is not None:
            text += _account(self.user, self.registrar)
        for number, (mime, rate, channels, enabled) in enumerate(codec_list):
            text += (
                f"[audio_codec_{number}]\nmime={mime}\nrate={rate}\nchannels={channels}\nenabled={enabled}\n"
            )
        return text


def _account(user: str, registrar: Registrar) -> str:
    """The sections for one account."""
    server = f"sip:{registrar.address}:{registrar.tls_port};transport=tls"
    return f"""[proxy_0]
reg_proxy=<{server}>
reg_route=<{server};lr>
reg_identity=<sip:{user}@{DOMAIN}>
reg_expires=3600
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={registrar.users[user]}
realm={DOMAIN}
"""


def _fields(answer: str) -> dict[str, str]:
    """The ``Name: value`` lines of an answer."""
    return dict(re.findall(r"^([A-Za-z-]+): (.*)$", answer, re.MULTILINE))
