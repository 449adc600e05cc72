"""A DTLS-SRTP end whose datagrams a test holds in its hands: to delay, double, cut, drop or re-order them.

    peer = DtlsPeer(identity(), client=True)
    for datagram in peer.start():
        media.send(datagram)
    ...
    for datagram in peer.feed(received):
        media.send(datagram)
    tx, rx = peer.keys()

RFC 5764 over the system's libssl, which is reached by ctypes: nothing of the product is used.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rig import srtp

PROFILES = {
    "SRTP_AEAD_AES_256_GCM": "AEAD_AES_256_GCM",
    "SRTP_AEAD_AES_128_GCM": "AEAD_AES_128_GCM",
    "SRTP_AES128_CM_SHA1_80": "AES_CM_128_HMAC_SHA1_80",
    "SRTP_AES128_CM_SHA1_32": "AES_CM_128_HMAC_SHA1_32",
}
"""OpenSSL's names of the profiles of the use_srtp extension."""

_HEADER = 13
"""Octets of a DTLS record's header (RFC 6347 section 4.1)."""
_MTU = 1400
_SET_MTU, _HANDLE_TIMEOUT, _NO_QUERY_MTU, _VERIFY_PEER = 17, 74, 1 << 12, 1
_VERIFY = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_accept = _VERIFY(lambda _ok, _store: 1)
_TIMER = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint)
_impatient = _TIMER(lambda _ssl, _before: 50_000)
"""Microseconds after which ``late`` sends again."""


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate and its key."""

    certificate: bytes
    key: bytes
    fingerprint: str
    """As SDP has it: ``SHA-256 AB:CD:...``."""


@cache
def identity() -> Identity:
    """A new one, the same for all calls of this process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "far")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    der = made.public_bytes(serialization.Encoding.DER)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    digest = hashlib.sha256(der).hexdigest().upper()
    return Identity(der, secret, "SHA-256 " + ":".join(digest[i : i + 2] for i in range(0, 64, 2)))


@cache
def _ssl() -> ctypes.CDLL:
    ctypes.CDLL(ctypes.util.find_library("crypto"), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(ctypes.util.find_library("ssl"))
    for name in ("DTLS_method", "SSL_CTX_new", "SSL_new", "BIO_s_mem", "BIO_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.SSL_get_selected_srtp_profile.restype = ctypes.POINTER(_Profile)
    return library


class _Profile(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("id", ctypes.c_ulong))


class DtlsPeer:
    """One association. It speaks DTLS 1.2 and takes any certificate of the other end."""

    def __init__(self, who: Identity, *, client: bool, profiles: str = ":".join(PROFILES)) -> None:
        """``profiles``: those offered or accepted, best first."""
        lib = _ssl()
        self.client = client
        context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.DTLS_method())))
        if lib.SSL_CTX_set_tlsext_use_srtp(context, profiles.encode()):
            raise ValueError(f"libssl does not know {profiles}")
        lib.SSL_CTX_use_certificate_ASN1(context, len(who.certificate), who.certificate)
        with NamedTemporaryFile() as file:
            Path(file.name).write_bytes(who.key)
            if lib.SSL_CTX_use_PrivateKey_file(context, file.name.encode(), 1) != 1:
                raise ValueError("libssl does not take the key")
        lib.SSL_CTX_set_verify(context, _VERIFY_PEER, _accept)
        self._ssl = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_CTX_free(context)
        self._in = ctypes.c_void_p(lib.BIO_new(ctypes.c_void_p(lib.BIO_s_mem())))
        self._out = ctypes.c_void_p(lib.BIO_new(ctypes.c_void_p(lib.BIO_s_mem())))
        lib.SSL_set_bio(self._ssl, self._in, self._out)
        lib.SSL_set_options(self._ssl, ctypes.c_uint64(_NO_QUERY_MTU))
        lib.SSL_ctrl(self._ssl, _SET_MTU, ctypes.c_long(_MTU), None)
        lib.DTLS_set_timer_cb(self._ssl, _impatient)
        (lib.SSL_set_connect_state if client else lib.SSL_set_accept_state)(self._ssl)

    def close(self) -> None:
        """Free it."""
        if self._ssl:
            _ssl().SSL_free(self._ssl)
        self._ssl = ctypes.c_void_p()

    def start(self) -> list[bytes]:
        """Begin; a client's ClientHello."""
        _ssl().SSL_do_handshake(self._ssl)
        return self._flight()

    def feed(self, datagram: bytes) -> list[bytes]:
        """Take what came; return what is to be sent, one record in each."""
        lib = _ssl()
        lib.BIO_write(self._in, datagram, len(datagram))
        if self.done:
            lib.SSL_read(self._ssl, ctypes.create_string_buffer(2048), 2048)
        else:
            lib.SSL_do_handshake(self._ssl)
        lib.ERR_clear_error()
        return self._flight()

    def late(self) -> list[bytes]:
        """Nothing came in time: the last flight again, in new records (RFC 6347 section 4.2.4)."""
        _ssl().SSL_ctrl(self._ssl, _HANDLE_TIMEOUT, ctypes.c_long(0), None)
        return self._flight()

    @property
    def done(self) -> bool:
        """Whether the handshake is over on this side."""
        return bool(_ssl().SSL_is_init_finished(self._ssl))

    @property
    def suite(self) -> str:
        """The SRTP suite that was agreed, empty if none."""
        found = _ssl().SSL_get_selected_srtp_profile(self._ssl)
        return PROFILES[found.contents.name.decode()] if found else ""

    def keys(self) -> tuple[srtp.Session, srtp.Session]:
        """The keys of what this end sends, and of what it receives (RFC 5764 section 4.2)."""
        suite = srtp.SUITES[self.suite]
        length = 2 * (suite.key + suite.salt)
        block = ctypes.create_string_buffer(length)
        label = b"EXTRACTOR-dtls_srtp"
        if _ssl().SSL_export_keying_material(self._ssl, block, length, label, len(label), None, 0, 0) != 1:
            raise ValueError("no keying material")
        raw, key, salt = block.raw, suite.key, suite.salt
        salts = raw[2 * key :]
        client = srtp.Session(suite, raw[:key], salts[:salt], "DTLS client")
        server = srtp.Session(suite, raw[key : 2 * key], salts[salt:], "DTLS server")
        return (client, server) if self.client else (server, client)

    def _flight(self) -> list[bytes]:
        buffer = ctypes.create_string_buffer(65536)
        length = _ssl().BIO_read(self._out, buffer, len(buffer))
        return records(buffer.raw[:length]) if length > 0 else []


def is_dtls(octets: bytes) -> bool:
    """Whether this is DTLS among what may come to a media port (RFC 7983 section 7)."""
    return bool(octets) and 19 < octets[0] < 64


def records(octets: bytes) -> list[bytes]:
    """The DTLS records that follow one another."""
    found, at = [], 0
    while at + _HEADER <= len(octets):
        end = at + _HEADER + int.from_bytes(octets[at + 11 : at + 13], "big")
        found.append(octets[at:end])
        at = end
    return found
