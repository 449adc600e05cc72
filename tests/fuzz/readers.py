"""What reads strangers' octets, or a disk's, in Python, on the way to encryption: each with what must hold
whatever it is given, and with inputs to begin with.

A reader takes octets, raises nothing, and says nothing better of them than they are.
"""

from __future__ import annotations

import base64
import re
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.resolver
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.phone import comparison, retained, stored_form
from firmware.phone.sip import authority, identity, passport, prove, sas, sdp, t140
from firmware.phone.sip.finding import order
from firmware.phone.sip.finding.names import Names
from firmware.phone.sip.finding.order import Hop
from firmware.phone.sip.passport import Checker, Proof
from firmware.phone.sip.uri import unprintable
from firmware.phone.values import Keying, Security, Trust
from firmware.phone.vault import Vault
from tests.unit.sip.passports import NOW, Signer

SIGNER, STRANGER = Signer(), Signer()
BOB, ALICE = "sip:bob@phone.test", "sip:alice@phone.test"
CHECKER = Checker(authority.read(SIGNER.pem), (ALICE, "+4930901820"))
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
COMPACT = f"..{'A' * 86};info=<{SIGNER.pem.split()[1].decode()}>;alg=ES256"

OFFER = (
    "INVITE sip:alice@phone.test SIP/2.0\r\nFrom: <sip:bob@phone.test>;tag=1\r\n"
    f"To: <sip:alice@phone.test>\r\nDate: {DATE}\r\nIdentity: {COMPACT}\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=tool:x\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:actpass\r\n"
    f"a=zrtp-hash:1.10 {'ab' * 32}\r\na=crypto:1 AEAD_AES_256_GCM inline:{'A' * 59}=\r\n"
)


def text(octets: bytes) -> str:
    """As SWIG hands over what pjsip has read."""
    return octets.decode("utf-8", "surrogateescape")


def description(octets: bytes) -> None:
    """A message with SDP: its protection, whether it declines, its fingerprints; one of ours, scrubbed."""
    message = text(octets)
    best = sdp.offered(message)
    if best is Security.END_TO_END and _has_open_audio(message):
        assert re.search("a=(fingerprint|zrtp-hash):", message, re.IGNORECASE)
    assert best is not Security.PROVIDER or "a=crypto:" in message.lower()
    declined = sdp.without_audio(message)
    assert not declined or re.search("m=audio", message, re.IGNORECASE)
    for name, digits in sdp.fingerprints(message):
        assert name == name.lower()
        assert ":" not in digits
    ours = sdp.offered_again(sdp.scrubbed(message))
    assert not re.search("^a=tool:.*\n", ours, re.MULTILINE)


def _has_open_audio(message: str) -> bool:
    body = message.replace("\r\n", "\n").partition("\n\n")[2]
    return bool(re.search(r"^m=(?i:audio)[ \t]+[1-9]", body, re.MULTILINE))


def call(octets: bytes) -> None:
    """An INVITE: who calls, and whether it asks for privacy. A proof in it is judged."""

    def check(claim: identity.Claim) -> tuple[bool, str]:
        found = CHECKER.verdict(claim.identities, claim.caller, claim.called, claim.date, NOW, claim.keys)
        return found.proof is Proof.GOOD, found.why if found.proof is Proof.FALSE else ""

    party = identity.caller(text(octets), trusted=False, domain="phone.test", check=check)
    assert party.trust is Trust.CLAIMED, "nothing in it is signed"
    assert not unprintable(party.name + party.uri + party.doubt)
    identity.private(text(octets))


def proof(octets: bytes) -> None:
    """A PASSporT that nobody of the list has signed, full or compact; its date comes first."""
    date, _, header = text(octets).partition("\n")
    keys = sdp.fingerprints(header)
    found = CHECKER.verdict([header], BOB, ALICE, date, NOW, keys)
    assert found.proof in (Proof.FALSE, Proof.UNKNOWN)
    assert found.why


def signed_proof(octets: bytes) -> None:
    """A PASSporT that is well signed, by one of the list, over whatever it likes to claim."""
    first, _, second = octets.partition(b"\n")
    parts = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (first, second))
    header = f"{parts}.{SIGNER.sign(parts)}"
    found = CHECKER.verdict([header], BOB, "sip:carol@phone.test", DATE, NOW)
    if found.proof is Proof.GOOD:
        assert b"alice" in second or b"901820" in second, "a good proof is for us"
        assert b"bob" in second, "and from the caller"


def own_proof(octets: bytes) -> None:
    """What we sign is over an SDP that may have passed through others' hands before."""
    made = prove.claims(BOB, ALICE, text(octets), "https://signer.test/x", NOW)
    assert made is not None
    assert re.fullmatch(r"[\w-]+\.[\w-]+", made.text, re.ASCII)


def certificates(octets: bytes) -> None:
    """The list of signers."""
    try:
        assert authority.read(octets)
    except ValueError as error:
        if not str(error):
            raise AssertionError("refused without a word") from None


