"""Calls that are signed (RFC 8224): what leaves, whom it convinces, and who puts his own keys into it."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.unit.sip.passports import X5U, Signer

pytestmark = pytest.mark.live

SIGNER = Signer(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2099, 1, 1, tzinfo=UTC))
OTHER_KEY = ":".join(["00"] * 32)


def identity(folder: Path) -> str:
    """Lines for [account]: its own key and certificate."""
    cert, key = folder / "identity.pem", folder / "identity.key"
    cert.write_bytes(SIGNER.certificate.public_bytes(serialization.Encoding.PEM))
    key.touch(mode=0o600)
    key.write_bytes(
        SIGNER.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return f'identity_cert = "{cert}"\nidentity_key = "{key}"\nidentity_url = "{X5U}"\n'


def signers(folder: Path) -> str:
    """Who may vouch for callers, for the other phone."""
    file = folder / "signers.pem"
    file.write_bytes(SIGNER.pem)
    return f'[privacy]\ncaller_certificates = "{file}"\n'


def calling(lab: Lab, **options: Any) -> Phone:
    phone = lab.phone("alice", account_extra=identity(lab.folder), **options)
    phone.privacy("open")
    return phone


def read(message: Message) -> dict[str, Any]:
    """The claims of an INVITE's proof, after header, signature and form were judged without our own code."""
    match = re.fullmatch(r"([\w-]+)\.([\w-]+)\.([\w-]+);info=<(.*)>;alg=ES256", message.header("Identity"))
    assert match is not None, message
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in match.groups()[:3])
    assert json.loads(header) == {"alg": "ES256", "typ": "passport", "x5u": X5U}
    assert match[4] == X5U
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    signed = f"{match[1]}.{match[2]}".encode()
    SIGNER.key.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    found: dict[str, Any] = json.loads(claims)
    assert claims.decode() == json.dumps(found, sort_keys=True, separators=(",", ":"))
    return found


def keys(message: Message) -> list[dict[str, str]]:
    """The fingerprints in the SDP, in the form of ``mky``."""
    found = re.findall(r"^a=fingerprint:(\S+) (\S+)\r?$", message.body, re.MULTILINE)
    return [{"alg": alg.lower(), "dig": digits.replace(":", "")} for alg, digits in sorted(found)]


def invites(registrar: Registrar, phone: Phone) -> list[Message]:
    return registrar.messages(
        lambda message: message.method == "INVITE" and message.source.startswith(f"{phone.address}:")
    )


def test_a_signed_call(lab: Lab) -> None:
    """What was signed is what the message says; the phone that is called shows the caller as verified."""
    registrar = lab.registrar()
    bob = lab.phone("bob", extra=signers(lab.folder))
    alice = calling(lab)
    alice.do("dial", "sip:bob@phone.test")
    assert bob.wait_call("ringing")["trust"] == "verified"
    bob.wait_screen("verified")
    (invite,) = invites(registrar, alice)
    claims = read(invite)
    assert abs(claims["iat"] - time.time()) < 30
    assert claims["orig"] == {"uri": "sip:alice@phone.test"}
    assert claims["dest"] == {"uri": ["sip:bob@phone.test"]}
    assert claims["mky"] == keys(invite)
    assert len(claims["mky"]) == 1
    bob.hook("up")
    alice.wait_call("active", security="end-to-end")


@pytest.mark.parametrize("switch", ["private", "broken", "star code"])
def test_a_private_call_is_not_signed(lab: Lab, switch: str) -> None:
    registrar = lab.registrar(challenge_invite=True)
    alice = calling(lab)
    alice.privacy("open" if switch == "star code" else switch)
    alice.do("dial", "*31#102" if switch == "star code" else "102")
    alice.wait_call("ended")
    found = invites(registrar, alice)
    assert len(found) == 2
    assert not any(message.header("Identity") for message in found)


def test_the_attempt_with_a_password_is_signed_too(lab: Lab) -> None:
    registrar = lab.registrar(challenge_invite=True)
    alice = calling(lab)
    alice.do("dial", "sip:bob@phone.test")
    alice.wait_call("ended")
    found = invites(registrar, alice)
    assert [bool(message.header("Proxy-Authorization")) for message in found] == [False, True]
    for message in found:
        assert read(message)["mky"] == keys(message) != []


def test_each_offer_is_signed_for_itself(lab: Lab) -> None:
    """The first one is refused, the second has other keys: each INVITE bears a proof of its own."""
    registrar = lab.registrar()
    alice = calling(lab, encryption="provider")
    alice.do("dial", "9488")
    alice.wait_call("ended")
    first, second = invites(registrar, alice)
    assert read(first)["mky"] == keys(first) != []
    assert "a=crypto" in second.body
    assert "mky" not in read(second)
    assert keys(second) == []


Attack = tuple[str, str]
ATTACKS: dict[str, Attack] = {
    "another key": (r"a=fingerprint:[Ss][Hh][Aa]-256 [0-9A-F:]+", f"a=fingerprint:SHA-256 {OTHER_KEY}"),
    "a key beside ours": ("a=setup:", f"a=fingerprint:SHA-256 {OTHER_KEY}\\r\\na=setup:"),
    "a weaker hash": (r"a=fingerprint:[Ss][Hh][Aa]-256", "a=fingerprint:SHA-1"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_somebody_on_the_way_puts_his_keys_in(lab: Lab, attack: str) -> None:
    """The signature is good, the keys of the call are not those that were signed: not verified, and said."""
    lab.registrar(rewrites=[ATTACKS[attack]])
    bob = lab.phone("bob", extra=signers(lab.folder))
    alice = calling(lab)
    alice.do("dial", "sip:bob@phone.test")

    def look() -> dict[str, Any] | None:
        return next((call for call in bob.status()["calls"] if call["doubt"]), None)

    call = wait_until(look, 8, "a doubt about the caller")
    assert call["doubt"] == "somebody has changed the keys of this call on the way"
    assert call["trust"] == "claimed"


def test_the_key_is_in_no_log(lab: Lab) -> None:
    """Nor any part of the proof that could be used by others."""
    lab.registrar()
    alice = calling(lab)
    alice.do("dial", "9486")
    alice.wait_call("ended")
    log = alice.process.log.read_text()
    number = SIGNER.key.private_numbers().private_value
    assert f"{number:x}" not in log.lower()
    assert base64.b64encode(number.to_bytes(32, "big")).decode()[4:-4] not in log
    assert "BEGIN" not in log


def test_key_and_certificate_must_belong_together(lab: Lab) -> None:
    lines = identity(lab.folder)
    key = ec.generate_private_key(ec.SECP256R1())
    (lab.folder / "identity.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    phone = Phone(lab.folder, lab.kit.authority, address=lab.address(), account_extra=lines)
    phone.start(ready=False)
    try:
        phone.process.wait_for("is not the key of account.identity_cert", 10)
    finally:
        phone.stop()
