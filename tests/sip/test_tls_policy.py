"""TLS as the phone speaks it: what it offers on the wire, and which servers it refuses in plain words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.rig import certs, ports
from tests.rig.certs import Certificate, pin
from tests.rig.client_hello import (
    EARLY_DATA,
    PRE_SHARED_KEY,
    SERVER_NAME,
    SESSION_TICKET,
    STATUS_REQUEST,
    X25519MLKEM768,
    ClientHello,
    of_openssl,
    openssl_version,
    parse,
)
from tests.rig.lab import Kit, Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.rig.stapling import StaplingServer
from tests.rig.tls_server import TlsServer

pytestmark = pytest.mark.live

TLS_1_2, TLS_1_3 = 0x0304 - 1, 0x0304
AEAD_WITH_ECDHE = {
    0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9,  # TLS 1.2: AES-GCM and ChaCha20-Poly1305 (RFC 5289, 7905)
    0x1301, 0x1302, 0x1303,  # TLS 1.3
    0x00FF,  # no suite: secure renegotiation (RFC 5746)
}  # fmt: skip


def hellos(server: TlsServer) -> list[ClientHello]:
    """What the phone said first on each connection."""
    return [parse(visit.first) for visit in server.visits if visit.first]


# --- what is offered -----------------------------------------------------------------------------------


def test_what_the_phone_offers(lab: Lab) -> None:
    """TLS 1.3 first and 1.2, ephemeral keys and AEAD alone, no session to take up, no name of the server."""
    server = lab.tls_server(lab.kit.certificate)
    lab.phone(proxy=server.uri, registrar=None)
    server.wait_data()
    (hello,) = hellos(server)
    assert hello.versions == (TLS_1_3, TLS_1_2)
    assert set(hello.suites) <= AEAD_WITH_ECDHE
    assert not {SESSION_TICKET, PRE_SHARED_KEY, EARLY_DATA, SERVER_NAME} & hello.extensions.keys()
    assert STATUS_REQUEST in hello.extensions


NAMES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305",
}
GROUP_NAMES = {
    X25519MLKEM768: "X25519MLKEM768",
    29: "x25519", 23: "secp256r1", 30: "x448", 24: "secp384r1", 25: "secp521r1",
}  # fmt: skip
FINITE_FIELDS = range(256, 261)


def test_the_manifest_names_what_is_offered(lab: Lab) -> None:
    """`sotto manifest` against the ClientHello: each suite and group of the one is in the other."""
    server = lab.tls_server(lab.kit.certificate)
    phone = lab.phone(proxy=server.uri, registrar=None)
    server.wait_data()
    (hello,) = hellos(server)
    said = phone.do("manifest")["algorithms"]
    assert {NAMES[suite] for suite in hello.suites if suite in NAMES} == set(said["TLS suites"])
    groups = {GROUP_NAMES[group] for group in hello.groups if group not in FINITE_FIELDS}
    assert groups == {group for group in said["TLS groups"] if "RFC 7919" not in group}


def test_post_quantum_hybrid_where_openssl_has_it(lab: Lab) -> None:
    """X25519MLKEM768 is offered first, with a share, exactly where OpenSSL is 3.5 or later: nothing that we
    set keeps out a group that the library would offer.
    """
    server = lab.tls_server(lab.kit.certificate)
    lab.phone(proxy=server.uri, registrar=None)
    server.wait_data()
    (hello,) = hellos(server)
    assert hello.groups == of_openssl().groups
    if openssl_version() >= (3, 5):
        assert hello.groups[0] == X25519MLKEM768
        assert X25519MLKEM768 in hello.shares
    else:
        assert X25519MLKEM768 not in hello.groups


def test_what_was_agreed_is_told(lab: Lab) -> None:
    lab.registrar()
    phone = lab.phone()
    agreed = phone.status()["signalling"]
    assert agreed["tls"] == "TLSv1.3"
    assert agreed["suite"].startswith("TLS_")
    assert agreed["group"]
    assert agreed["post_quantum"] == ("MLKEM" in agreed["group"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("switch", ["private", "open"])
def test_no_session_is_taken_up_again(lab: Lab, version: ssl.TLSVersion, switch: str) -> None:
    """The server gives a ticket with each handshake; the next connection of the phone brings none, whatever
    the switch says, and nothing else that it was given.
    """

    def only(context: ssl.SSLContext) -> None:
        context.maximum_version = version

    server = lab.tls_server(lab.kit.certificate, adjust=only, says=[b"\r\n\r\n"])
    phone = lab.phone(proxy=server.uri, registrar=None)
    phone.privacy(switch)
    server.wait_data()
    server.drop()
    wait_until(lambda: len(hellos(server)) >= 2, 20, "another connection")
    for hello in hellos(server):
        assert not {PRE_SHARED_KEY, EARLY_DATA} & hello.extensions.keys()
        assert not hello.extensions.get(SESSION_TICKET)
    sessions = [hello.session for hello in hellos(server)]
    assert len(set(sessions)) == len(sessions), "the field is filled at random (RFC 8446 appendix D.4)"
    assert server.resumed == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_connects_to_the_phone_gets_no_ticket_either(lab: Lab, version: ssl.TLSVersion) -> None:
    """A phone for direct calls takes connections: under the same rules."""
    phone = lab.phone(account=False)
    context = ssl.create_default_context(cafile=str(lab.kit.authority.pem))
    context.check_hostname = False
    context.minimum_version = context.maximum_version = version

    def connect(session: ssl.SSLSession | None = None) -> tuple[ssl.SSLSession | None, bool]:
        with (
            socket.create_connection((phone.address, phone.sip_port), 5) as plain,
            context.wrap_socket(plain, session=session) as secure,
        ):
            secure.settimeout(0.5)
            with suppress(TimeoutError):
                secure.recv(1)  # whatever comes after the handshake
            return secure.session, bool(secure.session_reused)

    session, _ = connect()
    assert session is None or not session.has_ticket
    assert connect(session)[1] is False


def test_who_connects_to_the_phone_must_speak_as_well(lab: Lab) -> None:
    phone = lab.phone(account=False)
    for adjust in (older, partial(suites, "ECDHE-ECDSA-AES128-SHA256")):
        context = ssl.create_default_context(cafile=str(lab.kit.authority.pem))
        context.check_hostname = False
        adjust(context)
        with (
            socket.create_connection((phone.address, phone.sip_port), 5) as plain,
            pytest.raises((ssl.SSLError, ConnectionError)),
            context.wrap_socket(plain),
        ):
            pass


# --- servers that do less ------------------------------------------------------------------------------


def older(context: ssl.SSLContext) -> None:
    """TLS 1.1 and below."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1


