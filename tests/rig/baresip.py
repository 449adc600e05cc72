"""The independent telephone: Debian's baresip, headless, driven over its control port, audio in files.

    with Baresip(tmp_path, "bob", registrar=registrar, authority=authority, says=speech.looped(...)) as bob:
        bob.wait_registered()
        bob.wait_incoming(); bob.accept(); bob.wait_established()
        heard = bob.recording()

What baresip 1.0.0 offers and what it does not:

- ``aufile`` reads only (rate and channels must be the codec's: ``AUDIO_FORMAT``), and its end ends the call:
  give it a long file. There is no player to a file; ``sndfile`` is a filter that writes each decoded frame
  (``…-dec.wav``) and each frame before encoding (``…-enc.wav``). Playback itself goes to ``aubridge``, a sink
  without a device.
- The TLS listener is on ``port`` + 1 and must have a certificate.
- ``dtls_srtp`` sends audio in clear until its handshake is done, about a second; ``srtp-mand`` sends no audio
  in clear, but one empty RTCP packet.
- Events for received DTMF come as CALL_DTMF_START and _END with the digit.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.rig import ports, wavefile
from tests.rig.certs import DOMAIN, Authority
from tests.rig.kamailio import Registrar
from tests.rig.processes import Process, RigError, wait_until

T = TypeVar("T")
Event = dict[str, Any]

AUDIO_FORMAT: Mapping[str, tuple[int, int]] = {
    "opus": (48000, 2),
    "g722": (16000, 1),
    "pcma": (8000, 1),
    "pcmu": (8000, 1),
}
"""Rate in Hz and channels that baresip wants from a file for each codec."""

_CODEC = {"opus": "opus/48000/2", "g722": "G722/16000/1", "pcma": "PCMA/8000/1", "pcmu": "PCMU/8000/1"}

_ENCRYPTION = {"dtls": "dtls_srtp", "sdes": "srtp-mand", "sdes-optional": "srtp", "none": ""}


@dataclass(frozen=True)
class Ended:
    """How a call ended as baresip saw it."""

    reason: str


class Baresip:
    """One baresip with one account; a context manager."""

    def __init__(
        self,
        folder: Path,
        user: str,
        *,
        registrar: Registrar | None = None,
        authority: Authority,
        codecs: Sequence[str] = ("opus",),
        encryption: str = "dtls",
        says: Path | None = None,
        transport: str = "tls",
        address: str = ports.LOOPBACK,
        answer: str = "manual",
        register: bool = True,
        extra_config: str = "",
        extra_account: str = "",
        key_logger: Path | None = None,
    ) -> None:
        """Prepare, not start.

        Args:
            folder: its own folder is made in here.
            user: of phone.test, with the registrar's password for it.
            registrar: where it registers and sends its calls; None: direct calls only.
            authority: whom it trusts, and who signs its own certificate.
            codecs: of ``AUDIO_FORMAT``, best first.
            encryption: ``dtls``, ``sdes`` (mandatory), ``sdes-optional`` or ``none``.
            says: wave file that it speaks in ``AUDIO_FORMAT`` of its codec; None: silence.
            transport: ``tls``, ``tcp`` or ``udp`` to the registrar.
            address: of its SIP sockets and in its SDP. RTP leaves from 127.0.0.1 whatever this says, and DTLS
                fails then with a peer that looks at the source: leave it.
            answer: ``manual``, ``auto`` or ``early`` (early media).
            register: False: the account is there, but is not registered.
            key_logger: the library of ``peer_secrets``; then ``key_log`` gets the secrets of its DTLS and
            TLS.
        """
        self.user = user
        self.address = address
        self.registrar = registrar
        self.folder = folder / f"baresip-{user}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sip_port = ports.block(2, address)  # TLS listens on the second
        self.rtp_ports = (ports.block(20, address), 20)
        self.control_port = ports.one()
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self._answers: dict[str, Event] = {}
        self._tokens = 0
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        own = authority.issue(f"baresip-{user}", dns=[DOMAIN], ips=[address])
        codec = codecs[0]
        (self.folder / "config").write_text(
            _config(self, own.combined, authority.pem, says, codec) + extra_config
        )
        (self.folder / "contacts").write_text("")
        (self.folder / "accounts").write_text(
            self._account(codecs, encryption, transport, answer, register) + extra_account + "\n"
        )
        self.key_log = self.folder / "keys"
        env = dict(os.environ)
        if key_logger is not None:
            env |= {"LD_PRELOAD": str(key_logger), "SSLKEYLOGFILE": str(self.key_log)}
        argv = ["baresip", "-v", "-f", str(self.folder)]
        self.process = Process(f"baresip {user}", argv, self.folder / "log", env, self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self.explain())
        self.stop()

    def explain(self) -> str:
        """Its latest events and its log, for a failure."""
        kinds = [f"{event.get('type')} {event.get('param', '')}" for event in self.events[-25:]]
        return f"--- events of baresip {self.user} ---\n" + "\n".join(kinds) + "\n" + self.process.tail()

    def start(self) -> None:
        """Start it and connect to its control port."""
        self.process.start()
        self._socket = wait_until(self._connect, 8, f"baresip {self.user}'s control port")
        self._reader = threading.Thread(target=self._read, args=(self._socket,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """End it: it hangs up and un-registers first."""
        self.process.stop()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._reader is not None:
            self._reader.join(2)

    def command(self, name: str, params: str = "", seconds: float = 5) -> str:
        """Carry out one of baresip's long commands and return what it says.

        Raises:
            RigError: baresip refused or did not answer.
        """
        with self._changed:
            self._tokens += 1
            token = str(self._tokens)
        text = json.dumps({"command": name, "params": params, "token": token})
        if self._socket is None:
            raise RigError(f"baresip {self.user} does not run")
        self._socket.sendall(f"{len(text)}:{text},".encode())
        answer = self._wait(lambda: self._answers.get(token), seconds, f"an answer to {name}")
        if not answer.get("ok"):
            raise RigError(f"baresip {self.user} refused {name} {params}: {answer.get('data')}")
        return str(answer.get("data", ""))

    def dial(self, target: str) -> None:
        """Call a SIP URI, or a user of phone.test."""
        self.command("dial", target if ":" in target else f"sip:{target}@{DOMAIN}")

    def accept(self) -> None:
        """Answer the waiting call."""
        self.command("accept")

    def hangup(self) -> None:
        """Hang up, or reject the waiting call with 486 (baresip's own choice)."""
        self.command("hangup")

    def send_dtmf(self, digits: str) -> None:
        """Send telephone-events (RFC 4733) in the call."""
        self.command("sndcode", digits)

    def mark(self) -> int:
        """The number of events up to now, to be given as ``since`` later."""
        return len(self.events)

    def wait_event(self, kind: str, seconds: float = 8, since: int = 0) -> Event:
        """Wait for the first event of a kind such as CALL_ESTABLISHED after ``since`` events."""
        return self._wait(
            lambda: next((event for event in self.events[since:] if event.get("type") == kind), None),
            seconds,
            kind,
        )

    def wait_registered(self, seconds: float = 8) -> None:
        """Wait for the 200 to its REGISTER (in the log: the event may come before we are connected)."""
        self.process.wait_for(r"200 OK \(.*\) \[\d+ binding", seconds)

    def wait_incoming(self, seconds: float = 8, since: int = 0) -> Event:
        """Wait for a call; the event has ``peeruri`` and ``peerdisplayname`` (if any)."""
        return self.wait_event("CALL_INCOMING", seconds, since)

    def wait_ringing(self, seconds: float = 8, since: int = 0) -> Event:
        """Wait until the far end rings."""
        return self.wait_event("CALL_RINGING", seconds, since)

    def wait_established(self, seconds: float = 8, since: int = 0) -> Event:
        """Wait for the answer."""
        return self.wait_event("CALL_ESTABLISHED", seconds, since)

    def wait_encrypted(self, seconds: float = 8, since: int = 0) -> Event:
        """Wait for the keys of the media (DTLS-SRTP)."""
        return self.wait_event("CALL_MENC", seconds, since)

    def wait_closed(self, seconds: float = 8, since: int = 0) -> Ended:
        """Wait for the end of the call and say why it ended.

        ``Connection reset by peer`` is a BYE from the far end, ``Connection reset by user`` an own one.
        """
        return Ended(str(self.wait_event("CALL_CLOSED", seconds, since).get("param", "")))

    def digits(self, since: int = 0) -> str:
        """The DTMF digits received."""
        pressed = [event for event in self.events[since:] if event.get("type") == "CALL_DTMF_START"]
        return "".join(str(event.get("param", "")) for event in pressed)

    @property
    def hears_every_digit(self) -> bool:
        """Not 1.1.0 (Debian 13): it takes the packets of an event for speech and tells of the first alone.

        Baresip's issue 1494, mended in 2.0; seen with G.711 too, and with packets that 1.0.0 understands.
        """
        return "baresip v1.1." not in self.process.output()

    def wait_digits(self, wanted: str, seconds: float = 8, since: int = 0) -> None:
        """Wait until exactly these DTMF digits came."""
        self._wait(lambda: self.digits(since) == wanted, seconds, f"the digits {wanted}")

    def recording(self) -> Path:
        """What it has heard in its latest call: frames as decoded, 16 bit, rate and channels of the codec."""
        found = sorted(self.folder.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise RigError(f"baresip {self.user} has recorded nothing\n{self.process.tail()}")
        return found[-1]

    def wait_heard(self, seconds: float) -> None:
        """Wait until its latest call's recording has so many seconds."""
        wait_until(lambda: self.heard() >= seconds, seconds + 8, f"{seconds:g} s heard by {self.user}")

    def heard(self) -> float:
        """Seconds of its latest call's recording up to now."""
        found = list(self.folder.glob("dump-*-dec.wav"))
        if not found:
            return 0.0
        return wavefile.seconds(self.recording())

    def _wait(self, look: Callable[[], T | None], seconds: float, what: str) -> T:
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                found = look()
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or not self.process.alive:
                    raise RigError(f"baresip {self.user}: waited {seconds:g} s in vain for {what}")
                self._changed.wait(min(left, 0.5))

    def _connect(self) -> socket.socket | None:
        if not self.process.alive:
            raise RigError(f"baresip {self.user} ended at start\n{self.process.tail()}")
        try:
            return socket.create_connection((ports.LOOPBACK, self.control_port), timeout=1)
        except OSError:
            return None

    def _read(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        waiting = b""
        while True:
            try:
                more = connection.recv(65536)
            except OSError:
                more = b""
            if not more:
                break
            waiting += more
            while b":" in waiting:
                length, _, rest = waiting.partition(b":")
                size = int(length)
                if len(rest) <= size:
                    break
                self._take(json.loads(rest[:size]))
                waiting = rest[size + 1 :]
        with self._changed:
            self._changed.notify_all()

    def _take(self, message: Event) -> None:
        with self._changed:
            if message.get("response"):
                self._answers[str(message.get("token", ""))] = message
            else:
                self.events.append(message)
            self._changed.notify_all()

    def _account(
        self, codecs: Sequence[str], encryption: str, transport: str, answer: str, register: bool
    ) -> str:
        host = DOMAIN if self.registrar else self.address
        fields = [f"<sip:{self.user}@{host};transport={transport}>", f"answermode={answer}"]
        if self.registrar is not None:
            port = self.registrar.tls_port if transport == "tls" else self.registrar.port
            fields.append(f'outbound="sip:{self.registrar.address}:{port};transport={transport}"')
            fields.append(f"auth_pass={self.registrar.users[self.user]}")
        fields.append(f"regint={3600 if self.registrar is not None and register else 0}")
        fields.append("audio_codecs=" + ",".join(_CODEC[codec] for codec in codecs))
        if _ENCRYPTION[encryption]:
            fields.append(f"mediaenc={_ENCRYPTION[encryption]}")
        return ";".join(fields)


def _config(phone: Baresip, certificate: Path, trusted: Path, says: Path | None, codec: str) -> str:
    rate, channels = AUDIO_FORMAT[codec]
    first, count = phone.rtp_ports
    source = f"aufile,{says or wavefile.silence(phone.folder / 'silence.wav', rate, channels)}"
    lines = [
        "poll_method epoll",
        f"sip_listen {phone.address}:{phone.sip_port}",
        f"sip_certificate {certificate}",
        f"sip_cafile {trusted}",
        "call_local_timeout 60",
        "call_max_calls 4",
        "audio_player aubridge,nowhere",
        f"audio_source {source}",
        "audio_alert aubridge,alert",
        "audio_level no",
        "audio_buffer 20-160",
        f"ausrc_srate {rate}",
        f"auplay_srate {rate}",
        f"ausrc_channels {channels}",
        f"auplay_channels {channels}",
        f"rtp_ports {first}-{first + count - 2}",
        "jitter_buffer_delay 2-10",
        f"net_interface {phone.address}",
        "opus_bitrate 32000",
        "menu_bell no",
        "ringback_disabled yes",
        "statmode_default off",
        f"snd_path {phone.folder}",
        f"ctrl_tcp_listen {ports.LOOPBACK}:{phone.control_port}",
        "module_path /usr/lib/baresip/modules",
    ]
    modules = ["opus", "g722", "g711", "sndfile", "aubridge", "aufile", "srtp", "dtls_srtp"]
    lines += [f"module {name}.so" for name in modules]
    lines += ["module_tmp uuid.so", "module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so"]
    return "\n".join(lines) + "\n"
