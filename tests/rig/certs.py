"""A test certificate authority: one call for a right certificate and one for each way of being wrong.

ca = Authority.create(tmp_path / "ca")
good = ca.issue("registrar", dns=["phone.test"], ips=["127.0.0.1"])
expired = ca.issue("late", dns=["phone.test"], ips=["127.0.0.1"], not_after=days(-1))
other_name = ca.issue("other", dns=["elsewhere.test"])
unknown = Authority.create(tmp_path / "ca2").issue(…)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "phone.test"


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
        by_rsa: bool = False,
    ) -> Certificate:
        """A certificate for server and client use.

        Args:
            name: common name and file name.
            dns: subjectAltName dNSName entries.
            ips: subjectAltName iPAddress entries.
            not_before: default yesterday.
            not_after: default in 90 days.
            by_rsa: an RSA key instead of ECDSA, so that suites with RSA key transport are possible.
        """
        key = rsa.generate_private_key(65537, 2048) if by_rsa else ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in dns]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
        start, end = not_before or days(-20), not_after or days(90)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        made = (
            _builder(_name(name), self.certificate.subject, key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )
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