def suites(names: str, context: ssl.SSLContext) -> None:
    """TLS 1.2 with these suites."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{names}:@SECLEVEL=0")


def right(kit: Kit) -> Certificate:
    return kit.certificate


def with_rsa(bits: int, kit: Kit) -> Certificate:
    key = rsa.generate_private_key(65537, bits)
    return kit.authority.issue(f"rsa{bits}", ["phone.test"], ["127.0.0.1"], key=key)


@dataclass(frozen=True)
class Case:
    """A server that is not good enough, and the words for it."""

    words: str
    adjust: Callable[[ssl.SSLContext], None] | None = None
    certificate: Callable[[Kit], Certificate] = right
    instead: bytes | None = None


TOO_OLD, WEAK = "TLS that is too old", "only weak encryption"
SERVERS = {
    "TLS 1.1": Case(TOO_OLD, older),
    "CBC": Case(WEAK, partial(suites, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA")),
    "CBC with RSA": Case(WEAK, partial(suites, "ECDHE-RSA-AES256-SHA384"), partial(with_rsa, 2048)),
    "RSA key exchange": Case(WEAK, partial(suites, "AES128-GCM-SHA256"), partial(with_rsa, 2048)),
    "RSA key exchange, AES256": Case(WEAK, partial(suites, "AES256-GCM-SHA384"), partial(with_rsa, 2048)),
    "RSA key exchange, CBC": Case(WEAK, partial(suites, "AES128-SHA"), partial(with_rsa, 2048)),
    "finite-field groups": Case(WEAK, partial(suites, "DHE-RSA-AES128-GCM-SHA256"), partial(with_rsa, 2048)),
    "a weak key": Case("too weak a key", lambda context: None, partial(with_rsa, 1024)),
    "signed by itself": Case(
        "self-signed",
        None,
        lambda kit: kit.authority.issue("alone", ["phone.test"], ["127.0.0.1"], alone=True),
    ),
    "for clients": Case(
        "not one for servers",
        None,
        lambda kit: kit.authority.issue("client", ["phone.test"], ["127.0.0.1"], server=False),
    ),
    "no TLS": Case("does not speak TLS", instead=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
}


@pytest.mark.parametrize("case", SERVERS)
def test_a_server_that_is_not_good_enough(lab: Lab, case: str) -> None:
    """Not one octet of SIP leaves; display and status say why, and a call is not placed either."""
    wanted = SERVERS[case]

    def adjust(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        if wanted.adjust is not None:
            wanted.adjust(context)

    certificate = wanted.certificate(lab.kit)
    server = lab.tls_server(certificate, adjust=adjust, instead=wanted.instead)
    phone = lab.phone(proxy=server.uri, registrar=None)
    refused(phone, wanted.words)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("not trusted|no connection|not reachable|certificate", 8)
    assert server.data == b""
    assert server.datagrams == []
    assert all(visit.first[:2] == b"\x16\x03" for visit in server.visits)


def refused(phone: Phone, words: str, seconds: float = 10) -> None:
    """Both tell the cause, and what to do."""
    told = phone.wait_status(
        lambda status: words in status["registration_reason"], seconds, f'"{words}" in the status'
    )
    assert told["registration"] == "failed"
    assert "; " in told["registration_reason"]
    phone.wait_screen(words.split(" (")[0].replace(" ", r"\s*"))


def test_nobody_listens(lab: Lab) -> None:
    phone = lab.phone(proxy=f"sip:127.0.0.1:{ports.one(ports.LOOPBACK)};transport=tls;lr", registrar=None)
    refused(phone, "takes no connection")


def test_the_name_is_not_known(lab: Lab) -> None:
    """RFC 6761 section 6.4: nobody has a name under ``invalid``."""
    phone = lab.phone(proxy="sip:nowhere.invalid;transport=tls;lr", registrar=None)
    refused(phone, "name is not known", 30)


def test_a_server_that_never_answers_the_handshake(lab: Lab) -> None:
    server = lab.tls_server(lab.kit.certificate, instead=b"")
    refused(lab.phone(proxy=server.uri, registrar=None), "does not answer", 30)
    assert server.data == b""


def test_a_server_that_breaks_off(lab: Lab) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as listener:
        listener.settimeout(15)
        port = listener.getsockname()[1]
        phone = lab.phone(proxy=f"sip:127.0.0.1:{port};transport=tls;lr", registrar=None)
        connection, _ = listener.accept()
        connection.recv(100)
        connection.close()
        refused(phone, "broke the connection off")


# --- pins ----------------------------------------------------------------------------------------------


def pinned(lab: Lab, server: TlsServer, *keys: str) -> Phone:
    listed = ", ".join(f'"{key}"' for key in keys)
    return lab.phone(proxy=server.uri, registrar=None, account_extra=f"pin = [{listed}]\n")


def leaf(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.cert.read_bytes())


@pytest.mark.parametrize("whose", ["the server's own", "its authority's"])
def test_a_pinned_key(lab: Lab, whose: str) -> None:
    """A second pin, of a key in reserve, does no harm."""
    server = lab.tls_server(lab.kit.certificate)
    good = lab.kit.authority.certificate if "authority" in whose else leaf(lab.kit.certificate)
    reserve = certs.Authority.create(lab.folder / "reserve").certificate
    pinned(lab, server, pin(reserve), pin(good))
    assert server.wait_data().startswith(b"REGISTER sip:phone.test")


def test_another_key_than_the_pinned_one(lab: Lab) -> None:
    """The certificate is good in all else: issued by mistake, or by an authority that was made to."""
    server = lab.tls_server(lab.kit.authority.issue("other", ["phone.test"], ["127.0.0.1"]))
    refused(pinned(lab, server, pin(leaf(lab.kit.certificate))), "another key than the pinned one")
    assert server.data == b""


def test_a_pinned_certificate_that_is_only_sent_along(lab: Lab) -> None:
    """A server can send any certificate beside its own: only the chain that was verified counts."""
    elsewhere = certs.Authority.create(lab.folder / "elsewhere")
    mixed = lab.kit.authority.issue("mixed", ["phone.test"], ["127.0.0.1"])
    mixed.cert.write_bytes(mixed.cert.read_bytes() + elsewhere.pem.read_bytes())
    server = lab.tls_server(mixed)
    refused(pinned(lab, server, pin(elsewhere.certificate)), "another key than the pinned one")
    assert server.data == b""


# --- revocation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promised", "staple", "words"),
    [
        (False, "good", ""),
        (True, "good", ""),
        (False, "none", ""),
        (False, "revoked", "was revoked"),
        (True, "none", "without the word on its revocation"),
        (True, "old", "without the word on its revocation"),
        (True, "another authority's", "without the word on its revocation"),
    ],
)
def test_a_stapled_response(lab: Lab, promised: bool, staple: str, words: str) -> None:
    """OCSP as the server brings it (RFC 6066 section 8); the phone itself asks nobody."""
    authority = lab.kit.authority
    certificate = authority.issue("stapled", ["phone.test"], ["127.0.0.1"], stapled=promised)
    file = None
    if staple == "another authority's":
        file = certs.Authority.create(lab.folder / "ca2").ocsp(certificate, revoked=False)
    elif staple != "none":
        file = authority.ocsp(certificate, revoked=staple == "revoked", hours=-1 if staple == "old" else 24)
    server = lab.add(StaplingServer(lab.folder, certificate, file))
    phone = lab.phone(proxy=server.uri, registrar=None)
    if words:
        refused(phone, words)
        assert "REGISTER" not in server.data
    else:
        wait_until(lambda: "REGISTER sip:phone.test" in server.data, 10, "the REGISTER")
