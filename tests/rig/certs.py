"""A test certificate authority: one call for a right certificate and one for each way of being wrong.

ca = Authority.create(tmp_path / "ca")
good = ca.issue("registrar", dns=["phone.test"], ips=["127.0.0.1"])
expired = ca.issue("late", dns=["phone.test"], ips=["127.0.0.1"], not_after=days(-1))
other_name = ca.issue("other", dns=["elsewhere.test"])
unknown = Authority.create(tmp_path / "ca2").issue(…)
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "phone.test"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def days(number: float) -> datetime:
    """The moment so many days from now; negative: in the past."""
    return datetime.now(UTC) + timedelta(days=number)


@dataclass(frozen=True)
class Certificate:
    """Where a certificate and its key lie, each PEM; ``combined`` holds both in one file."""

    cert: Path
    key: Path
    combined: Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority with an EC P-256 key."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> Path:
        """The authority's own certificate, what a phone trusts."""
        return self.folder / "ca.pem"

    @classmethod
    def create(cls, folder: Path, name: str = "Test CA") -> Authority:
        """A new authority in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            _builder(subject, subject, key.public_key(), days(-30), days(365))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        authority = cls(folder, made, key)
        authority.pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return authority

    def issue(
        self,
        name: str,
        dns: Sequence[str] = (),
        ips: Sequence[str] = (),
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        *,
        key: Key | None = None,
        server: bool = True,
        stapled: bool = False,
        alone: bool = False,
    ) -> Certificate:
        """A certificate for server and client use.

        Args:
            name: common name and file name.
            dns: subjectAltName dNSName entries.
            ips: subjectAltName iPAddress entries.
            not_before: default yesterday.
            not_after: default in 90 days.
            key: default: a new EC key on P-256.
            server: False: for client use alone.
            stapled: it promises an OCSP response with each handshake (RFC 7633).
            alone: signed by itself, not by this authority.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in dns]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
        start, end = not_before or days(-20), not_after or days(90)
        uses = [ExtendedKeyUsageOID.SERVER_AUTH] * server + [ExtendedKeyUsageOID.CLIENT_AUTH]
        issuer = _name(name) if alone else self.certificate.subject
        builder = (
            _builder(_name(name), issuer, key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        if stapled:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
        made = builder.sign(key if alone else self.key, hashes.SHA256())
        cert, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        both = self.folder / f"{name}.both.pem"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        secret.chmod(0o600)  # the phone refuses a key that others can read
        cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        both.write_bytes(cert.read_bytes() + secret.read_bytes())
        return Certificate(cert, secret, both)

    def ocsp(self, certificate: Certificate, *, revoked: bool, hours: float = 24) -> Path:
        """This authority's word on one of its certificates, good until so many hours from now."""
        leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                leaf,
                self.certificate,
                hashes.SHA256(),
                status,
                days(-2),
                days(hours / 24),
                days(-3) if revoked else None,
                None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
            .sign(self.key, hashes.SHA256())
        )
        file = certificate.cert.with_suffix(".ocsp")
        file.write_bytes(answer.public_bytes(serialization.Encoding.DER))
        return file

    def registrar(self) -> Certificate:
        """The right certificate of the test registrar: phone.test and 127.0.0.1."""
        return self.issue("registrar", dns=[DOMAIN], ips=["127.0.0.1"])


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def pin(certificate: x509.Certificate) -> str:
    """Its public key as ``account.pin`` has it (RFC 7469 section 2.4)."""
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode()