def code(octets: bytes) -> None:
    """Two fingerprints that are to be compared; what is none has no code. (What a code costs is left out.)"""
    for end in text(octets).split("\n")[:2]:
        found = comparison._canonical(end)
        assert not found or re.fullmatch(rb"sha-(256|384|512) [0-9A-F:]{95,191}", found)
    assert passport.number_of(text(octets)).isascii()


def word_list(octets: bytes) -> None:
    """The short authentication string as words."""
    found = sas.words(text(octets))
    assert not found or len(found.split()) == 2


def record(octets: bytes) -> None:
    """A record of a vault: the secrets shared with a contact, and the level that was reached."""
    kept = retained._read(octets)
    assert kept is None or (isinstance(kept.contact, str) and isinstance(kept.record, str))
    level = stored_form.reached(octets)
    if level is not None:
        assert isinstance(level.level, Security)
        assert isinstance(level.keying, Keying)
        assert len(stored_form.octets(level)) <= stored_form.LONGEST


def files(octets: bytes) -> None:
    """The two files of a vault as somebody who has had the card may leave them: nothing is believed."""
    at = int.from_bytes(octets[:2]) if len(octets) > 1 else 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        Path(folder, "secrets.records").write_bytes(octets[2 : 2 + at])
        Path(folder, "secrets.keys").write_bytes(octets[2 + at :])
        kept = retained.Retained(Vault(Path(folder), "secrets"), [BOB], lambda job: None)
        kept.load()
        assert kept.number == 0, "what no vault wrote has no seal"
        assert kept.find(BOB) == ""


class _Answers:
    """A resolver of dnspython to which every question is answered with the same octets."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def resolve(self, name: dns.name.Name, kind: str, **_more: object) -> dns.resolver.Answer:
        question = dns.message.make_query(name, kind).to_wire()
        whole = (
            question[:2] + b"\x84\x00" + question[4:6] + self._octets[:6] + question[12:] + self._octets[6:]
        )
        answer = dns.message.from_wire(whole)
        if not isinstance(answer, dns.message.QueryMessage):
            raise dns.exception.FormError
        which = answer.question[0]
        return dns.resolver.Answer(which.name, which.rdtype, which.rdclass, answer)


class _Fuzzed(Names):
    def __init__(self, octets: bytes) -> None:
        super().__init__("127.0.0.1:53")
        self._octets = octets

    def _asking(self) -> Any:
        return _Answers(self._octets)


def name_server(octets: bytes) -> None:
    """What a name server says to NAPTR, SRV and A: bounded, at allowed ports, and nowhere impossible."""
    for hop in (Hop("phone.test", 0, "tls", (5071,)), Hop("phone.test", 5062, "tcp")):
        found = _Fuzzed(octets).find(hop)
        assert len(found.targets) <= order.MOST_TARGETS
        assert 0 < found.seconds <= 86400
        assert found.targets or found.why
        for target in found.targets:
            assert target.port in (5061, 5062, 5071)
            assert not target.address.is_multicast
            assert not target.address.is_loopback
            assert not target.address.is_link_local
            assert not target.address.is_unspecified


def _answer(*records: tuple[str, str, str]) -> bytes:
    """An answer's counts and sections, as ``name_server`` takes them."""
    made = dns.message.make_response(dns.message.make_query("phone.test.", "SRV"))
    for name, kind, value in records:
        made.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
    wire = made.to_wire()
    return wire[6:12] + wire[12 + len("phone.test.") + 1 + 4 :]


@dataclass(frozen=True)
class Reader:
    """``read`` must not raise. ``pieces``: what its inputs are made of; ``seeds``: whole ones."""

    read: Callable[[bytes], None]
    pieces: tuple[str, ...]
    seeds: tuple[bytes, ...]


_P256, _UNKNOWN_CURVE = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a864dce3d030107")
_V3, _V9 = bytes.fromhex("a003020102"), bytes.fromhex("a003020109")


def _odd(certificate: x509.Certificate) -> tuple[bytes, ...]:
    """The same with a curve and with a version that no library knows."""
    plain = certificate.public_bytes(Encoding.DER)
    found = (plain.replace(_P256, _UNKNOWN_CURVE), plain.replace(_V3, _V9))
    return tuple(ssl.DER_cert_to_PEM_cert(one).encode() for one in found)


