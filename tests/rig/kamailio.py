"""The independent registrar and record-routing proxy: kamailio on loopback, over TLS unless asked otherwise.

    with Registrar(tmp_path, authority.registrar()) as registrar:
        registrar.wait_registered("alice")

Users are alice, bob, carol, dave and erin of phone.test, each with digest authentication, who have the
numbers 101 to 104 and 131 as well. A number 9NNN (``sip:9486@phone.test``) is answered with NNN at once, so
that every way of failing can be dialled. A user who is not registered gives 480, one who does not exist
404. Every message seen is kept, decrypted, in ``messages()``: header fields and SDP are looked at there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports
from tests.rig.certs import DOMAIN, Certificate
from tests.rig.processes import Process, RigError, wait_until
from tests.rig.relay import Relay

USERS: Mapping[str, str] = {name: f"{name}-secret" for name in ("alice", "bob", "carol", "dave", "erin")}
"""The users and their passwords."""

NUMBERS: Mapping[str, str] = {"alice": "101", "bob": "102", "carol": "103", "dave": "104", "erin": "131"}
"""What one dials on a keypad to reach a user."""

_MODULES = "ctl tm sl rr pv maxfwd textops siputils usrloc registrar nathelper auth sipdump sanity"


_PLAIN_ONLY = (
    'if (is_method("INVITE") && $cT =~ "^multipart/") { send_reply("415", "Unsupported Media Type"); exit; }'
)

_GUESTS = """if ($tU =~ "^[0-9a-f]+$" && $(tU{s.len}) == 16) {
        fix_nated_register();
        if (!save("location")) { sl_reply_error(); }
        exit;
    }"""


@dataclass(frozen=True)
class Message:
    """One SIP message as it passed kamailio."""

    received: bool
    """True: kamailio received it; False: kamailio sent it."""
    transport: str
    """``tls``, ``tcp`` or ``udp``."""
    source: str
    """ADDRESS:PORT."""
    target: str
    """ADDRESS:PORT."""
    when: float
    """Seconds since the epoch."""
    text: str

    @property
    def first_line(self) -> str:
        """Request line or status line."""
        return self.text.split("\r\n", 1)[0]

    @property
    def method(self) -> str:
        """The request's method, empty for a response."""
        return "" if self.first_line.startswith("SIP/2.0") else self.first_line.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """The response's code, 0 for a request."""
        return int(self.first_line.split(" ")[1]) if self.first_line.startswith("SIP/2.0") else 0

    @property
    def cseq_method(self) -> str:
        """The method of the transaction, for requests and responses."""
        return self.header("CSeq").split()[-1] if self.header("CSeq") else ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All header fields in order."""
        lines = self.text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]
        return [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    @property
    def body(self) -> str:
        """What follows the header, for example SDP."""
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """The first header field of that name, empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def __str__(self) -> str:
        way = f"{self.source} -> kamailio" if self.received else f"kamailio -> {self.target}"
        return f"[{self.transport} {way}]\n{self.text}"


