"""Signers and signed proofs for tests: certificates as RFC 8226 has them, tokens as RFC 8225 has them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
X5U = "https://signer.test/passport.pem"
TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")


def encoded(part: dict[str, Any] | bytes) -> str:
    plain = (
        part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":"), sort_keys=True).encode()
    )
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def der(tag: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


def numbers(*, provider: str = "", one: str = "", first: str = "", count: int = 0) -> bytes:
    """A TNAuthList (RFC 8226 section 9), put together by hand."""
    entries = b""
    if provider:
        entries += der(0xA0, der(0x16, provider.encode()))
    if first:
        entries += der(0xA1, der(0x30, der(0x16, first.encode()) + der(0x02, bytes([count]))))
    if one:
        entries += der(0xA2, der(0x16, one.encode()))
    return der(0x30, entries)


class Signer:
    """A key with its certificate; ``pem`` is an entry of the list of signers, under ``x5u``."""

    def __init__(
        self,
        *,
        domain: str = "phone.test",
        tn: bytes = b"",
        x5u: str = X5U,
        since: datetime = NOW - timedelta(days=1),
        until: datetime = NOW + timedelta(days=1),
        curve: ec.EllipticCurve | None = None,
    ) -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
        )
        if domain:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), False)
        if tn:
            builder = builder.add_extension(x509.UnrecognizedExtension(TN_AUTH_LIST, tn), False)
        self.certificate = builder.sign(self.key, hashes.SHA256())
        pem = self.certificate.public_bytes(Encoding.PEM)
        self.pem = f"x5u: {x5u}\n".encode() + pem if x5u else pem

    def sign(self, signing_input: str) -> str:
        r, s = decode_dss_signature(self.key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
        return encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Bob calls Alice, now; ``header`` and ``claims`` replace what they name (None: leave out)."""
        head = {"alg": "ES256", "typ": "passport", "x5u": X5U} | (header or {})
        body = {
            "dest": {"uri": ["sip:alice@phone.test"]},
            "iat": int(NOW.timestamp()),
            "orig": {"uri": "sip:bob@phone.test"},
        } | claims
        parts = f"{encoded(_without(head))}.{encoded(_without(body))}"
        return f"{parts}.{self.sign(parts)}"

    def identity(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """The same as an Identity header's value."""
        return f"{self.token(header, **claims)};info=<{X5U}>;alg=ES256"


def _without(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None}
