"""Far ends that want to know more than the switch lets them, and what the log says of it all."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl

import pytest

from tests.rig import ports
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import RigError
from tests.rig.watcher import Watcher

pytestmark = pytest.mark.live

FAR = "777"


def test_a_far_end_that_challenges_learns_no_login_name(lab: Lab) -> None:
    """Through the provider comes a 407 of another realm: one INVITE leaves, and the call has failed."""
    port = ports.one()
    registrar = lab.registrar(udp=True, routes={FAR: f"sip:far@{ports.LOOPBACK}:{port};transport=udp"})
    far = lab.sipp("challenge.xml", port=port, keys={"realm": "evil.example"})
    phone = lab.phone()
    phone.privacy("private")
    phone.hook("up")
    phone.keys(f"{FAR}#")
    phone.wait_status(lambda s: any(c["state"] == "ended" for c in s["calls"]), 8, "the end of the call")
    assert far.wait(8) == 0, far.explain()
    sent = [m for m in registrar.requests("INVITE") if m.source.startswith(f"{phone.address}:")]
    assert len(sent) == 1
    assert not re.search("alice|[Aa]uthorization:", sent[0].text)
    assert "alice" not in far.messages.read_text()


NAMES = ("Alice", "Archer", "alice", "bob", "Bobby", "carol", "102", "777", "login-9")


def test_the_most_verbose_log_names_nobody(lab: Lab) -> None:
    """A private call, one that comes in, one refused, watchers: all at the level debug."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = Phone(
        lab.folder,
        lab.kit.authority,
        address=lab.address(),
        registrar=registrar,
        account_extra='display_name = "Alice Archer"\n',
        extra='[[privacy.watcher]]\nuri = "sip:bob@phone.test"\n[[contact]]\nname = "Bobby"\n'
        'uri = "sip:bob@phone.test"\n',
    )
    phone.process.argv += ["--log-level", "debug"]
    lab.add(phone).wait_registered()
    phone.privacy("open")
    for name in ("bob", "carol"):
        lab.add(Watcher(registrar, name)).subscribe("alice").wait_answer()
    phone.privacy("private")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    phone.keys("4711")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.keys("#")
    phone.wait_idle()
    phone.hook("up")
    phone.keys("9486#")
    phone.wait_screen("busy")
    phone.hook("down")
    phone.stop()
    log = phone.process.output()
    folder = str(phone.folder)
    said = re.sub(r"\S*/phone-\S*", "", log.replace(folder, ""))
    assert "debug" in log or "registered" in log
    assert [
        name for name in (*NAMES, "4711", "9486") if re.search(rf"(?<![\w:,.]){name}(?!\w)", said)
    ] == [], said


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_stranger_that_comes_and_goes_is_not_the_provider(lab: Lab, transport: str) -> None:
    """Who connects to our port and leaves ends neither our registration nor what we know of it."""
    registrar = lab.registrar(tcp=True)
    phone = lab.phone(transport=transport)
    for _ in range(3):
        with socket.create_connection((phone.address, phone.sip_port), 3) as plain:
            if transport == "tls":
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with contextlib.suppress(ssl.SSLError):  # without a certificate we serve nobody
                    context.wrap_socket(plain).close()
            else:
                plain.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
    with pytest.raises(RigError):
        phone.wait_status(lambda s: s["registration"] != "registered", 2, "the registration to be lost")
    assert "lost" not in phone.process.output()
    assert registrar.bindings("alice") == 1
    own = phone.do("preview", "102")["fields"]
    assert not [f for f in own if f["name"] == "Via address" and f["value"] != phone.address]
