"""Three ways to agree on the keys of one stream, behind one face: ZRTP, DTLS-SRTP, keys in SDP; and none.

A keying takes the octets of its own protocol and the time, and says what to send; ``pair`` is there when both
directions have keys. ``leg`` gives it a socket.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from tests.rig import srtp
from tests.rig.zrtp import wire
from tests.rig.zrtp.party import Party

Pair = tuple[srtp.Session, srtp.Session]
"""What we protect with, and what opens the peer's packets."""

PROFILES = {
    "AEAD_AES_256_GCM": "SRTP_AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM": "SRTP_AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80": "SRTP_AES128_CM_SHA1_80",
}
"""OpenSSL's names of the protection profiles of RFC 5764 and RFC 7714."""


class Keying(Protocol):
    """One end of one stream."""

    method: str
    """``zrtp``, ``dtls``, ``sdes`` or ``none``."""

    @property
    def trouble(self) -> str:
        """Why there will be no keys, empty as long as there may be."""

    @property
    def pair(self) -> Pair | None:
        """The keys, once they are there."""

    def start(self, now: float) -> list[bytes]:
        """What is sent first."""

    def wants(self, octets: bytes) -> bool:
        """Whether a packet is of its protocol."""

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        """Take such a packet; what is sent then."""

    def tick(self, now: float) -> list[bytes]:
        """What is sent because nothing came."""


class _Given:
    """Keys that need no packets."""

    method = "none"
    trouble = ""

    @property
    def pair(self) -> Pair | None:
        return None

    def start(self, now: float) -> list[bytes]:
        return []

    def wants(self, octets: bytes) -> bool:
        return False

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        return []

    def tick(self, now: float) -> list[bytes]:
        return []


class NoKeys(_Given):
    """Media in clear."""


class Sdes(_Given):
    """Keys in SDP (RFC 4568)."""

    method = "sdes"

    def __init__(self, suite: str = "AES_CM_128_HMAC_SHA1_80") -> None:
        made = srtp.SUITES[suite]
        self._ours = srtp.Session(made, os.urandom(made.key), os.urandom(made.salt), "ours")
        self._theirs: srtp.Session | None = None

    @property
    def pair(self) -> Pair | None:
        return (self._ours, self._theirs) if self._theirs else None

    def line(self, tag: str = "1") -> str:
        """Our ``a=crypto`` line."""
        keys = b64encode(self._ours.master_key + self._ours.master_salt).decode()
        return f"a=crypto:{tag} {self._ours.suite.name} inline:{keys}"

    def learn(self, description: str) -> None:
        """Take the peer's line of our suite."""
        found = [key for key in srtp.from_sdp([description]) if key.suite == self._ours.suite]
        if not found:
            self.trouble = f"the peer has no {self._ours.suite.name}"
        else:
            self._theirs = found[0]


class Zrtp:
    """ZRTP in the media path (RFC 6189)."""

    method = "zrtp"

    def __init__(self, party: Party) -> None:
        self.party = party

    @property
    def trouble(self) -> str:
        return self.party.trouble

    @property
    def pair(self) -> Pair | None:
        agreed = self.party.agreement
        return (agreed.ours, agreed.theirs) if agreed else None

    def start(self, now: float) -> list[bytes]:
        return self.party.start(now)

    def wants(self, octets: bytes) -> bool:
        return wire.looks_so(octets)

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        return self.party.receive(octets, now)

    def tick(self, now: float) -> list[bytes]:
        return self.party.tick(now)


class Identity:
    """A certificate as DTLS-SRTP wants it: its fingerprint is what counts."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rig")]), datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def fingerprint(self) -> str:
        """As in ``a=fingerprint:sha-256``."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class Dtls:
    """DTLS-SRTP (RFC 5764)."""

    method = "dtls"

    def __init__(
        self, identity: Identity, *, active: bool, peer: str = "", suites: Sequence[str] = tuple(PROFILES)
    ) -> None:
        """``active``: we are the client; ``peer``: the fingerprint that its certificate must have."""
        self.active = active
        self.peer = peer
        self.trouble = ""
        self.peer_fingerprint = ""
        """Of the certificate that came."""
        self._pair: Pair | None = None
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_tlsext_use_srtp(":".join(PROFILES[suite] for suite in suites).encode())
        context.use_certificate(identity.certificate)
        context.use_privatekey(identity.key)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self._connection = SSL.Connection(context, None)
        self._connection.set_ciphertext_mtu(1200)
        if active:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    @property
    def pair(self) -> Pair | None:
        return self._pair

    def start(self, now: float) -> list[bytes]:
        return self._shake() if self.active else []

    def wants(self, octets: bytes) -> bool:
        return len(octets) > 12 and 20 <= octets[0] <= 63

    def receive(self, octets: bytes, now: float) -> list[bytes]:
        self._connection.bio_write(octets)
        return self._shake()

    def tick(self, now: float) -> list[bytes]:
        if self._pair or self.trouble:
            return []
        left = self._connection.DTLSv1_get_timeout()
        if left is None or left > 0:
            return []
        self._connection.DTLSv1_handle_timeout()
        return self._out()

    def _shake(self) -> list[bytes]:
        if not self.trouble:
            try:
                self._connection.do_handshake()
                if self._pair is None:
                    self._finish()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                self.trouble = f"DTLS: {error}"
        return self._out()

    def _out(self) -> list[bytes]:
        out = []
        while True:
            try:
                out += _records(self._connection.bio_read(65536))
            except SSL.Error:
                return out

    def _finish(self) -> None:
        shown = self._connection.get_peer_certificate(as_cryptography=True)
        if shown is not None:
            self.peer_fingerprint = shown.fingerprint(hashes.SHA256()).hex(":").upper()
        if self.peer and self.peer_fingerprint != self.peer.upper():
            self.trouble = "its certificate is not the one in its SDP"
            return
        profile = self._connection.get_selected_srtp_profile().decode()
        suite = srtp.SUITES[next(name for name, its in PROFILES.items() if its == profile)]
        block = self._connection.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (suite.key + suite.salt), None
        )
        keys, salts = block[: 2 * suite.key], block[2 * suite.key :]
        sides = [
            srtp.Session(
                suite,
                keys[side * suite.key :][: suite.key],
                salts[side * suite.salt :][: suite.salt],
                f"DTLS {suite.name}",
            )
            for side in (0, 1)
        ]
        self._pair = (sides[0], sides[1]) if self.active else (sides[1], sides[0])


def _records(octets: bytes) -> list[bytes]:
    """One datagram for each DTLS record (RFC 6347 section 4.1): each fits."""
    out = []
    while len(octets) >= 13:
        length = 13 + int.from_bytes(octets[11:13])
        out.append(octets[:length])
        octets = octets[length:]
    return out


def method_of(description: str) -> str:
    """What a session description offers, the best first of ZRTP, DTLS-SRTP, SDES, nothing."""
    for mark, method in (("a=zrtp-hash:", "zrtp"), ("a=fingerprint:", "dtls"), ("a=crypto:", "sdes")):
        if mark in description:
            return method
    return "none"


def attributes(description: str) -> Mapping[str, str]:
    """The ``a=`` lines by name, of each the last."""
    lines = [line[2:] for line in description.splitlines() if line.startswith("a=")]
    return {name: value for name, _, value in (line.partition(":") for line in lines)}