class Registrar:
    """One kamailio; a context manager.

    It may be stopped and started again on the same ports; it forgets all bindings then.
    """

    def __init__(
        self,
        folder: Path,
        certificate: Certificate | None,
        *,
        udp: bool = False,
        tcp: bool = False,
        challenge_invite: bool = False,
        plain_only: bool = False,
        max_expires: int = 3600,
        users: Mapping[str, str] = USERS,
        numbers: Mapping[str, str] = NUMBERS,
        logins: Mapping[str, str] | None = None,
        routes: Mapping[str, str] | None = None,
        ring_seconds: float = 60,
        adds: Sequence[str] = (),
        relay: Relay | None = None,
        rewrites: Sequence[tuple[str, str]] = (),
        address: str = ports.LOOPBACK,
        overloaded: bool = False,
        guests: bool = False,
    ) -> None:
        """Prepare, not start.

        Args:
            folder: configuration, log and messages go here.
            certificate: what the TLS listener shows; None: no TLS listener.
            udp: listen on UDP too, ``port``.
            tcp: listen on TCP too, ``port``.
            challenge_invite: answer an INVITE with 407 first.
            plain_only: answer an INVITE whose body has several parts with 415.
            max_expires: the longest registration granted, in seconds.
            numbers: what is dialled to reach each user.
            logins: the digest user name of those users who have one of its own.
            ring_seconds: how long it lets a call ring before it gives up with 408.
            adds: header lines that it adds to each INVITE it passes on.
            relay: what all media pass through.
            rewrites: what it finds in the body of each of them, a regular expression, and puts there instead.
            overloaded: answer every INVITE with 503.
            guests: whoever has a name of 16 hexadecimal digits may register without a password.
            routes: further numbers and the SIP URI each leads to, without registration.
        """
        self.users = dict(users)
        self.numbers = dict(numbers)
        self.logins = dict(logins or {})
        self.address = address
        self._guests = guests
        self.port = ports.one(address)
        self.tls_port = ports.one(address)
        self.certificate = certificate
        self.routes = dict(routes or {})
        self.ring_seconds = ring_seconds
        self.adds = tuple(adds)
        self.relay = relay
        self.rewrites = tuple(rewrites)
        self.overloaded = overloaded
        self._listen = [f"{name}:{address}:{self.port}" for name, on in (("udp", udp), ("tcp", tcp)) if on]
        if certificate is not None:
            self._listen.append(f"tls:{address}:{self.tls_port}")
        self._folder = folder / "kamailio"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = Path(tempfile.mkdtemp(prefix="rig-"))  # short: it holds the name of a Unix socket
        config = self._folder / "kamailio.cfg"
        config.write_text(self._config(challenge_invite, plain_only, max_expires))
        argv = ["kamailio", "-DD", "-E", "-f", str(config), "-m", "32", "-M", "4", "-Y", str(self._run)]
        argv += ["-w", str(self._folder), "-P", str(self._run / "pid")]
        self.process = Process("kamailio", argv, self._folder / "kamailio.log")

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

    def start(self) -> None:
        """Start and wait until it answers."""
        self.process.start()
        wait_until(self._answers, 8, "kamailio to answer", every=0.05)

    def stop(self) -> None:
        """End it: every connection of a phone breaks, every binding is forgotten."""
        if not self.process.alive:
            return
        self.thaw()
        family = self._family()
        self.process.stop()
        for pid in family:
            command = Path(f"/proc/{pid}/cmdline")
            with suppress(OSError):
                if str(self._folder).encode() in command.read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop all its processes where they are: connections stay, nothing is answered. ``stop`` ends it."""
        for pid in self._family():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for pid in self._family():
            os.kill(pid, signal.SIGCONT)

    def _family(self) -> list[int]:
        """Its main process and that one's children."""
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    @property
    def uri(self) -> str:
        """The outbound proxy as a phone's configuration names it."""
        return f"sip:{self.address}:{self.tls_port};transport=tls;lr"

    def address_of(self, user: str) -> str:
        """The address of record of a user."""
        return f"sip:{user}@{DOMAIN}"

    def bindings(self, user: str) -> int:
        """How many contacts are registered for ``user`` now."""
        return self._kamcmd("ul.lookup", "location", user).count("Address:")

    def contacts(self, user: str) -> list[str]:
        """The registered contact URIs of ``user``."""
        return re.findall(r"Address: (\S+)", self._kamcmd("ul.lookup", "location", user))

    def forget(self, user: str) -> None:
        """Drop a user's bindings, as a registrar does with those whose connection is gone (RFC 5626)."""
        self._kamcmd("ul.rm", "location", user)

    def wait_registered(self, user: str, seconds: float = 8) -> None:
        """Wait for a first binding of ``user``."""
        wait_until(lambda: self.bindings(user) > 0, seconds, f"{user} to register", every=0.05)

    def wait_unregistered(self, user: str, seconds: float = 5) -> None:
        """Wait until ``user`` has no binding."""
        wait_until(lambda: self.bindings(user) == 0, seconds, f"{user} to un-register", every=0.05)

    def messages(self, chosen: Callable[[Message], bool] | None = None) -> list[Message]:
        """All messages up to now, oldest first, those for which ``chosen`` is true."""
        found = [message for file in sorted(self._folder.glob("sip-*.data")) for message in _parse(file)]
        return [message for message in found if chosen is None or chosen(message)]

    def requests(self, method: str, received: bool = True) -> list[Message]:
        """The requests of one method that kamailio received (or sent)."""
        return self.messages(lambda message: message.method == method and message.received is received)

    def responses(self, method: str, status: int, received: bool = True) -> list[Message]:
        """The responses with one code to one method that kamailio received (or sent)."""
        return self.messages(
            lambda message: (
                (message.cseq_method, message.status) == (method, status) and message.received is received
            )
        )

    def wait_message(self, chosen: Callable[[Message], bool], seconds: float, what: str) -> Message:
        """Wait for the first message for which ``chosen`` is true."""
        return wait_until(lambda: self.messages(chosen), seconds, what, every=0.05)[0]

    def explain(self) -> str:
        """Messages and log, for a failure."""
        return f"{self.summary()}\n{self.process.tail(15)}"

    def summary(self) -> str:
        """One line a message, for a failure."""
        lines = [f"{'<' if m.received else '>'} {m.first_line} [{m.cseq_method}]" for m in self.messages()]
        return "--- SIP at kamailio (< received, > sent) ---\n" + "\n".join(lines[-60:])

    def _answers(self) -> bool:
        if not self.process.alive:
            raise RigError(f"kamailio ended at start\n{self.process.tail()}")
        return "kamailio" in self._kamcmd("core.version")

    def _kamcmd(self, *command: str) -> str:
        argv = ["kamcmd", "-s", f"unix:{self._run}/ctl", *command]
        return subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False).stdout

    def _config(self, challenge_invite: bool, plain_only: bool, max_expires: int) -> str:
        listen = "\n".join(f"listen={where}" for where in self._listen)
        modules = "".join(f'loadmodule "{name}.so"\n' for name in _MODULES.split())
        passwords = "\n".join(
            f'    if ($au == "{self.logins.get(name, name)}") '
            f'{{ $var(password) = "{secret}"; $var(owner) = "{name}"; }}'
            for name, secret in self.users.items()
        )
        ring_ms = round(1000 * self.ring_seconds)
        numbers = "\n".join(
            f'    if ($rU == "{number}") {{ $rU = "{name}"; }}' for name, number in self.numbers.items()
        )
        routes = "    $var(routed) = 0;\n" + "\n".join(
            f'    if ($rU == "{number}") {{ $ru = "{uri}"; $var(routed) = 1; }}'
            for number, uri in self.routes.items()
        )
        known = "|".join(self.users)
        adds = "".join(f'        append_hf("{line}\\r\\n");\n' for line in self.adds)
        adds += "".join(f'        replace_body_all("{was}", "{then}");\n' for was, then in self.rewrites)
        tls = ""
        if self.certificate is not None:
            (self._folder / "tls.cfg").write_text(
                "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
                f"private_key = {self.certificate.key}\ncertificate = {self.certificate.cert}\n"
                "[client:default]\nverify_certificate = no\nrequire_certificate = no\n"
            )
            tls = 'enable_tls=yes\nloadmodule "tls.so"\n'
            tls += f'modparam("tls", "config", "{self._folder}/tls.cfg")\n'
        relayed = ""
        if self.relay is not None:
            tls += 'loadmodule "rtpengine.so"\n'
            tls += f'modparam("rtpengine", "rtpengine_sock", "udp:{self.relay.address}")\n'
            relayed = f'if (has_body("application/sdp")) {{ rtpengine_manage("{self.relay.flags}"); }}'
        return f"""#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
socket_workers=1
tcp_children=2
auto_aliases=no
alias="{DOMAIN}"
dns=no
rev_dns=no
use_dns_failover=no
tcp_connection_lifetime=3700
tcp_accept_no_cl=no
tcp_rd_buf_size=16384
server_signature=no
sip_warning=no
user_agent_header="User-Agent: registrar"
{listen}
{tls}
{modules}
modparam("ctl", "binrpc", "unix:{self._run}/ctl")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "timer_interval", 1)
modparam("registrar", "received_avp", "$avp(received)")
modparam("nathelper", "received_avp", "$avp(received)")
modparam("registrar", "max_expires", {max_expires})
modparam("registrar", "min_expires", 1)
modparam("registrar", "max_contacts", 5)
modparam("auth", "nonce_expire", 300)
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", {ring_ms})
modparam("sipdump", "enable", 1)
modparam("sipdump", "wait", 10000)
modparam("sipdump", "folder", "{self._folder}")
modparam("sipdump", "fprefix", "sip-")

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (!sanity_check("1511", "7")) {{ exit; }}
    if (is_method("REGISTER")) {{ route(REGISTER); }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (has_totag()) {{ route(DIALOG); }}
{numbers}
    if ($rU =~ "^9[3-6][0-9][0-9]$" && !is_method("ACK")) {{
        $var(code) = $(rU{{s.substr,1,3}}{{s.int}});
        send_reply("$var(code)", "As Asked");
        exit;
    }}
    if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (is_method("OPTIONS") && $rU == $null) {{ sl_send_reply("200", "OK"); exit; }}
    if (!is_method("INVITE|MESSAGE|OPTIONS|SUBSCRIBE|NOTIFY|PUBLISH|REFER|INFO")) {{
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }}
    {'if (is_method("INVITE")) { route(PROXY_AUTH); }' if challenge_invite else ""}
    {_PLAIN_ONLY if plain_only else ""}
    {'if (is_method("INVITE")) { send_reply("503", "No Time"); exit; }' if self.overloaded else ""}
    if (is_method("INVITE|SUBSCRIBE|REFER")) {{ record_route(); }}
    set_contact_alias();
{routes}
    if ($var(routed) != 1 && !lookup("location")) {{
        if ($rU =~ "^({known})$") {{ send_reply("480", "Temporarily Unavailable"); exit; }}
        send_reply("404", "Not Found");
        exit;
    }}
    if (is_method("INVITE")) {{
        {relayed}
        route(ADD);
    }}
    t_on_reply("ALIAS");
    t_relay();
    exit;
}}

route[ADD] {{
{adds}        return;
}}

route[PASSWORD] {{
    $var(password) = "";
    $var(owner) = "";
{passwords}
}}

route[REGISTER] {{
    {_GUESTS if self._guests else ""}
    route(PASSWORD);
    if ($var(password) == "" || !pv_www_authenticate("$td", "$var(password)", "0")) {{
        www_challenge("$td", "1");
        exit;
    }}
    if ($var(owner) != $tU) {{ sl_send_reply("403", "Forbidden"); exit; }}
    fix_nated_register();
    if (!save("location")) {{ sl_reply_error(); }}
    exit;
}}

route[PROXY_AUTH] {{
    route(PASSWORD);
    if ($var(password) == "" || !pv_proxy_authenticate("$fd", "$var(password)", "0")) {{
        proxy_challenge("$fd", "1");
        exit;
    }}
    consume_credentials();
}}

route[DIALOG] {{
    if (loose_route()) {{
        handle_ruri_alias();
        {relayed}
        t_on_reply("ALIAS");
        t_relay();
        exit;
    }}
    if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    sl_send_reply("404", "Not here");
    exit;
}}

onreply_route[ALIAS] {{
    set_contact_alias();
    {relayed}
}}
"""


def _parse(file: Path) -> Iterator[Message]:
    """The messages in one of sipdump's files; a last one that is still being written is left out."""
    text = file.read_bytes().decode("utf-8", "replace")
    for record in text.split("====================\n")[1:]:
        head, _, rest = record.partition("~~~~~~~~~~~~~~~~~~~~\n")
        message, end, _ = rest.rpartition("||||||||||||||||||||")
        if not end:
            continue
        field = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        yield Message(
            received=field["tag"] == "rcv",
            transport=field["proto"].split()[0].lower(),
            source=f"{field['srcip']}:{field['srcport']}",
            target=f"{field['dstip']}:{field['dstport']}",
            when=float(field["time"]),
            text=message,
        )
