"""Where the telephone goes: NAPTR, SRV and addresses (RFC 3263), the next server when one fails, and back.

The name server says what a test wants; the servers are kamailios, dead ports, and ports where nobody speaks.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig import ports
from tests.rig.kamailio import NUMBERS, USERS, Registrar
from tests.rig.lab import Lab
from tests.rig.name_server import NameServer
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live

DOMAIN = "phone.test"
NAPTR = '10 10 "s" "SIPS+D2T" "" _sips._tcp.phone.test.'


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        server.says(DOMAIN, "NAPTR", NAPTR)
        yield server


def second(lab: Lab, name: str, **options: Any) -> Registrar:
    """One more kamailio for the same users."""
    certificate = options.pop("certificate", lab.kit.certificate)
    return lab.add(Registrar(Path(lab.folder / name), certificate, **options))


def served(names: NameServer, *tls_ports: int) -> None:
    """The servers of phone.test, best first."""
    names.serves(DOMAIN, *((f"s{n}.{DOMAIN}", port, 10 * n) for n, port in enumerate(tls_ports, start=1)))


def phone_at(lab: Lab, names: NameServer, *tls_ports: int, **options: Any) -> Phone:
    """A phone that knows nothing but its domain; the ports of the tests are not the usual one."""
    return lab.phone(
        registrar=None,
        password=USERS["alice"],
        account_extra=f"ports = {list(tls_ports)}\n",
        extra=f'[network]\nresolver = "{names.resolver}"\n',
        **options,
    )


def silent_port() -> tuple[socket.socket, int]:
    """A port that takes connections and says nothing, ever."""
    port = ports.one()
    return socket.create_server((ports.LOOPBACK, port)), port


def test_naptr_and_srv_lead_to_the_server(lab: Lab, names: NameServer) -> None:
    """And nothing else is asked for."""
    first, other = second(lab, "first"), second(lab, "other")
    served(names, first.tls_port, other.tls_port)
    phone = phone_at(lab, names, first.tls_port, other.tls_port)
    phone.wait_registered()
    assert first.bindings("alice") == 1
    assert other.bindings("alice") == 0
    hosts = {f"s1.{DOMAIN}", f"s2.{DOMAIN}"}
    assert set(names.questions) == {
        (DOMAIN, "NAPTR"),
        (f"_sips._tcp.{DOMAIN}", "SRV"),
        *((host, kind) for host in hosts for kind in ("A", "AAAA")),
    }


def test_a_port_that_was_not_configured_is_not_followed(lab: Lab, names: NameServer) -> None:
    server = second(lab, "first")
    served(names, server.tls_port)
    phone = phone_at(lab, names)
    failed = phone.wait_registration("failed", 10)
    assert "name is not known" in failed["registration_reason"]
    assert not server.requests("REGISTER")


def test_registered_past_a_dead_and_a_silent_server(lab: Lab, names: NameServer) -> None:
    """A port where nobody listens, one where nobody speaks, then one that works: no back-off between."""
    dead = ports.one()
    listener, silent = silent_port()
    with listener:
        third = second(lab, "third")
        served(names, dead, silent, third.tls_port)
        began = time.monotonic()
        phone = phone_at(lab, names, dead, silent, third.tls_port)
        phone.wait_registered(15)
        print(f"registered at the third server after {time.monotonic() - began:.1f} s")
        assert third.bindings("alice") == 1


@pytest.mark.parametrize("trouble", ["dead", "overloaded", "silent"])
def test_a_call_goes_out_by_the_next_server(lab: Lab, names: NameServer, trouble: str) -> None:
    """One key, one call: what stands before the working server costs seconds, not the call."""
    first = second(lab, "first", overloaded=trouble == "overloaded")
    working = second(lab, "working")
    served(names, first.tls_port, working.tls_port)
    bob = lab.baresip("bob", registrar=working)
    phone = phone_at(lab, names, first.tls_port, working.tls_port)
    phone.wait_registered()
    assert first.bindings("alice") == 1
    if trouble == "silent":
        first.freeze()
    phone.hook("up")
    if trouble == "dead":
        first.stop()
    began = time.monotonic()
    phone.keys("102#")
    phone.wait_call("ringing", seconds=9)
    print(f"{trouble}: it rings after {time.monotonic() - began:.1f} s")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active")
    phone.hook("down")
    phone.wait_idle()
    assert len(working.requests("INVITE")) >= 1
    if trouble == "overloaded":
        assert first.responses("INVITE", 503, received=False)


def test_the_registrar_dies_and_the_other_takes_over(lab: Lab, names: NameServer) -> None:
    first, other = second(lab, "first"), second(lab, "other")
    served(names, first.tls_port, other.tls_port)
    phone = phone_at(lab, names, first.tls_port, other.tls_port)
    phone.wait_registered()
    first.stop()
    began = time.monotonic()
    other.wait_registered("alice", 6)
    print(f"registered at the other server {time.monotonic() - began:.1f} s after the first one died")
    phone.wait_registered()
    bob = lab.baresip("bob", registrar=other)
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")


def test_the_name_server_is_dead(lab: Lab, names: NameServer) -> None:
    """Its last good answer still counts: the telephone registers again when its registrar is back."""
    server = second(lab, "first")
    names.ttl = 0
    served(names, server.tls_port)
    phone = phone_at(lab, names, server.tls_port)
    phone.wait_registered()
    names.silent = True
    server.stop()
    phone.wait_registration("failed", 10)
    server.start()
    server.wait_registered("alice", 20)
    phone.wait_registered()


def test_the_name_server_is_dead_at_the_start(lab: Lab, names: NameServer) -> None:
    """The display says so, and the telephone registers when the name server answers."""
    server = second(lab, "first")
    served(names, server.tls_port)
    names.silent = True
    phone = phone_at(lab, names, server.tls_port)
    failed = phone.wait_registration("failed", 10)
    assert "name server" in failed["registration_reason"]
    phone.wait_screen("name server")
    names.silent = False
    server.wait_registered("alice", 20)
    phone.wait_registered()


def test_a_half_open_connection_is_noticed(lab: Lab, names: NameServer) -> None:
    """The server is there for the kernel and for nobody else: its pongs stop (RFC 5626 section 4.4.1)."""
    first, other = second(lab, "first"), second(lab, "other")
    served(names, first.tls_port, other.tls_port)
    hasty = {"module": "tests.rig.faulty", "env": {"RIG_FAULT": "hasty"}}
    phone = phone_at(lab, names, first.tls_port, other.tls_port, **hasty)
    phone.wait_registered()
    time.sleep(1.5)  # the first ping and its pong
    first.freeze()
    began = time.monotonic()
    other.wait_registered("alice", 15)
    print(f"registered elsewhere {time.monotonic() - began:.1f} s after the server fell silent")
    assert other.requests("REGISTER")[0].header("Expires") != "0"


def test_a_certificate_changes_under_a_registration(lab: Lab, names: NameServer) -> None:
    """A new one of the same domain is taken without a word; one for another name is refused, and said."""
    server = second(lab, "first")
    served(names, server.tls_port)
    phone = phone_at(lab, names, server.tls_port)
    phone.wait_registered()
    new = lab.kit.authority.issue("new", dns=[DOMAIN], ips=["127.0.0.1"])
    replace_certificate(server, new.cert, new.key)
    server.wait_registered("alice", 15)
    phone.wait_registered()
    wrong = lab.kit.authority.issue("wrong", dns=[f"s1.{DOMAIN}"])
    replace_certificate(server, wrong.cert, wrong.key)
    phone.wait_status(lambda s: "another name" in s["registration_reason"], 15, "the name to be refused")
    assert server.bindings("alice") == 0


def replace_certificate(server: Registrar, cert: Path, key: Path) -> None:
    """Stop, change what it shows, start."""
    server.stop()
    config = server._folder / "tls.cfg"
    assert server.certificate is not None
    text = config.read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("private_key", "certificate"))]
    at = lines.index("[client:default]")
    lines[at:at] = [f"private_key = {key}", f"certificate = {cert}"]
    config.write_text("\n".join(lines) + "\n")
    server.start()


def test_pings_ask_how_often(lab: Lab, names: NameServer) -> None:
    """REGISTER says that this end keeps the connection alive (RFC 6223), and no other request does."""
    server = second(lab, "first")
    served(names, server.tls_port)
    phone = phone_at(lab, names, server.tls_port)
    phone.wait_registered()
    phone.hook("up")
    phone.keys("102#")
    wait_until(lambda: len(server.requests("INVITE")) > 0, 5, "an INVITE")
    assert all(";keep" in one.header("Via") for one in server.requests("REGISTER"))
    assert not any(";keep" in one.header("Via") for one in server.requests("INVITE"))


def test_a_call_for_help_tries_every_server(lab: Lab, names: NameServer) -> None:
    """Over TLS first, at each server of the name, before any other transport."""
    first = second(lab, "first")
    working = second(lab, "working", numbers=dict(NUMBERS) | {"bob": "112"})
    served(names, first.tls_port, working.tls_port)
    bob = lab.baresip("bob", registrar=working)
    phone = phone_at(lab, names, first.tls_port, working.tls_port)
    phone.wait_registered()
    first.freeze()
    phone.hook("up")
    began = time.monotonic()
    phone.keys("112#")
    bob.wait_incoming(12)
    print(f"help is reached after {time.monotonic() - began:.1f} s")
    assert {invite.transport for invite in working.requests("INVITE")} == {"tls"}
    phone.hook("down")
    phone.wait_idle()
