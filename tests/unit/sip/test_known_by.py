"""By what a call makes a telephone or its owner known: a contact's certificate, the owner's signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.phone.clock import FakeClock
from firmware.phone.config import Account, Config, Contact, Secret
from firmware.phone.errors import SipError
from firmware.phone.privacy import Exposure, exposure
from firmware.phone.sip import authority
from firmware.phone.sip.passport import Checker, Proof
from firmware.phone.sip.pjsua.certificates import CallCertificates
from firmware.phone.sip.pjsua.proving import PjProver, provers_of
from firmware.phone.sip.sdp import fingerprints
from firmware.phone.values import Party, SwitchPosition
from tests.unit.sip.passports import NOW, X5U, Signer

OPEN, PRIVATE = exposure(SwitchPosition.OPEN), exposure(SwitchPosition.PRIVATE)
BOB, CAROL = Party("sip:bob@phone.test"), Party("sip:carol@phone.test")
CONTACTS = (Contact("Bob", BOB.uri), Contact("Carol", "sip:carol@phone.test;transport=tls"))


class Kept(dict[str, str]):
    """Keeps in memory what is given."""

    def find(self, contact: str) -> str:
        return self.get(contact, "")

    def keep(self, contact: str, record: str) -> None:
        self[contact] = record


def shown(of: Callable[[Party, Exposure], object], party: Party, how: Exposure = OPEN) -> str | None:
    """The certificate that a call shows; None: a new one."""
    found = of(party, how)
    return None if found is None else found.pem()  # type: ignore[attr-defined]


def test_one_for_each_contact_and_always_the_same() -> None:
    kept = Kept()
    of = CallCertificates(CONTACTS, kept).of
    bob, carol = shown(of, BOB), shown(of, CAROL)
    assert bob is not None
    assert len({bob, carol}) == 2
    assert kept == {CONTACTS[0].uri: bob, CONTACTS[1].uri: carol}
    assert shown(of, Party("sip:bob@PHONE.test", "Robert")) == bob
    assert shown(CallCertificates(CONTACTS, kept).of, CAROL) == carol, "after a restart"


@pytest.mark.parametrize(
    ("party", "how"),
    [
        (Party("sip:eve@phone.test"), OPEN),
        (replace(BOB, anonymous=True), OPEN),
        (replace(BOB, doubt="the signature is wrong"), OPEN),
        (BOB, PRIVATE),
        (BOB, Exposure()),
        (BOB, exposure(SwitchPosition.OPEN, restricted=True)),
        (BOB, exposure(SwitchPosition.PRIVATE, emergency=True)),
        (BOB, exposure(SwitchPosition.UNREADABLE)),
    ],
)
def test_everybody_else_sees_a_new_one(party: Party, how: Exposure) -> None:
    kept = Kept()
    assert shown(CallCertificates(CONTACTS, kept).of, party, how) is None
    assert kept == {}


def test_where_nothing_is_kept_each_call_has_a_new_one() -> None:
    assert shown(CallCertificates(CONTACTS, None).of, BOB) is None


def test_a_record_that_cannot_be_used_is_replaced() -> None:
    kept = Kept({BOB.uri: "garbage"})
    made = shown(CallCertificates(CONTACTS, kept).of, BOB)
    assert made == kept[BOB.uri] != "garbage"


# --- the signature -------------------------------------------------------------------------------------

SDP = "v=0\r\na=fingerprint:SHA-256 " + ":".join(["AB"] * 32) + "\r\n"


def account(folder: Path, signer: Signer, key: ec.EllipticCurvePrivateKey | None = None) -> Account:
    cert, file = folder / "identity.pem", folder / "identity.key"
    cert.write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    file.write_bytes(
        (key or signer.key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    made = Account("alice", "phone.test", Secret("x"))
    return replace(made, identity_cert=cert, identity_key=file, identity_url=X5U)


def crash(error: BaseException) -> None:
    raise error


def test_what_is_signed_convinces(tmp_path: Path) -> None:
    signer = Signer()
    prover = PjProver(account(tmp_path, signer), FakeClock(NOW), crash)
    value = prover.prove("sip:alice@phone.test", "sip:bob@phone.test", SDP)
    prover.close()
    verdict = Checker(authority.read(signer.pem), (BOB.uri,)).verdict(
        [value], "sip:alice@phone.test", BOB.uri, "", NOW, fingerprints(SDP)
    )
    assert verdict.proof is Proof.GOOD


def test_a_certificate_that_is_not_valid_today_signs_nothing(tmp_path: Path) -> None:
    prover = PjProver(account(tmp_path, Signer()), FakeClock(NOW + timedelta(days=3)), crash)
    assert prover.prove("sip:alice@phone.test", "sip:bob@phone.test", SDP) == ""
    prover.close()


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(SipError, match="is not the key of"):
        PjProver(account(tmp_path, Signer(), other), FakeClock(NOW), crash)


def test_a_key_that_is_gone(tmp_path: Path) -> None:
    made = account(tmp_path, Signer())
    (tmp_path / "identity.key").unlink()
    with pytest.raises(SipError, match="name the right file"):
        PjProver(made, FakeClock(NOW), crash)


def test_nobody_signs_without_a_certificate() -> None:
    assert provers_of(Config(), FakeClock(NOW), crash) == []
    assert provers_of(Config(account=Account("a", "b.test", Secret("x"))), FakeClock(NOW), crash) == []


def test_no_signature_after_the_end(tmp_path: Path) -> None:
    prover = PjProver(account(tmp_path, Signer()), FakeClock(NOW), lambda error: None)
    prover.close()
    prover.close()
    assert prover.publicKey() == ""
    assert prover.prove("sip:alice@phone.test", "sip:bob@phone.test", SDP) is None, "the crash was told"
