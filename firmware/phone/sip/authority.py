"""The certificates that may vouch for callers, and for whom each of them may (RFC 8226). Pure.

The file holds PEM certificates, each for an EC key on P-256, the only one that ES256 (RFC 8225 section 8)
can be checked with. Text may stand before a certificate; a line ``x5u: https://…`` there says under which
address callers' proofs name it. Nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec

MOST = 100
"""Certificates in the list: each is tried for a proof that names none of them."""

_TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
_PEM = re.compile(
    rb"(?P<before>.*?)(?P<pem>-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----)", re.DOTALL
)
_X5U = re.compile(rb"^\s*#?\s*x5u\s*[:=]\s*\"?(?P<url>https?://[^\s\"]+)", re.MULTILINE | re.IGNORECASE)


@asn1.sequence
class _Range:
    start: asn1.IA5String
    count: int


_Entry = (
    Annotated[asn1.Variant[asn1.IA5String, Literal["spc"]], asn1.Explicit(0)]
    | Annotated[asn1.Variant[_Range, Literal["range"]], asn1.Explicit(1)]
    | Annotated[asn1.Variant[asn1.IA5String, Literal["one"]], asn1.Explicit(2)]
)


@asn1.sequence
class _Wrapped:
    """A sequence of the list alone: the library decodes sequences, not lists."""

    entries: list[_Entry]


_UNUSABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library says of a certificate that is well formed and still of no use."""


@dataclass(frozen=True)
class Authority:
    """One certificate of the list.

    ``domains``: those of its subject alternative names, whose SIP addresses it may vouch for (RFC 5922
    section 7.1: DNS names and SIP URIs without a user). ``any_number``: it names a service provider, who
    vouches for each of its customers' numbers. ``numbers``: ranges, first and last, digits of equal length.
    """

    key: ec.EllipticCurvePublicKey
    since: datetime
    until: datetime
    x5u: str = ""
    domains: frozenset[str] = frozenset()
    any_number: bool = False
    numbers: tuple[tuple[str, str], ...] = ()

    def valid(self, now: datetime) -> bool:
        return self.since <= now <= self.until

    def speaks_for_number(self, digits: str) -> bool:
        return self.any_number or any(
            len(digits) == len(first) and first <= digits <= last for first, last in self.numbers
        )

    def speaks_for_domain(self, host: str) -> bool:
        return host.lower() in self.domains


def read(pem: bytes) -> tuple[Authority, ...]:
    """The certificates of a file. Raises ValueError, in words for a person, for one that cannot be used."""
    found = []
    for number, match in enumerate(_PEM.finditer(pem), start=1):
        if number > MOST:
            raise ValueError(f"holds more than {MOST} certificates; leave out some")
        named = _X5U.findall(match["before"])
        try:
            certificate = x509.load_pem_x509_certificate(match["pem"])
            found.append(_authority(certificate, named[-1].decode("ascii") if named else ""))
        except _UNUSABLE as error:
            raise ValueError(f"certificate {number} cannot be used ({error}); remove it") from None
    if not found:
        raise ValueError("holds no certificate; name the right file")
    return tuple(found)


def _authority(certificate: x509.Certificate, x5u: str) -> Authority:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("its key is not an EC key on P-256")
    any_number, numbers = _numbers(certificate)
    return Authority(
        key,
        certificate.not_valid_before_utc.astimezone(UTC),
        certificate.not_valid_after_utc.astimezone(UTC),
        x5u,
        frozenset(_domains(certificate)),
        any_number,
        numbers,
    )


def _domains(certificate: x509.Certificate) -> Iterable[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in names.get_values_for_type(x509.DNSName):
        yield name.lower()
    for uri in names.get_values_for_type(x509.UniformResourceIdentifier):
        if uri.lower().startswith("sip:") and "@" not in uri:
            yield uri[4:].lower()


def _numbers(certificate: x509.Certificate) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """Whether a service provider is named, and the ranges of the TNAuthList (RFC 8226 section 9)."""
    try:
        raw = certificate.extensions.get_extension_for_oid(_TN_AUTH_LIST).value.public_bytes()
    except x509.ExtensionNotFound:
        return False, ()
    provider = False
    ranges: list[tuple[str, str]] = []
    for entry in asn1.decode_der(_Wrapped, _sequence(raw)).entries:
        value = entry.value
        if isinstance(value, _Range):
            first = _digits(value.start.as_str())
            last = str(int(first) + value.count - 1).zfill(len(first))
            if value.count < 1 or len(last) != len(first):
                raise ValueError("its range of numbers is not valid")
            ranges.append((first, last))
        elif entry.tag == "one":
            number = _digits(value.as_str())
            ranges.append((number, number))
        else:
            provider = True
    return provider, tuple(ranges)


def _digits(text: str) -> str:
    if not re.fullmatch("[0-9]{1,15}", text):
        raise ValueError("one of its numbers is not valid")
    return text


def _sequence(content: bytes) -> bytes:
    """A DER sequence around ``content`` (ITU-T X.690 section 8.1.3)."""
    length = len(content)
    if length < 128:
        return b"\x30" + bytes([length]) + content
    size = (length.bit_length() + 7) // 8
    return b"\x30" + bytes([0x80 | size]) + length.to_bytes(size, "big") + content
