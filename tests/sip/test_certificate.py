"""A server with a wrong certificate gets not one octet of SIP, and the phone says why in plain words."""

from __future__ import annotations

import pytest

from tests.rig import certs
from tests.rig.certs import Certificate
from tests.rig.lab import Kit, Lab
from tests.rig.processes import wait_until
from tests.rig.tls_server import TlsServer

pytestmark = pytest.mark.live

CASES = {
    "another name": "name",
    "expired": "expired",
    "not yet valid": "not yet valid",
    "unknown authority": "authority",
    "of the right name on another address": "name",
}
"""What is wrong, and a word that must be among the reasons."""


def wrong(kit: Kit, lab: Lab, case: str) -> Certificate:
    """A certificate that is wrong in one way."""
    names, ips = ["phone.test"], ["127.0.0.1"]
    if case == "another name":
        return kit.authority.issue("elsewhere.test", dns=["elsewhere.test"], ips=["127.9.9.9"])
    if case == "expired":
        return kit.authority.issue("expired", names, ips, not_after=certs.days(-1))
    if case == "not yet valid":
        return kit.authority.issue("early", names, ips, not_before=certs.days(2))
    if case == "unknown authority":
        return certs.Authority.create(lab.folder / "ca2", "Another CA").registrar()
    return kit.authority.issue("sub.phone.test", dns=["sub.phone.test", "notphone.test"], ips=["127.0.0.2"])


@pytest.mark.parametrize("case", CASES)
def test_no_octet_leaves_and_the_reason_is_told(lab: Lab, case: str) -> None:
    """The phone leaves with the handshake, and sends nothing by another way either."""
    server = lab.tls_server(wrong(lab.kit, lab, case))
    phone = lab.phone(proxy=server.uri, registrar=None)
    server.wait_visit()
    status = phone.wait_registration("failed")
    assert "certificate" in status["registration_reason"]
    assert CASES[case] in status["registration_reason"]
    phone.wait_screen("not trusted|certificate")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("not trusted|no connection|certificate", 8)
    assert_nothing_sent(server)


def test_the_right_certificate_gets_the_register(lab: Lab) -> None:
    """The positive control: the same server with the right certificate is sent a REGISTER."""
    server = lab.tls_server(lab.kit.certificate)
    lab.phone(proxy=server.uri, registrar=None)
    assert server.wait_visit().handshake == "done"
    wait_until(lambda: server.data.startswith(b"REGISTER sip:phone.test"), 5, "the REGISTER")
    assert server.datagrams == []


def test_an_impostor_in_the_registrars_place_gets_nothing(lab: Lab) -> None:
    """The registrar dies; who comes up at its address with a certificate of its own is not spoken to."""
    registrar = lab.registrar()
    phone = lab.phone()
    registrar.stop()
    elsewhere = certs.Authority.create(lab.folder / "ca2", "Another CA")
    impostor = lab.tls_server(elsewhere.registrar(), port=registrar.tls_port)
    impostor.wait_visit(40)
    status = phone.wait_registration("failed")
    assert "authority" in status["registration_reason"]
    assert_nothing_sent(impostor)


def assert_nothing_sent(server: TlsServer) -> None:
    """Handshakes alone, each begun as TLS; whether one is finished or broken off is the library's choice."""
    assert server.data == b""
    assert server.datagrams == []
    for visit in server.visits:
        assert visit.first[:2] in (b"\x16\x03", b"")