_LINES = (
    "\r\n", "\n", "\r", "\r\n\r\n", "v=0", "m=audio ", "m=video ", "4000 ", "0 ", "9" * 5000, "٣",
    "RTP/AVP 0", "RTP/SAVP", "UDP/TLS/RTP/SAVP 0", "a=crypto:1 ", "AEAD_AES_256_GCM ", "inline:",
    "a=fingerprint:", "a = Fingerprint : ", "sha-256 ", "sha-1 ", "AB:CD", "a=zrtp-hash:1.10 ", "ab" * 32,
    "a=setup:passive", "a=tool:", "s=x", "o=root 1 1", "\udcff", "\0", " ",
)  # fmt: skip
_FIELDS = (
    "From: ", "To: ", "Date: ", "Identity: ", "Privacy: ", "id", "<sip:bob@phone.test>", "sip:", "tel:",
    "+4930901820", "@phone.test", ";tag=1", DATE, "Mon, 23 Nov 99999999999999 12:00:00 +9999", "..",
    "A" * 86, ";info=<https://signer.test/passport.pem>", ";alg=ES256", ";ppt=shaken", ";", "=", '"', "<",
    ">",
)  # fmt: skip
_CLAIMS = (
    "{", "}", "[", "]", ":", ",", '"', '"alg"', '"ES256"', '"typ"', '"passport"', '"x5u"', '"ppt"', '"crit"',
    '"iat"', str(int(NOW.timestamp())), '"dest"', '"orig"', '"uri"', '"tn"', f'"{ALICE}"', f'"{BOB}"',
    '"mky"', '"dig"', "null", "true", "1e400", "NaN", "-1", "9" * 5000, "\\ud800", "\n", "[" * 2000,
)  # fmt: skip
_KEPT = (
    "{", "}", "[", "]", ":", ",", '"contact"', '"record"', '"uri"', '"level"', '"end-to-end"', '"keying"',
    '"ZRTP"', '"zrtp"', '"peer_key"', '"differed"', "null", "true", "1e400", "9" * 5000, "\\ud800", '""',
    "[" * 2000,
)  # fmt: skip

_HEAD = '{"alg":"ES256","typ":"passport","x5u":"https://signer.test/passport.pem"}'
_BODY = f'{{"dest":{{"uri":["{ALICE}"]}},"iat":{int(NOW.timestamp())},"orig":{{"uri":"{BOB}"}}}}'


def typed(octets: bytes) -> None:
    """Packets of real-time text, each a length, flags, a number and a payload: what is shown is short, one
    line a piece, and nothing that turns the reading direction."""
    receiver, shown, at, now = t140.Receiver(), "", 0, 0.0
    while at + 4 <= len(octets):
        length, flags = octets[at] % 64, octets[at + 1]
        number = int.from_bytes(octets[at + 2 : at + 4], "big")
        came = receiver.take(number, flags, octets[at + 4 : at + 4 + length], now)
        shown = t140.shown(shown, came + receiver.late(now), 200)
        at, now = at + 4 + length, now + 0.3
    assert len(shown) <= 200
    assert not any(unprintable(line) for line in shown.split("\n"))


READERS = {
    "typed": Reader(typed, ("\0\0", "\x01", "b", "\b"), (b"\x02\x03\0\x07bh\x07\x01\0\x08\xe2\4\xb0\1bhi",)),
    "description": Reader(description, _LINES, (OFFER.encode(),)),
    "call": Reader(call, _LINES + _FIELDS, (OFFER.encode(),)),
    "proof": Reader(
        proof,
        _FIELDS + _LINES,
        (f"{DATE}\n{COMPACT}".encode(), f"{DATE}\n{STRANGER.identity()}".encode()),
    ),
    "signed_proof": Reader(signed_proof, _CLAIMS, (f"{_HEAD}\n{_BODY}".encode(),)),
    "own_proof": Reader(own_proof, _LINES, (OFFER.encode(), b"a=fingerprint:sha-256 \xf3\r\n")),
    "certificates": Reader(
        certificates, ("x5u: ", "\n", "-----BEGIN CERTIFICATE-----"), (SIGNER.pem, *_odd(SIGNER.certificate))
    ),
    "code": Reader(code, _LINES + _FIELDS, (f"sha-256 {':'.join(['AB'] * 32)}\nSHA-512 x".encode(),)),
    "word_list": Reader(word_list, ("y", "b", "9", "q", "ſ"), (b"yyyy",)),
    "record": Reader(record, _KEPT, (b'{"contact": "sip:bob@phone.test", "record": "01a1"}',)),
    "name_server": Reader(
        name_server,
        (
            "\0\1",
            "\0\0",
            "\xc0\x0c",
            "\4_tcp",
            "\6_sips",
            "\5phone",
            "\4test\0",
            "\0\x21",
            "\0\x23",
            "\0\x1c",
        ),
        (
            _answer(("phone.test.", "SRV", "10 0 5061 a.phone.test.")),
            _answer(("phone.test.", "NAPTR", '10 10 "s" "SIPS+D2T" "" _sips._tcp.phone.test.')),
            _answer(("phone.test.", "A", "192.0.2.1"), ("phone.test.", "AAAA", "2001:db8::1")),
            _answer(("phone.test.", "CNAME", "phone.test.")),
        ),
    ),
    "files": Reader(files, ("SVAULT1\n", "\0\0", "\0" * 32), (b"\0\x08SVAULT1\n" + bytes(3200),)),
}
