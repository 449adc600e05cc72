"""Proofs as we make them: each is read by another library, and by our own reader of others' proofs."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.phone.sip import authority, prove
from firmware.phone.sip.passport import Checker, Proof, Verdict
from firmware.phone.sip.sdp import fingerprints
from tests.unit.sip.passports import NOW, X5U, Signer, numbers

ALICE, BOB = "sip:alice@phone.test", "sip:bob@phone.test"
SIGNER = Signer()
KEY, OTHER = ":".join(["AB"] * 32), ":".join(["0C"] * 32)


def sdp(*lines: str) -> str:
    return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + "".join(f"{line}\r\n" for line in lines)


OFFER = sdp(f"a=fingerprint:SHA-256 {KEY}")


def identity(caller: str = BOB, called: str = ALICE, body: str = OFFER, signer: Signer = SIGNER) -> str:
    claims = prove.claims(caller, called, body, X5U, NOW)
    assert claims is not None
    return claims.identity(signer.sign(claims.text))


def judged(text: str, body: str = OFFER, **others: Any) -> Verdict:
    checker = Checker(authority.read(others.pop("signer", SIGNER).pem), (ALICE, "+4930901820"))
    given: dict[str, Any] = {"caller": BOB, "called": ALICE, "date": "", "now": NOW} | others
    return checker.verdict([text], keys=fingerprints(body), **given)


def payload(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    return found


def test_another_library_reads_it() -> None:
    token, _, params = identity().partition(";")
    read = jwt.decode_complete(
        token, SIGNER.key.public_key(), algorithms=["ES256"], options={"verify_iat": False}
    )
    assert read["header"] == {"alg": "ES256", "typ": "passport", "x5u": X5U}
    assert read["payload"] == {
        "dest": {"uri": [ALICE]},
        "iat": int(NOW.timestamp()),
        "mky": [{"alg": "sha-256", "dig": "AB" * 32}],
        "orig": {"uri": BOB},
    }
    assert params == f"info=<{X5U}>;alg=ES256"


def test_it_convinces_our_own_reader() -> None:
    assert judged(identity()) == Verdict(Proof.GOOD)


def test_numbers_with_a_country_are_numbers() -> None:
    signer = Signer(tn=numbers(provider="1"))
    text = identity("sip:+12155551212@phone.test", "sip:+49-30-901820@phone.test", signer=signer)
    assert payload(text)["orig"] == {"tn": "12155551212"}
    assert payload(text)["dest"] == {"tn": ["4930901820"]}
    assert judged(text, signer=signer, caller="sip:+12155551212@phone.test").proof is Proof.GOOD


def test_a_number_without_a_country_is_an_address() -> None:
    """Only its domain knows whose it is: the phone that the provider leads it to cannot judge it."""
    text = identity(called="sip:102@phone.test")
    assert payload(text)["dest"] == {"uri": ["sip:102@phone.test"]}
    assert judged(text, called="sip:102@phone.test") == Verdict(
        Proof.UNKNOWN, "the proof was made for a short number, which may lead here"
    )
    elsewhere = identity(called="sip:102@other.test")
    assert judged(elsewhere).proof is Proof.FALSE


@pytest.mark.parametrize("address", ["tel:112", "sip:phone.test", "", "sips:", "sip:a@b@c"])
def test_what_nobody_could_check_is_not_signed(address: str) -> None:
    assert prove.claims(BOB, address, OFFER, X5U, NOW) is None
    assert prove.claims(address, ALICE, OFFER, X5U, NOW) is None


def test_ports_and_parameters_are_not_signed() -> None:
    """They change on the way (RFC 8224 section 8.5)."""
    assert payload(identity("sip:bob@PHONE.test:5061;transport=tls"))["orig"] == {"uri": BOB}


def test_several_keys_are_in_order() -> None:
    body = sdp(
        f"a=fingerprint:sha-256 {KEY}", f"a=fingerprint:sha-256 {OTHER}", f"a=fingerprint:SHA-1 {KEY[:59]}"
    )
    assert [key["alg"] + key["dig"][:2] for key in payload(identity(body=body))["mky"]] == [
        "sha-1AB",
        "sha-2560C",
        "sha-256AB",
    ]


@pytest.mark.parametrize(
    "changed",
    [
        sdp(f"a=fingerprint:SHA-256 {OTHER}"),
        sdp(f"a=fingerprint:SHA-256 {KEY}", f"a=fingerprint:SHA-256 {OTHER}"),
        sdp(f"a=fingerprint:SHA-1 {KEY}"),
        sdp(f"a=fingerprint:SHA-256 {KEY[:-3]}"),
        sdp("a=fingerprint:"),
        sdp(f"a=fingerprint:SHA-256 {KEY}", f"a = fingerprint: SHA-256  {OTHER}"),
        sdp(f"a=fingerprint:SHA-256 {KEY}\ra=fingerprint:SHA-256 {OTHER}"),
        sdp("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"),
        "",
    ],
)
def test_keys_that_were_changed_on_the_way(changed: str) -> None:
    assert judged(identity(), changed) == Verdict(
        Proof.FALSE, "somebody has changed the keys of this call on the way"
    )


def test_spelling_of_a_key_does_not_matter() -> None:
    assert judged(identity(), sdp(f"a=fingerprint:sha-256 {KEY.lower()}")).proof is Proof.GOOD
    assert judged(identity(), sdp(*[f"a=fingerprint:SHA-256 {KEY}"] * 2)).proof is Proof.GOOD


def test_a_proof_that_does_not_name_the_keys() -> None:
    """RFC 8224 section 4.1 wants them signed: who calls is proven, not with whom the keys are agreed."""
    assert judged(identity(body="")) == Verdict(
        Proof.UNKNOWN, "the proof says nothing of the keys of this call"
    )
    assert judged(identity(body=""), body="").proof is Proof.GOOD


@pytest.mark.parametrize(
    "mky", ["x", 5, [], {}, [None], [{"alg": "sha-256"}], [{"alg": 1, "dig": 2}], [[]] * 99]
)
def test_garbage_for_keys(mky: Any) -> None:
    assert judged(SIGNER.identity(mky=mky)).proof is Proof.FALSE


def test_one_key_need_not_be_a_list() -> None:
    assert judged(SIGNER.identity(mky={"alg": "SHA-256", "dig": KEY})).proof is Proof.GOOD


def test_the_compact_form_covers_the_keys() -> None:
    """Who rebuilds it has to take the keys from the SDP: others do not fit the signature."""
    date = "Mon, 23 Nov 2026 12:00:00 GMT"
    text = identity()
    compact = f"..{text.partition(';')[0].split('.')[2]};info=<{X5U}>"
    assert judged(compact, date=date).proof is Proof.GOOD
    assert judged(compact, sdp(f"a=fingerprint:SHA-256 {OTHER}"), date=date).proof is not Proof.GOOD


def test_for_whom_a_certificate_speaks() -> None:
    def pem(signer: Signer) -> bytes:
        return signer.certificate.public_bytes(Encoding.PEM)

    assert prove.speaks_for(pem(SIGNER), BOB)
    assert not prove.speaks_for(pem(SIGNER), "sip:bob@other.test")
    assert not prove.speaks_for(pem(SIGNER), "sip:+12155551212@phone.test")
    assert prove.speaks_for(pem(Signer(tn=numbers(one="12155551212"))), "sip:+12155551212@phone.test")


def test_the_time_is_the_time_of_the_call() -> None:
    later = datetime(2026, 11, 23, 12, 2, tzinfo=UTC)
    assert judged(identity(), now=later).proof is Proof.FALSE
